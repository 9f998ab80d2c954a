#include "hub/render/gvisor_sandbox.h"

#include <filesystem>
#include <fstream>
#include <set>

#include "hub/process/run.h"
#include "hub/render/files.h"
#include "protocol/object/json.h"

namespace dunlin::render {
namespace {

namespace fs = std::filesystem;

constexpr Millis kDeleteLimit{10'000};
constexpr int kNobody = 65534;

// The OCI runtime specification's config.json. No mounts: gVisor adds its own /proc, /sys and /dev,
// which show the sandbox only.
std::string BundleConfig(const std::string& rootfs) {
  const object::Array none;
  object::Object process;
  process["user"] = {{"uid", kNobody}, {"gid", kNobody}};
  process["args"] = {"/dunlin-render"};
  process["env"] = none;
  process["cwd"] = "/";
  process["noNewPrivileges"] = true;
  process["capabilities"] = {{"bounding", none},
                             {"effective", none},
                             {"inheritable", none},
                             {"permitted", none},
                             {"ambient", none}};
  object::Array namespaces;
  for (const char* type : {"pid", "network", "ipc", "uts", "mount"}) {
    object::Object item;
    item["type"] = type;
    namespaces.push_back(std::move(item));
  }
  object::Object config;
  config["ociVersion"] = "1.0.2";
  config["process"] = std::move(process);
  config["root"] = {{"path", rootfs}, {"readonly", true}};
  config["hostname"] = "render";
  config["mounts"] = none;
  config["linux"] = {{"namespaces", std::move(namespaces)}};
  return object::CanonicalJson(object::Value(std::move(config)));
}

class GvisorSandbox : public Sandbox {
 public:
  explicit GvisorSandbox(GvisorConfig config) : config_(std::move(config)) {}

  Status SetUp() {
    for (const char* directory : {"root", "bundles", "rootfs"}) {
      TRY_VOID(MakeDirectory(Path(directory), fs::perms::owner_all));
    }
    // uid 65534 of the sandbox must be able to enter its root and run the worker.
    constexpr fs::perms kEveryone = fs::perms(0755);
    TRY_VOID(MakeDirectory(Path("rootfs"), kEveryone));
    TRY_VOID(InstallProgram(config_.worker_program, Path("rootfs/dunlin-render")));
    bundle_config_ = BundleConfig(Path("rootfs"));
    return {};
  }

  std::string Name() const override { return "gvisor"; }

  Result<process::Command> Prepare(const std::string& id) override {
    const std::string bundle = Path("bundles/" + id);
    TRY_VOID(MakeDirectory(bundle, fs::perms::owner_all));
    TRY_VOID(WriteFile(bundle + "/config.json", bundle_config_));
    process::Command command = Runsc();
    command.arguments.insert(command.arguments.end(), {"run", "--bundle", bundle, id});
    return command;
  }

  TaskVoid Remove(std::string id) override {
    process::Command command = Runsc();
    command.arguments.insert(command.arguments.end(), {"delete", "-force", id});
    const process::RunLimits limits{.deadline = kDeleteLimit};
    const auto result = co_await process::Run(std::move(command), Bytes(), limits);
    std::error_code failed;
    fs::remove_all(Path("bundles/" + id), failed);
    if (!result) co_return result.error();
    // A member that was killed while it started leaves a state file that runsc cannot read and so
    // not delete. Its processes are gone (they share the member's process group): only files are
    // left.
    if (!result->status.ok()) co_return RemoveFiles(id, result->error_text.substr(0, 500));
    co_return Status();
  }

  Status RemoveFiles(const std::string& id, const std::string& said) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(Path("root"), failed)) {
      if (entry.path().filename().string().find(id) == std::string::npos) continue;
      fs::remove_all(entry.path(), failed);
      if (failed) break;
    }
    if (!failed) return {};
    return MakeError(Errc::kIo, "runsc cannot delete the sandbox " + id + ": " + said);
  }

  TaskVoid Reap() override {
    std::set<std::string> ids;
    for (const char* directory : {"root", "bundles"}) AddIds(Path(directory), ids);
    for (const std::string& id : ids) {
      CO_TRY_VOID(co_await Remove(id));
    }
    co_return Status();
  }

 private:
  std::string Path(const std::string& name) const { return config_.state_dir + "/" + name; }

  process::Command Runsc() const {
    process::Command command;
    command.program = config_.runsc_program;
    command.arguments = {"--root", Path("root"), "--rootless", "--network=none",
                         "--platform=systrap", "--host-uds=none", "--overlay2=none",
                         // The default keeps a mount in its root that nobody takes away again.
                         "--gofer-network-namespace=new"};
    return command;
  }

  // Sandboxes that have state ("dunX_sandbox:dunX.state") or a bundle ("dunX").
  static void AddIds(const std::string& directory, std::set<std::string>& ids) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(directory, failed)) {
      const std::string name = entry.path().filename().string();
      if (name.rfind(kSandboxIdPrefix, 0) == 0) ids.insert(name.substr(0, name.find('_')));
    }
  }

  GvisorConfig config_;
  std::string bundle_config_;
};

}  // namespace

Result<std::unique_ptr<Sandbox>> MakeGvisorSandbox(GvisorConfig config) {
  auto sandbox = std::make_unique<GvisorSandbox>(std::move(config));
  TRY_VOID(sandbox->SetUp());
  return std::unique_ptr<Sandbox>(std::move(sandbox));
}

}  // namespace dunlin::render
