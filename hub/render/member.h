// One started sandbox whose worker said that it is ready, and the one job that it may do.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hub/process/child.h"
#include "hub/render/job_codec.h"
#include "hub/render/sandbox.h"
#include "protocol/net/runtime.h"

namespace dunlin::render {

struct JobOutput {
  Bytes lines;       // what the worker wrote, as far as it got
  RenderFault lost;  // what happened to the targets that are not in it
};

class Member {
 public:
  // Starts a worker and waits for its ready line. `sandbox` outlives the call only.
  static Task<std::unique_ptr<Member>> Start(Sandbox& sandbox, std::string id);

  // Sends the request line and the tar, reads to the end. Killed above the limits: the time (with
  // some seconds for the worker to say so itself), the memory of all its processes together, the
  // output (limits::kRenderOutputBytes). `pool` looks at the memory.
  Task<JobOutput> Run(std::string_view line, const Bytes& tar, JobLimits limits,
                      asio::thread_pool& pool);

  const std::string& id() const { return id_; }
  process::Child& child() { return *child_; }

 private:
  struct MemoryWatch;
  Member(std::string id, std::unique_ptr<process::Child> child)
      : id_(std::move(id)), child_(std::move(child)) {}
  Task<std::string> ReadReadyLine();
  TaskVoid Send(std::string_view line, const Bytes& tar);
  static TaskVoid WatchMemory(std::shared_ptr<MemoryWatch> watch, asio::thread_pool& pool);

  std::string id_;
  std::unique_ptr<process::Child> child_;
};

}  // namespace dunlin::render
