// Internal to protocol/net: one socket, with TLS or without. Plaintext in, plaintext out.
#pragma once

#include <memory>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/net/socket.h"
#include "protocol/tls/engine.h"

namespace dunlin::net::internal {

class Transport {
 public:
  // `tls` null: clear text.
  Transport(Socket socket, std::unique_ptr<tls::Engine> tls);
  Transport(Transport&&) = default;

  // The TLS handshake (nothing without TLS). An alert for the peer has been sent on failure.
  TaskVoid Handshake();
  // The next plaintext; empty when the peer ended its side. One Read() at a time.
  Task<Bytes> Read();
  // What the socket must carry for this plaintext.
  Result<Bytes> Seal(Bytes plaintext);
  // Seals and sends all of it. One writer at a time.
  TaskVoid Write(Bytes plaintext);

  // Says that nothing follows (close_notify, FIN). What is unread stays readable, so that the peer
  // gets our last words before a reset could discard them. REQUIRES: no write in flight.
  void Finish();
  void Close();

  Socket& socket() { return socket_; }
  const tls::Engine* tls() const { return tls_.get(); }

 private:
  Result<Bytes> ReadReady();
  void SendNow(BytesView bytes);

  Socket socket_;
  std::unique_ptr<tls::Engine> tls_;
  bool ended_ = false;
};

// After Finish(): waits until the peer has closed too, at most half a second, then closes.
TaskVoid Linger(std::shared_ptr<Transport> transport);

inline constexpr Millis kLinger{500};

}  // namespace dunlin::net::internal
