// Clients for the two ports of the hub.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "agent/sync/identity.h"
#include "protocol/base/time.h"
#include "protocol/net/http.h"

namespace dunlin::hublink {

struct HubAddress {
  std::string host;  // DNS name or textual IP, without brackets
  uint16_t port = 8443;
};
// "https://hub.example:8443"; the port may be left out, a path must not be there.
Result<HubAddress> ParseHubUrl(const std::string& url);

// The public port. An empty ca_pem verifies nothing: for the first call of enrolment only.
Result<std::shared_ptr<net::HttpClient>> ConnectPublic(asio::any_io_executor executor,
                                                       const HubAddress& hub,
                                                       const std::string& ca_pem,
                                                       TimePoint time_floor);

// The agent port with our certificate. `time_floor`: see tls::Engine.
Result<std::shared_ptr<net::HttpClient>> ConnectAgentPort(asio::any_io_executor executor,
                                                          const sync::Identity& identity,
                                                          const std::string& private_key_pem,
                                                          TimePoint time_floor);

}  // namespace dunlin::hublink
