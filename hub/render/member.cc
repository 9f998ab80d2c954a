#include "hub/render/member.h"

#include <numeric>

#include "protocol/base/limits.h"
#include "protocol/net/runtime.h"

namespace dunlin::render {
namespace {

constexpr Millis kReadyLimit{20'000};
// The worker ends itself at the time limit and answers the open targets; this is for when it
// cannot.
constexpr Millis kTimeGrace{5'000};
// Rootless gVisor ignores cgroup limits, so the hub looks itself. The worker looks every 20 ms.
constexpr Millis kMemoryInterval{100};
// Beyond the worker's own memory: gVisor's kernel and file server, page tables, the tar on its way.
constexpr uint64_t kSandboxOverheadBytes = 256 * limits::kMiB;

Result<uint64_t> MemoryOfTree(pid_t root) {
  const std::vector<pid_t> tree = process::ProcessTree(root);
  return std::accumulate(tree.begin(), tree.end(), uint64_t{0},
                         [](uint64_t sum, pid_t pid) { return sum + process::MemoryOf(pid); });
}

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find('\n')).substr(0, 300);
}

}  // namespace

// Shared between the job and its watch; `child` is null when the job is over.
struct Member::MemoryWatch {
  process::Child* child;
  uint64_t limit;
  bool exceeded = false;
};

Task<std::unique_ptr<Member>> Member::Start(Sandbox& sandbox, std::string id) {
  const auto executor = co_await asio::this_coro::executor;
  CO_TRY(process::Command command, sandbox.Prepare(id));
  CO_TRY(auto child, process::Child::Start(executor, std::move(command)));
  child->SetDeadline(kReadyLimit);
  std::unique_ptr<Member> member(new Member(std::move(id), std::move(child)));
  auto line = co_await member->ReadReadyLine();
  if (!line) co_return line.error();
  CO_TRY_VOID(CheckReadyLine(*line));
  member->child_->SetDeadline(Millis(std::chrono::hours(24 * 365)));
  co_return member;
}

Task<std::string> Member::ReadReadyLine() {
  std::string line;
  while (line.size() <= limits::kReadyLineBytes) {
    const auto piece = co_await child_->Read();
    if (!piece || piece->empty()) break;
    line += *piece;
    // It says nothing more before it is asked.
    if (line.back() == '\n') co_return line;
  }
  if (child_->timed_out()) co_return MakeError(Errc::kTimeout, "the sandbox does not get ready");
  child_->Kill();
  CO_TRY(const process::ExitStatus status, co_await child_->Wait());
  co_return MakeError(Errc::kUnavailable, "the sandbox did not start (" + status.Text() +
                                              "): " + FirstLine(child_->error_text()));
}

TaskVoid Member::Send(std::string_view line, const Bytes& tar) {
  CO_TRY_VOID(co_await child_->Write(line));
  CO_TRY_VOID(co_await child_->Write(tar));
  child_->CloseInput();
  co_return Status();
}

TaskVoid Member::WatchMemory(std::shared_ptr<MemoryWatch> watch, asio::thread_pool& pool) {
  for (;;) {
    CO_TRY_VOID(co_await net::Sleep(kMemoryInterval));
    if (watch->child == nullptr) co_return Status();
    const pid_t pid = watch->child->pid();
    std::function<Result<uint64_t>()> look = [pid] { return MemoryOfTree(pid); };
    CO_TRY(const uint64_t used, co_await net::RunOn<uint64_t>(pool, std::move(look)));
    if (watch->child == nullptr) co_return Status();
    if (used <= watch->limit) continue;
    watch->exceeded = true;
    watch->child->Kill();
    co_return Status();
  }
}

Task<JobOutput> Member::Run(std::string_view line, const Bytes& tar, JobLimits limits,
                            asio::thread_pool& pool) {
  const auto executor = co_await asio::this_coro::executor;
  child_->SetDeadline(limits.time + kTimeGrace);
  const auto watch = std::make_shared<MemoryWatch>(
      MemoryWatch{child_.get(), limits.memory_bytes + kSandboxOverheadBytes});
  const std::shared_ptr<void> end_of_watch(nullptr, [watch](void*) { watch->child = nullptr; });
  std::function<void(Status)> when_watched = [](const Status&) {};  // its result is `exceeded`
  net::Spawn(executor, WatchMemory(watch, pool), std::move(when_watched));

  JobOutput job;
  // A worker that stops reading has an answer that says why, or none at all.
  (void)co_await Send(line, tar);
  child_->CloseInput();
  bool too_long = false;
  while (!too_long) {
    const auto piece = co_await child_->Read();
    if (!piece || piece->empty()) break;
    job.lines += *piece;
    too_long = job.lines.size() > limits::kRenderOutputBytes + limits::kRenderErrorsBytes;
  }
  if (too_long) child_->Kill();
  CO_TRY(const process::ExitStatus status, co_await child_->Wait());
  if (too_long) {
    job.lost = {std::string(kFaultLimit), "the output of this job is too large"};
  } else if (watch->exceeded) {
    job.lost = {std::string(kFaultMemory), "rendering needs more than " +
                                               std::to_string(limits.memory_bytes >> 20) +
                                               " MiB of memory"};
  } else if (child_->timed_out()) {
    job.lost = {std::string(kFaultTimeout),
                "rendering took longer than " + std::to_string(limits.time.count()) + " ms"};
  } else {
    job.lost = {std::string(kFaultLost), "the sandbox ended before it answered (" + status.Text() +
                                             ")" + FirstLine(" " + child_->error_text())};
  }
  co_return job;
}

}  // namespace dunlin::render
