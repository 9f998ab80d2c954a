#include "tests/protocol/net/raw_peer.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace dunlin::net {
namespace {

using Endpoint = asio::generic::stream_protocol::endpoint;

Endpoint Tcp(uint16_t port) {
  return asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port);
}

}  // namespace

RawPeer::RawPeer(Loop& loop, const std::string& unix_path) : loop_(loop), socket_(loop.executor()) {
  socket_.connect(Endpoint(asio::local::stream_protocol::endpoint(unix_path)));
  socket_.non_blocking(true);
}

RawPeer::RawPeer(Loop& loop, uint16_t port) : loop_(loop), socket_(loop.executor()) {
  socket_.connect(Tcp(port));
  socket_.non_blocking(true);
}

void RawPeer::Send(BytesView bytes) {
  const auto sent = [this, &bytes] {
    boost::system::error_code ec;
    const size_t n = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), ec);
    bytes.remove_prefix(n);
    if (ec && ec != asio::error::would_block) ended_ = true;
    return bytes.empty() || ended_;
  };
  loop_.RunUntil(sent);
}

bool RawPeer::ReadSome() {
  char buffer[65536];
  boost::system::error_code ec;
  const size_t n = socket_.read_some(asio::buffer(buffer), ec);
  received_.append(buffer, n);
  if (ec && ec != asio::error::would_block) ended_ = true;
  return ended_;
}

bool RawPeer::ReadUntil(std::string_view text) {
  return loop_.RunUntil([this, text] {
    return received_.find(text) != Bytes::npos || ReadSome();
  }) && received_.find(text) != Bytes::npos;
}

void RawPeer::ReadToEnd() {
  loop_.RunUntil([this] { return ReadSome(); });
}

void RawPeer::Shutdown() { socket_.shutdown(asio::socket_base::shutdown_send); }

}  // namespace dunlin::net
