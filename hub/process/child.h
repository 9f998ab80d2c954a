// One child process with pipes: how the hub runs git-worker and the render sandboxes. Started by
// posix_spawn with an argument vector (never a shell), with an environment of its own, in a session
// and process group of its own that is killed as a whole.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/net/task.h"

namespace dunlin::process {

// Zero: as the hub's own. They are set right after the start (prlimit), so they hold for everything
// that the child does after it got its first byte of input.
struct ResourceLimits {
  uint64_t address_space_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t open_files = 0;
  uint64_t cpu_seconds = 0;
  bool core_dumps = false;
};

struct Command {
  std::string program;                   // looked up in PATH unless it holds a '/'
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  // Opened for reading as the child's descriptor 3; empty: it gets 0, 1 and 2 only.
  std::string file_at_3;
  ResourceLimits limits;
};

struct ExitStatus {
  int code = 0;    // of exit(3), when signal is 0
  int signal = 0;  // that ended it
  bool ok() const { return code == 0 && signal == 0; }
  std::string Text() const;  // "exit status 3", "signal 9"
};

// All members must be called from the executor's one thread. At most one Write and one Read are
// under way at a time. A cancelled task's Write, Read and Wait give kCancelled at once. Destroying
// kills the group and waits for the child to be gone.
class Child {
 public:
  // kNotFound: no such program; kIo: the system refuses.
  static Result<std::unique_ptr<Child>> Start(asio::any_io_executor executor, Command command);
  ~Child();

  // Kills the group when `limit` has passed from now; then timed_out(). A later call replaces it.
  void SetDeadline(Millis limit);
  bool timed_out() const;

  // To the child's stdin. `bytes` lives until it returns. kUnavailable: nobody reads any more.
  TaskVoid Write(BytesView bytes);
  void CloseInput();

  // From the child's stdout, at most 64 KiB; empty: the end.
  Task<Bytes> Read();

  // When it has ended. After the end of Read() give it a deadline first.
  Task<ExitStatus> Wait();

  // True when it is gone already; never waits.
  bool HasEnded();

  // Ends the whole group at once; reads and writes under way fail.
  void Kill();

  pid_t pid() const;
  // What it wrote to stderr, the first 64 KiB (the rest is read and dropped).
  const std::string& error_text() const;

 private:
  struct Impl;
  explicit Child(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// The pids of a process and all that descend from it, the given one first.
std::vector<pid_t> ProcessTree(pid_t root);

// Memory of one process in bytes: its proportional share where the kernel lets us see it, else its
// resident size; 0 when it is gone.
uint64_t MemoryOf(pid_t pid);

// Sets limits on a running process; kIo when the system refuses, gone processes are no error.
Status LimitProcess(pid_t pid, const ResourceLimits& limits);

// A program's absolute path as execvp finds it, or nothing.
std::optional<std::string> FindProgram(const std::string& program);

}  // namespace dunlin::process
