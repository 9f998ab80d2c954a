// Git over ssh by the system's ssh program: started with posix_spawn and an argument vector, never
// through a shell (security.md 1.3), with an empty configuration, the Source's key and known_hosts
// only, and connected to an address that passed address.h.
#pragma once

#include <string>
#include <vector>

#include "hub/catalog/repo_url.h"
#include "hub/git/worker_protocol.h"
#include "protocol/base/result.h"

namespace dunlin::git {

// Takes ssh:// over from libgit2's own transport.
Status RegisterSshTransport();

// Where the next ssh:// connection of this process goes. The URL that libgit2 is given is not read
// again: what was parsed and checked is what is used.
Status UseSsh(const WorkerRequest& request, const catalog::RepoUrl& url);

// ssh's arguments. `address` is the one that was checked; host keys are still looked up under the
// name (as known_hosts has it: "[host]:port" for another port than 22).
std::vector<std::string> SshArguments(const WorkerRequest& request, const catalog::RepoUrl& url,
                                      const std::string& address);

// What ssh's stderr means.
Error SshError(std::string_view error_text);

}  // namespace dunlin::git
