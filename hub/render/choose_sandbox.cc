#include "hub/render/choose_sandbox.h"

#include <filesystem>

#include "hub/render/bubblewrap_sandbox.h"
#include "hub/render/gvisor_sandbox.h"
#include "hub/render/member.h"
#include "protocol/base/random.h"

namespace dunlin::render {
namespace {

Result<std::unique_ptr<Sandbox>> MakeSandbox(const std::string& name, const RendererConfig& config,
                                             const std::string& state_dir) {
  if (name == "gvisor") {
    const auto runsc = process::FindProgram(config.runsc_program);
    if (!runsc) return MakeError(Errc::kNotFound, "runsc is not installed");
    return MakeGvisorSandbox({*runsc, config.worker_program, state_dir + "/gvisor"});
  }
  const auto bwrap = process::FindProgram(config.bwrap_program);
  if (!bwrap) return MakeError(Errc::kNotFound, "bwrap is not installed");
  return MakeBubblewrapSandbox({*bwrap, config.worker_program, state_dir + "/bubblewrap"});
}

TaskVoid Probe(Sandbox& sandbox) {
  SystemRandom random;
  const std::string id = std::string(kSandboxIdPrefix) + HexEncode(random.Fill(8));
  CO_TRY_VOID(co_await sandbox.Reap());
  auto member = co_await Member::Start(sandbox, id);
  const Status started = member ? Status() : Status(member.error());
  if (member) member->reset();
  auto removed = co_await sandbox.Remove(id);
  co_return started ? std::move(removed) : started;
}

}  // namespace

Task<std::unique_ptr<Sandbox>> ChooseSandbox(RendererConfig config, Log log) {
  const auto worker = process::FindProgram(config.worker_program);
  if (!worker) {
    co_return MakeError(Errc::kPrecondition,
                        "there is no render worker " + config.worker_program +
                            "; install dunlin-render beside dunlin-hub (scripts/setup builds it)");
  }
  config.worker_program = *worker;  // it is copied and started by path
  std::error_code error;
  const std::string state_dir = std::filesystem::absolute(config.state_dir, error).string();
  std::string reasons;
  for (const std::string name : {"gvisor", "bubblewrap"}) {
    if (config.isolation != "auto" && config.isolation != name) continue;
    auto sandbox = MakeSandbox(name, config, state_dir);
    Status works = sandbox ? Status() : Status(sandbox.error());
    if (sandbox) works = co_await Probe(**sandbox);
    if (works) co_return std::move(*sandbox);
    log.Warn("sandbox_unusable", works.error(), {{"isolation", name}});
    reasons += " " + name + ": " + works.error().message + ".";
  }
  if (config.allow_unsandboxed) {
    log.Warn("rendering_without_sandbox", {{"reason", reasons}});
    co_return MakeBareSandbox(config.worker_program);
  }
  co_return MakeError(Errc::kPrecondition,
                      "rendering needs a sandbox, and none works here." + reasons +
                          " Install gVisor's runsc beside dunlin-hub, or the package "
                          "bubblewrap. Without a sandbox (`render.sandbox: none` in hub.yaml, "
                          "`dunlin-hub render --allow-unsandboxed`) every repository can run code "
                          "as the hub's user");
}

}  // namespace dunlin::render
