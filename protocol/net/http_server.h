// HTTP server over TCP+TLS or a Unix socket: HTTP/2 by protocol/h2, HTTP/1.1 by Boost.Beast where
// ALPN says so (public port) or on a clear Unix socket.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "protocol/base/limits.h"
#include "protocol/net/http.h"
#include "protocol/tls/engine.h"

namespace dunlin::net {

struct ServerConfig {
  std::string address =
      "127.0.0.1";    // or the path of a Unix socket (mode 0600; a stale one is replaced)
  uint16_t port = 0;  // 0: any free port
  bool unix_socket = false;
  std::shared_ptr<const tls::Config> tls;  // required for TCP, unless:
  bool clear_text = false;                 // TCP without TLS: health and metrics ports only
  bool http1 = false;                      // also speak HTTP/1.1
  Millis handshake_limit{10000};
  Millis header_limit{10000};  // a connection's first request, and slow HTTP/1.1 headers
  Millis stalled_write_limit{60000};
  // Of one request. A larger one is refused with 413 as soon as that shows: by its announced
  // length, or while it is read.
  size_t body_limit = limits::kRequestBodyBytes;
  // Called once per finished handshake; an error refuses the connection (unknown key, revoked).
  // Over HTTP/2 the peer is told why, in a GOAWAY. Of the connections of one client key the newest
  // limits::kConnectionsPerIdentity stay: an agent whose network dropped its old ones without a
  // word gets in again at once, long before we notice that they are dead.
  std::function<Status(const Peer&)> admit;
  // Called once for each connection whose handshake finished, when it has ended: closed by either
  // side, lost, or refused by `admit`.
  std::function<void(const Peer&)> on_closed;
  // Called for each handler that returned an error (answered with 500) or threw: log, count.
  std::function<void(const HttpRequest&, const Error&)> on_failure;
};

// REQUIRES: Stop() has ended before the server, or anything its handler uses, is destroyed.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual uint16_t port() const = 0;
  // Closes the connections for which `match` holds (revocation), within 1 s. Over HTTP/2 the peer
  // is told why, in a GOAWAY. Their handlers are cancelled at once.
  virtual void CloseWhere(std::function<bool(const Peer&)> match, const Error& why) = 0;
  // Stops accepting, lets exchanges finish for `grace`, then closes.
  virtual TaskVoid Stop(Millis grace) = 0;
  virtual size_t connections() const = 0;
};

// kIo when the address cannot be bound (message names address, port and errno text).
Result<std::unique_ptr<HttpServer>> MakeHttpServer(asio::any_io_executor executor,
                                                   ServerConfig config, HttpHandler handler);

}  // namespace dunlin::net
