// Git by child processes: every call is one `dunlin-hub git-worker` (worker.h), started with an
// empty environment in its own process group, with rlimits and a deadline, and killed with its
// group when that passes. Only the worker ever touches a pack; this side spawns it, hands it the
// request and the credentials on stdin, and checks every frame that it answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hub/git/address.h"
#include "hub/git/git.h"
#include "hub/git/url.h"
#include "protocol/base/limits.h"
#include "protocol/base/log.h"

namespace dunlin::git {

struct ProcessGitConfig {
  std::string worker_program = "/proc/self/exe";
  std::vector<std::string> worker_arguments = {"git-worker"};
  std::string mirrors_dir;      // made when missing; one bare mirror per repository below it
  std::string credentials_dir;  // where Repository's *_file names live; empty: no credentials
  UrlPolicy policy;
  std::vector<Network> allow_networks;  // git.allowNetworks
  std::string ssh_program = "/usr/bin/ssh";
  Millis deadline{120'000};  // of one fetch or read
  Millis silence{30'000};    // of a server, within it
  uint64_t max_pack_objects = limits::kGitPackObjects;
  uint64_t max_received_bytes = limits::kGitReceivedBytes;
  uint64_t max_read_bytes = limits::kGitReadBytes;
};

// The log gets the failures of reading a mirror; those of Fetch and List are the caller's to tell.
// All calls must come from one executor (the io thread). A worker that dies without an answer is
// kUnavailable, one that answers nonsense kCorrupt.
std::unique_ptr<Git> MakeProcessGit(ProcessGitConfig config, Log log = Log());

}  // namespace dunlin::git
