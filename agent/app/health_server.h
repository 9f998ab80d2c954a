// What a kubelet and Prometheus ask the agent: /healthz, /readyz, /metrics. Clear text: it tells no
// secrets and changes nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "protocol/net/http_server.h"

namespace dunlin::app {

struct HealthParts {
  std::function<bool()> alive;  // the driver's loop runs
  std::function<bool()> ready;  // state is loaded and the apiserver is known
  std::function<std::string()> metrics;
};

// By path. Pure but for the parts.
net::HttpResponse AnswerHealth(const HealthParts& parts, const net::HttpRequest& request);

// `listen`: "127.0.0.1:9440", "[::1]:9440", or "unix:/run/dunlin-agent.sock". kInvalidArgument for
// another form; kIo when it cannot be bound. The parts are copied.
Result<std::unique_ptr<net::HttpServer>> ServeHealth(asio::any_io_executor executor,
                                                     const std::string& listen, HealthParts parts);

}  // namespace dunlin::app
