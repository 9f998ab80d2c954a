#include "agent/hublink/connection.h"

#include <boost/url/parse.hpp>
#include <charconv>
#include <utility>

#include "protocol/base/version.h"
#include "protocol/net/http_client.h"
#include "protocol/tls/engine.h"

namespace dunlin::hublink {

namespace {

Result<std::shared_ptr<net::HttpClient>> Connect(asio::any_io_executor executor,
                                                 const HubAddress& hub,
                                                 tls::Config::Options options,
                                                 TimePoint time_floor) {
  options.alpn = {"h2"};
  net::Origin origin;
  TRY(origin.tls, tls::Config::Make(std::move(options)));
  origin.host = hub.host;
  origin.port = hub.port;
  origin.headers = {{"user-agent", std::string("dunlin-agent/") + kProductVersion}};
  origin.time_floor = time_floor;
  return std::shared_ptr<net::HttpClient>(
      net::MakeHttpClient(std::move(executor), std::move(origin)));
}

}  // namespace

Result<HubAddress> ParseHubUrl(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || parsed->scheme() != "https" || parsed->host().empty() ||
      !(parsed->path().empty() || parsed->path() == "/") || parsed->has_query() ||
      parsed->has_userinfo() || parsed->has_fragment()) {
    return MakeError(Errc::kInvalidArgument,
                     "'" + url + "' is no hub address; it looks like https://hub.example:8443");
  }
  HubAddress out;
  out.host = parsed->host_address();
  if (const auto port = parsed->port(); !port.empty()) {
    // Not port_number(): Boost.URL 1.81 lets 99999 wrap around.
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || out.port == 0) {
      return MakeError(Errc::kInvalidArgument, "'" + url + "' has a wrong port");
    }
  }
  return out;
}

Result<std::shared_ptr<net::HttpClient>> ConnectPublic(asio::any_io_executor executor,
                                                       const HubAddress& hub,
                                                       const std::string& ca_pem,
                                                       TimePoint time_floor) {
  tls::Config::Options options;
  options.ca_pem = ca_pem;
  options.verify_peer = !ca_pem.empty();
  options.own_chain_rules = !ca_pem.empty();
  return Connect(std::move(executor), hub, std::move(options), time_floor);
}

Result<std::shared_ptr<net::HttpClient>> ConnectAgentPort(asio::any_io_executor executor,
                                                          const sync::Identity& identity,
                                                          const std::string& private_key_pem,
                                                          TimePoint time_floor) {
  tls::Config::Options options;
  options.ca_pem = identity.ca_pem;
  options.own_chain_rules = true;
  options.certificate_pem = identity.certificate_pem;
  options.private_key_pem = private_key_pem;
  return Connect(std::move(executor), {identity.agent_host, identity.agent_port},
                 std::move(options), time_floor);
}

}  // namespace dunlin::hublink
