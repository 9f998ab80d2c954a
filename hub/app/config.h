// The hub's configuration file (hub.yaml). Every field has a default but `data`; unknown fields are
// errors with their line.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::hub {

struct Listen {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
};

enum class SandboxChoice { kAuto, kGvisor, kBubblewrap, kNone };

struct HubConfig {
  std::string data;                   // state directory, mode 0700
  Listen agents{"127.0.0.1", 7443};   // TLS 1.3, client certificates
  Listen public_{"127.0.0.1", 8443};  // enrolment
  std::string admin_socket;           // default: <data>/admin.sock
  std::string advertise_host;         // how agents reach this host; default: host of `agents`
  std::vector<std::string> names;     // names and addresses of the server certificate

  struct Catalog {  // the fleet repository; empty repo: none
    std::string repo;
    std::string revision = "HEAD";
    std::string path;
  } catalog;

  struct Git {
    Millis poll{60'000};
    std::vector<std::string> local_roots;  // directories under which local repositories are allowed
    std::vector<std::string> allow_networks;  // CIDRs lifted from the block of private addresses
    bool allow_http = false;                  // clear-text http:// (tests and closed networks)
    Millis deadline{120'000};
  } git;

  struct Render {
    SandboxChoice sandbox = SandboxChoice::kAuto;
    int ready = 10;
    Millis limit{30'000};
    std::string worker;  // path of dunlin-render; default: beside the hub, or ../lib/dunlin
    std::string runsc;
    std::string kube_version = "v1.36.0";  // for clusters that have not told theirs yet
  } render;

  Millis head_life{15 * 60 * 1000};
  bool json_log = false;
};

// `directory`: what relative paths in the file are relative to.
Result<HubConfig> ParseHubConfig(const std::string& text, const std::string& directory);
Result<HubConfig> LoadHubConfig(const std::string& file);

}  // namespace dunlin::hub
