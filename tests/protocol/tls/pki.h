// A small public-key infrastructure and two engines back to back, for the tests of protocol/tls.
#pragma once

#include <memory>
#include <string>

#include "protocol/tls/engine.h"

namespace dunlin::tls {

inline constexpr char kHubName[] = "hub.example";

TimePoint Now();  // the wall clock: mbedTLS judges expiry by it

struct Authority {
  explicit Authority(std::string name = "Test CA");
  crypto::PrivateKey key;
  std::string pem;
  Digest Spki() const { return key.Public().SpkiHash(); }
};

struct Leaf {
  std::string certificate_pem;
  std::string key_pem;
};

// Valid from one hour ago for one day unless the request says otherwise.
crypto::CertificateRequest ServerRequest();
crypto::CertificateRequest AgentRequest();
Leaf Issue(const Authority& authority, const crypto::CertificateRequest& request);

Config::Options ServerOptions(const Authority& authority, const Leaf& leaf);  // the agent port
Config::Options ClientOptions(const Authority& authority, const Leaf& leaf);  // the agent
std::shared_ptr<const Config> MustMake(Config::Options options);

struct Pair {
  Pair(Config::Options client_options, Config::Options server_options,
       const std::string& name = kHubName, TimePoint client_floor = {},
       TimePoint server_floor = {});
  // Moves bytes both ways, at most `chunk` at a time, until nothing moves any more.
  void Run(size_t chunk = 1 << 20);

  Engine client;
  Engine server;
  Status client_status;  // the first failure of each side
  Status server_status;
  std::string to_server, to_client;  // everything that went over the wire

 private:
  bool Move(Engine& from, Engine& to, Status& status, std::string& log, size_t chunk);
};

}  // namespace dunlin::tls
