#include "hub/render/bubblewrap_sandbox.h"

#include <filesystem>

#include "hub/render/files.h"
#include "hub/render/seccomp_filter.h"

namespace dunlin::render {
namespace {

// What bwrap itself may use while it sets up; the worker lowers its own further (watchdog.go).
constexpr process::ResourceLimits kLimits{.open_files = 256};

class BubblewrapSandbox : public Sandbox {
 public:
  explicit BubblewrapSandbox(BubblewrapConfig config) : config_(std::move(config)) {}

  Status SetUp() {
    TRY_VOID(MakeDirectory(config_.state_dir, std::filesystem::perms::owner_all));
    worker_ = config_.state_dir + "/dunlin-render";
    filter_ = config_.state_dir + "/seccomp";
    TRY_VOID(InstallProgram(config_.worker_program, worker_));
    return WriteFile(filter_, SeccompFilter());
  }

  std::string Name() const override { return "bubblewrap"; }

  Result<process::Command> Prepare(const std::string&) override {
    process::Command command;
    command.program = config_.bwrap_program;
    // --unshare-user: --unshare-all alone goes on without it where the kernel refuses.
    command.arguments = {"--unshare-all",
                         "--unshare-user",
                         "--die-with-parent",
                         "--new-session",
                         "--clearenv",
                         "--uid",
                         "65534",
                         "--gid",
                         "65534",
                         "--cap-drop",
                         "ALL",
                         "--hostname",
                         "render",
                         "--seccomp",
                         "3",
                         "--ro-bind",
                         worker_,
                         "/dunlin-render",
                         "--remount-ro",
                         "/",
                         "--chdir",
                         "/",
                         "/dunlin-render"};
    command.file_at_3 = filter_;
    command.limits = kLimits;
    return command;
  }

  // bwrap's processes end with it, and it has no files of its own.
  TaskVoid Remove(std::string) override { co_return Status(); }
  TaskVoid Reap() override { co_return Status(); }

 private:
  BubblewrapConfig config_;
  std::string worker_;
  std::string filter_;
};

class BareSandbox : public Sandbox {
 public:
  explicit BareSandbox(std::string worker) : worker_(std::move(worker)) {}

  std::string Name() const override { return "none"; }
  Result<process::Command> Prepare(const std::string&) override {
    process::Command command;
    command.program = worker_;
    command.limits = kLimits;
    return command;
  }
  TaskVoid Remove(std::string) override { co_return Status(); }
  TaskVoid Reap() override { co_return Status(); }

 private:
  std::string worker_;
};

}  // namespace

Result<std::unique_ptr<Sandbox>> MakeBubblewrapSandbox(BubblewrapConfig config) {
  auto sandbox = std::make_unique<BubblewrapSandbox>(std::move(config));
  TRY_VOID(sandbox->SetUp());
  return std::unique_ptr<Sandbox>(std::move(sandbox));
}

std::unique_ptr<Sandbox> MakeBareSandbox(std::string worker_program) {
  return std::make_unique<BareSandbox>(std::move(worker_program));
}

}  // namespace dunlin::render
