// Rootless gVisor: the worker's system calls go to a kernel in user space that has no network, no
// host files and a read-only root with nothing but the worker (design.md section 10).
#pragma once

#include <memory>
#include <string>

#include "hub/render/sandbox.h"

namespace dunlin::render {

struct GvisorConfig {
  std::string runsc_program;
  std::string worker_program;
  std::string state_dir;  // absolute; root/, rootfs/ and bundles/ are made below it
};

// Copies the worker into the root file system. kIo: the state directory cannot be written.
Result<std::unique_ptr<Sandbox>> MakeGvisorSandbox(GvisorConfig config);

}  // namespace dunlin::render
