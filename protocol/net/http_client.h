// The real HttpClient: TCP or Unix socket, TLS (optional for Unix sockets and loopback test
// servers), HTTP/2 only: a server that chooses another protocol by ALPN is kUnsupported.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "protocol/net/http.h"
#include "protocol/tls/engine.h"

namespace dunlin::net {

// Judges a new connection before any request goes over it: whether it leads to the right server is
// not always said by its certificate. The client speaks over that one connection and lives as long
// as the call. An error closes the connection and goes to every request that waited for it.
using Admission = std::function<TaskVoid(HttpClient& connection)>;

struct Origin {
  std::string host;  // DNS name or textual IP; or the path of a Unix socket when `unix` is set
  uint16_t port = 443;
  bool unix_socket = false;
  std::shared_ptr<const tls::Config> tls;  // null: clear-text HTTP/2 with prior knowledge
  std::string server_name;                 // SNI and verified name when it differs from host
  Headers headers;                         // sent with every request (user-agent)
  Millis connect_limit{10000};             // admission included
  Millis ping_every{30000};
  Millis ping_limit{15000};
  TimePoint time_floor{};  // see tls::Engine
  Admission admit;         // empty: every connection is admitted
};

// Destroying the client closes its connections; requests under way end with kCancelled.
std::unique_ptr<HttpClient> MakeHttpClient(asio::any_io_executor executor, Origin origin);

}  // namespace dunlin::net
