#include "hub/app/servers.h"

#include <algorithm>

#include "protocol/base/limits.h"

namespace dunlin::hub {

namespace {

std::function<void(const net::HttpRequest&, const Error&)> LogFailures(Log log) {
  return [log](const net::HttpRequest& request, const Error& error) {
    log.Warn("request_failed", error, {{"method", request.method}, {"target", request.target}});
  };
}

net::ServerConfig ServerOn(const Listen& listen, size_t body_limit, Log log) {
  net::ServerConfig config;
  config.address = listen.host;
  config.port = listen.port;
  config.body_limit = body_limit;
  config.on_failure = LogFailures(std::move(log));
  return config;
}

tls::Config::Options OwnIdentity(const HubKeys& keys) {
  tls::Config::Options options;
  options.role = tls::Role::kServer;
  options.certificate_pem = keys.server_pem;
  options.private_key_pem = keys.server_key_pem;
  options.alpn = {"h2"};
  return options;
}

Result<std::unique_ptr<net::HttpServer>> ListenForAgents(asio::any_io_executor executor,
                                                         const HubConfig& config,
                                                         const HubKeys& keys, Hub& hub, Log log) {
  tls::Config::Options options = OwnIdentity(keys);
  options.ca_pem = keys.ca_pem;
  options.verify_peer = true;
  options.own_chain_rules = true;
  options.own_names_only = true;
  net::ServerConfig server =
      ServerOn(config.agents, std::max(limits::kReportBytes, limits::kPollRequestBytes), log);
  TRY(server.tls, tls::Config::Make(std::move(options)));
  server.admit = [&hub, log](const net::Peer& peer) -> Status {
    const auto agent = hub.agents().Identify(peer);
    if (agent) hub.agents().Opened(*agent, peer.connection);
    if (agent) return {};
    log.Warn("agent_refused", agent.error(), {{"address", peer.address}});
    return agent.error();
  };
  server.on_closed = [&hub](const net::Peer& peer) { hub.agents().Closed(peer.connection); };
  return net::MakeHttpServer(executor, std::move(server), AgentRoutes(hub.agents()));
}

Result<std::unique_ptr<net::HttpServer>> ListenForEnrolment(asio::any_io_executor executor,
                                                            const HubConfig& config,
                                                            const HubKeys& keys, Hub& hub,
                                                            Log log) {
  tls::Config::Options options = OwnIdentity(keys);
  options.allow_tls12 = true;
  options.alpn = {"h2", "http/1.1"};
  options.require_alpn = false;
  options.verify_peer = false;
  net::ServerConfig server = ServerOn(config.public_, limits::kEnrollBytes, std::move(log));
  server.http1 = true;
  TRY(server.tls, tls::Config::Make(std::move(options)));
  return net::MakeHttpServer(executor, std::move(server), PublicRoutes(hub.enrolment()));
}

}  // namespace

Status Servers::Listen(asio::any_io_executor executor, const HubConfig& config, const HubKeys& keys,
                       Hub& hub, Log log) {
  TRY(agents, ListenForAgents(executor, config, keys, hub, log));
  hub.OnCutOff([this](const AgentRecord& agent, const Error& why) {
    const auto of_agent = [&agent](const net::Peer& peer) {
      return peer.certificate && peer.certificate->key.SpkiHash() == agent.spki;
    };
    agents->CloseWhere(of_agent, why);
  });
  TRY(public_, ListenForEnrolment(executor, config, keys, hub, log));
  net::ServerConfig local;
  local.address = config.admin_socket;
  local.unix_socket = true;
  local.http1 = true;
  local.body_limit = limits::kRequestBodyBytes;
  local.on_failure = LogFailures(log);
  TRY(admin, net::MakeHttpServer(executor, std::move(local), AdminRoutes(hub.admin())));
  return {};
}

// All at the same time: a `status -w` must not hold up the agents' farewell.
TaskVoid Servers::Stop(asio::any_io_executor executor, Millis grace) {
  net::Event stopped(executor);
  int open = 0;
  const auto on_done = [&open, &stopped](const Status&) {  // out of grace: what was left is closed
    --open;
    stopped.Notify();
  };
  for (net::HttpServer* server : {admin.get(), agents.get(), public_.get()}) {
    if (server == nullptr) continue;
    ++open;
    net::Spawn(executor, server->Stop(grace), on_done);
  }
  while (open > 0) {
    auto waited = co_await stopped.Wait(grace);
    (void)waited;  // Stop() has limits of its own
  }
  co_return Status();
}

}  // namespace dunlin::hub
