#include "protocol/net/transport.h"

#include <array>
#include <boost/asio/write.hpp>

#include "protocol/net/runtime.h"

namespace dunlin::net::internal {
namespace {

// One buffer a thread, not one a connection: thousands of idle connections hold none.
constexpr size_t kReadBytes = 64 * 1024;

}  // namespace

Transport::Transport(Socket socket, std::unique_ptr<tls::Engine> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
}

TaskVoid Transport::Handshake() {
  if (tls_ == nullptr) co_return Status();
  CO_TRY_VOID(tls_->Feed(""));
  while (true) {
    const Bytes out = tls_->Drain();
    if (!out.empty()) {
      const auto buffer = asio::buffer(out);
      auto [ec, n] = co_await asio::async_write(socket_, buffer, kToken);
      if (ec) co_return SocketError(Errc::kUnavailable, "TLS handshake", ec);
    }
    if (tls_->HandshakeDone()) co_return Status();
    auto [ec] = co_await socket_.async_wait(Socket::wait_read, kToken);
    if (ec) co_return SocketError(Errc::kUnavailable, "TLS handshake", ec);
    CO_TRY_VOID(ReadReady());
    if (ended_ && !tls_->HandshakeDone()) {
      co_return MakeError(Errc::kUnavailable, "the peer closed during the TLS handshake");
    }
  }
}

// One non-blocking read of a socket that is readable. Fed to TLS; sets ended_ at the end.
Result<Bytes> Transport::ReadReady() {
  static thread_local std::array<char, kReadBytes> buffer;
  ErrorCode ec;
  const size_t n = socket_.read_some(asio::buffer(buffer), ec);
  if (ec == asio::error::would_block || ec == asio::error::try_again) return Bytes();
  if (ec == asio::error::eof) {
    ended_ = true;
    return Bytes();
  }
  if (ec) return SocketError(Errc::kUnavailable, "read", ec);
  const BytesView received(buffer.data(), n);
  if (tls_ == nullptr) return Bytes(received);
  const Status fed = tls_->Feed(received);
  if (!fed) {
    SendNow(tls_->Drain());  // the alert
    return fed.error();
  }
  ended_ = tls_->PeerClosed();
  // Until the handshake is done its bytes leave by Handshake(), and plaintext waits for Read().
  return Bytes();
}

Task<Bytes> Transport::Read() {
  while (true) {
    if (tls_ != nullptr) {
      Bytes plaintext = tls_->TakePlaintext();
      if (!plaintext.empty()) co_return plaintext;
    }
    if (ended_) co_return Bytes();
    auto [ec] = co_await socket_.async_wait(Socket::wait_read, kToken);
    if (ec) co_return SocketError(Errc::kUnavailable, "read", ec);
    CO_TRY(Bytes clear, ReadReady());
    if (!clear.empty()) co_return clear;
  }
}

Result<Bytes> Transport::Seal(Bytes plaintext) {
  if (tls_ == nullptr) return plaintext;
  TRY_VOID(tls_->Write(plaintext));
  return tls_->Drain();
}

TaskVoid Transport::Write(Bytes plaintext) {
  CO_TRY(const Bytes sealed, Seal(std::move(plaintext)));
  const auto buffer = asio::buffer(sealed);
  auto [ec, n] = co_await asio::async_write(socket_, buffer, kToken);
  if (ec) co_return SocketError(Errc::kUnavailable, "write", ec);
  co_return Status();
}

// A few bytes that may be lost: the socket's buffer has room for them unless the peer is stuck.
void Transport::SendNow(BytesView bytes) {
  ErrorCode ignored;
  if (!bytes.empty()) socket_.write_some(asio::buffer(bytes.data(), bytes.size()), ignored);
}

void Transport::Finish() {
  if (tls_ != nullptr) {
    tls_->Close();
    SendNow(tls_->Drain());
  }
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Transport::Close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

namespace {

TaskVoid Discard(std::shared_ptr<Transport> transport) {
  while (true) {
    CO_TRY(const Bytes bytes, co_await transport->Read());
    if (bytes.empty()) co_return Status();
  }
}

}  // namespace

TaskVoid Linger(std::shared_ptr<Transport> transport) {
  transport->Finish();
  auto ended = co_await WithTimeout<void>(Discard(transport), kLinger, "close");
  (void)ended;  // closed by the peer or not: it had its time
  transport->Close();
  co_return Status();
}

}  // namespace dunlin::net::internal
