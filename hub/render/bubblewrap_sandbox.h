// Bubblewrap: the worker in namespaces of its own (user, mount, pid, net, ipc, uts, cgroup), with
// nothing in its root but itself, no capability, and a seccomp filter. The kernel is the host's, so
// it is the second choice after gVisor.
#pragma once

#include <memory>
#include <string>

#include "hub/render/sandbox.h"

namespace dunlin::render {

struct BubblewrapConfig {
  std::string bwrap_program;
  std::string worker_program;
  std::string state_dir;  // absolute
};

// kIo: the state directory cannot be written.
Result<std::unique_ptr<Sandbox>> MakeBubblewrapSandbox(BubblewrapConfig config);

// No isolation at all: the worker as a plain child with limits and an empty environment. Only for
// who said --allow-unsandboxed.
std::unique_ptr<Sandbox> MakeBareSandbox(std::string worker_program);

}  // namespace dunlin::render
