// How one render worker is isolated. An implementation says how to start it and what to clear up;
// it never talks to it (member.h does).
#pragma once

#include <memory>
#include <string>

#include "hub/process/child.h"
#include "protocol/net/task.h"

namespace dunlin::render {

class Sandbox {
 public:
  virtual ~Sandbox() = default;

  virtual std::string Name() const = 0;  // "gvisor", "bubblewrap", "none"

  // The command whose stdin and stdout are the worker's. `id` is random and never used again.
  virtual Result<process::Command> Prepare(const std::string& id) = 0;

  // After the command has ended or was killed: whatever of `id` is left, processes and files.
  virtual TaskVoid Remove(std::string id) = 0;

  // At start: the sandboxes that a killed hub left behind. REQUIRES: nobody else uses the state
  // directory.
  virtual TaskVoid Reap() = 0;
};

// Ids are "dun" and 16 hexadecimal digits: short, because gVisor makes socket paths of them.
inline constexpr std::string_view kSandboxIdPrefix = "dun";

}  // namespace dunlin::render
