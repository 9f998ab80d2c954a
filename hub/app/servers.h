// The three doors of a hub: agents (mTLS, HTTP/2), enrolment (TLS without client certificate) and
// the administrator's Unix socket. Each takes bodies of its own size only.
#pragma once

#include <memory>

#include "hub/app/hub.h"
#include "protocol/net/http_server.h"

namespace dunlin::hub {

// REQUIRES: Stop() has ended before it, or the hub, is destroyed.
struct Servers {
  // What is already listening when a later one fails stays, to be stopped. `hub` outlives them;
  // from now on it closes the connections of agents that are cut off.
  Status Listen(asio::any_io_executor executor, const HubConfig& config, const HubKeys& keys,
                Hub& hub, Log log);
  // All at the same time: a `status -w` must not hold up the agents' farewell. Exchanges have
  // `grace` to end by themselves, then some seconds to be cancelled.
  TaskVoid Stop(asio::any_io_executor executor, Millis grace);

  std::unique_ptr<net::HttpServer> agents, public_, admin;
};

}  // namespace dunlin::hub
