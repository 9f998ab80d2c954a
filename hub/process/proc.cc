// What /proc and prlimit know of a running process.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hub/process/child.h"

namespace dunlin::process {
namespace {

std::string ProcFile(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

void AppendChildren(pid_t pid, std::vector<pid_t>& found) {
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator(ProcFile(pid, "task"), ignored)) {
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
}

std::optional<uint64_t> ProportionalBytes(pid_t pid) {
  std::ifstream rollup(ProcFile(pid, "smaps_rollup"));
  for (std::string line; std::getline(rollup, line);) {
    if (line.rfind("Pss:", 0) == 0) return std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
  }
  return std::nullopt;
}

struct OneLimit {
  decltype(RLIMIT_AS) resource;
  uint64_t value;
  bool wanted;
};

}  // namespace

std::vector<pid_t> ProcessTree(pid_t root) {
  std::vector<pid_t> found = {root};
  for (size_t i = 0; i < found.size(); ++i) AppendChildren(found[i], found);
  return found;
}

uint64_t MemoryOf(pid_t pid) {
  if (const auto bytes = ProportionalBytes(pid)) return *bytes;
  std::ifstream statm(ProcFile(pid, "statm"));
  uint64_t size = 0, resident = 0;
  if (!(statm >> size >> resident)) return 0;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

Status LimitProcess(pid_t pid, const ResourceLimits& limits) {
  const OneLimit all[] = {
      {RLIMIT_AS, limits.address_space_bytes, limits.address_space_bytes != 0},
      {RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes != 0},
      {RLIMIT_NOFILE, limits.open_files, limits.open_files != 0},
      {RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds != 0},
      {RLIMIT_CORE, 0, !limits.core_dumps},
  };
  for (const OneLimit& one : all) {
    const rlimit limit{one.value, one.value};
    if (!one.wanted || prlimit(pid, one.resource, &limit, nullptr) == 0) continue;
    if (errno == ESRCH) return {};
    return MakeError(Errc::kIo, std::string("cannot limit a process: ") + strerror(errno));
  }
  return {};
}

std::optional<std::string> FindProgram(const std::string& program) {
  const auto usable = [](const std::string& path) { return access(path.c_str(), X_OK) == 0; };
  if (program.find('/') != std::string::npos) {
    return usable(program) ? std::optional(program) : std::nullopt;
  }
  const char* path = getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string candidate = directory + "/" + program;
    if (!program.empty() && usable(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace dunlin::process
