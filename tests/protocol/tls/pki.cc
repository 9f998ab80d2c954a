#include "tests/protocol/tls/pki.h"

#include <gtest/gtest.h>

#include "protocol/base/check.h"

namespace dunlin::tls {
namespace {

const Bytes kSerial(16, '\x11');

crypto::CertificateRequest Times() {
  return {.not_before = Now() - std::chrono::hours(1),
          .not_after = Now() + std::chrono::hours(24),
          .serial = kSerial};
}

}  // namespace

TimePoint Now() { return SystemClock().Now(); }

Authority::Authority(std::string name) : key(std::move(*crypto::PrivateKey::Generate())) {
  auto made = crypto::MakeCaPem(key, name, Now() - std::chrono::hours(1000),
                                Now() + std::chrono::hours(1000), kSerial);
  CHECK(made.has_value());
  pem = *made;
}

crypto::CertificateRequest ServerRequest() {
  auto request = Times();
  request.common_name = "hub";
  request.dns_sans = {kHubName};
  request.ip_sans = {"127.0.0.1", "::1"};
  request.server = true;
  return request;
}

crypto::CertificateRequest AgentRequest() {
  auto request = Times();
  request.common_name = "agent";
  request.uri_san = "dunlin://h/cluster/c/agent/a";
  return request;
}

Leaf Issue(const Authority& authority, const crypto::CertificateRequest& request) {
  auto key = crypto::PrivateKey::Generate();
  CHECK(key.has_value());
  auto pem = crypto::MakeLeafPem(authority.key, authority.pem, key->Public(), request);
  CHECK(pem.has_value());
  return {*pem, key->Pem()};
}

Config::Options ServerOptions(const Authority& authority, const Leaf& leaf) {
  return {.role = Role::kServer,
          .alpn = {"h2"},
          .certificate_pem = leaf.certificate_pem,
          .private_key_pem = leaf.key_pem,
          .ca_pem = authority.pem,
          .own_chain_rules = true};
}

Config::Options ClientOptions(const Authority& authority, const Leaf& leaf) {
  return {.role = Role::kClient,
          .alpn = {"h2"},
          .certificate_pem = leaf.certificate_pem,
          .private_key_pem = leaf.key_pem,
          .ca_pem = authority.pem,
          .own_chain_rules = true};
}

std::shared_ptr<const Config> MustMake(Config::Options options) {
  auto config = Config::Make(std::move(options));
  if (!config) ADD_FAILURE() << config.error().message;
  CHECK(config.has_value());
  return *config;
}

Pair::Pair(Config::Options client_options, Config::Options server_options, const std::string& name,
           TimePoint client_floor, TimePoint server_floor)
    : client(MustMake(std::move(client_options)), name, client_floor),
      server(MustMake(std::move(server_options)), "", server_floor) {}

bool Pair::Move(Engine& from, Engine& to, Status& status, std::string& log, size_t chunk) {
  const Bytes bytes = from.Drain();
  log += bytes;
  for (size_t i = 0; i < bytes.size(); i += chunk) {
    const Status fed = to.Feed(BytesView(bytes).substr(i, chunk));
    if (!fed && status) status = fed;
  }
  return !bytes.empty();
}

void Pair::Run(size_t chunk) {
  for (bool moved = true; moved;) {
    moved = Move(client, server, server_status, to_server, chunk);
    moved = Move(server, client, client_status, to_client, chunk) || moved;
  }
}

}  // namespace dunlin::tls
