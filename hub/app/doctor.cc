// `dunlin-hub doctor`: is this machine able to run the hub, and if not, what to do.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>

#include "hub/app/keys.h"
#include "hub/app/scratch.h"
#include "hub/app/verbs.h"
#include "hub/app/worlds.h"
#include "hub/process/child.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::hub {

namespace {

struct Check {
  std::string name;
  bool ok = false;
  std::string found;  // what is there, or the cause of the failure
  std::string hint;
};

Check FromStatus(std::string name, const Status& status, std::string found, std::string hint) {
  if (status) return {std::move(name), true, std::move(found), ""};
  return {std::move(name), false, status.error().message, std::move(hint)};
}

Check CheckData(const std::string& data) {
  struct stat info {};
  if (stat(data.c_str(), &info) != 0) {
    return {"data directory", false, data + " does not exist",
            "run: dunlin-hub init --data " + data};
  }
  if (access(data.c_str(), W_OK) != 0) {
    return {"data directory", false, data + " is not writable", "run as its owner"};
  }
  if ((info.st_mode & 077) != 0) {
    return {"data directory", false, data + " is open to other users", "run: chmod 700 " + data};
  }
  std::error_code error;
  const auto space = std::filesystem::space(data, error);
  const uint64_t free_mib = error ? 0 : space.available >> 20;
  if (free_mib < 200) {
    return {"data directory", false, std::to_string(free_mib) + " MiB free", "free some space"};
  }
  return {"data directory", true, data + ", " + std::to_string(free_mib) + " MiB free", ""};
}

Check CheckKeys(const HubConfig& config, TimePoint now) {
  const auto keys = LoadKeys(config.data);
  if (!keys) {
    return {"keys", false, keys.error().message, "run: dunlin-hub init --data " + config.data};
  }
  if (keys->root.expires <= now) {
    return {"keys", false, "the root document expired at " + FormatTime(keys->root.expires),
            "sign a new root document"};
  }
  return {"keys", true, "root document valid until " + FormatTime(keys->root.expires), ""};
}

Check CheckProgram(std::string name, const std::string& program, const std::string& hint) {
  const auto path = process::FindProgram(program);
  if (path) return {std::move(name), true, *path, ""};
  return {std::move(name), false, program + " was not found", hint};
}

// The hub that may be running has its own sandboxes: these get a directory of their own.
TaskVoid CheckSandbox(const HubConfig& config, std::string scratch, asio::thread_pool& pool,
                      std::string* isolation) {
  render::RendererConfig renderer_config = RendererConfigOf(config);
  renderer_config.state_dir = std::move(scratch);
  renderer_config.ready = 2;
  auto making = render::MakeSandboxRenderer(std::move(renderer_config), pool, Log());
  CO_TRY(const std::unique_ptr<render::Renderer> renderer,
         co_await net::WithTimeout(std::move(making), Seconds(60), "starting the renderer"));
  render::RenderRequest request;
  render::TreeFile file;
  file.path = "probe.yaml";
  file.bytes = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: probe}\n";
  request.files.push_back(std::move(file));
  render::RenderTarget target;
  target.id = "probe";
  request.targets.push_back(std::move(target));
  auto rendering = renderer->Render(std::move(request));
  auto answer = co_await net::WithTimeout(std::move(rendering), Seconds(60), "a probe render");
  *isolation = renderer->Isolation();
  auto stopping = renderer->Stop();
  auto stopped = co_await net::WithTimeout(std::move(stopping), Seconds(10), "ending sandboxes");
  if (!answer) co_return answer.error();
  const auto& fault = answer->targets.front().fault;
  if (fault) co_return fault->ToError();
  co_return stopped;
}

Check ProbeSandbox(const HubConfig& config) {
  asio::io_context context{1};
  asio::thread_pool pool(2);
  Status outcome;
  std::string isolation;
  auto on_done = [&](const Status& status) {
    outcome = status;
    context.stop();
  };
  const Scratch scratch("doctor");
  net::Spawn(context.get_executor(), CheckSandbox(config, scratch.path(), pool, &isolation),
             on_done);
  context.run();
  pool.join();
  Check check = FromStatus("sandbox", outcome, "a probe was rendered inside " + isolation,
                           "install runsc beside dunlin-render, or bubblewrap");
  if (check.ok && isolation == "none") {
    check = {"sandbox", false, "rendering runs without any isolation",
             "remove render.sandbox: none from the configuration"};
  }
  return check;
}

// Without a configuration (the hub is not set up yet) what the machine itself must be able to do.
HubConfig MachineOnly() {
  HubConfig config;
  config.data = ".";
  return config;
}

void CheckHub(const HubConfig& config, std::vector<Check>& checks) {
  checks.push_back(CheckData(config.data));
  checks.push_back(CheckKeys(config, SystemClock().Now()));
  const auto git = GitConfigOf(config);
  checks.push_back(FromStatus("git settings", git ? Status() : Status(git.error()),
                              std::to_string(config.git.local_roots.size()) + " local root(s)",
                              "correct git.allowNetworks"));
}

void CheckMachine(const HubConfig& config, std::vector<Check>& checks) {
  checks.push_back(CheckProgram("render worker", RendererConfigOf(config).worker_program,
                                "install dunlin-render beside dunlin-hub or name it in "
                                "render.worker"));
  checks.push_back(ProbeSandbox(config));
}

std::vector<Check> AllChecks(const DoctorOptions& options) {
  std::vector<Check> checks;
  std::error_code error;
  if (!options.config_named && !std::filesystem::exists(options.config_file, error)) {
    checks.push_back({"configuration", true,
                      "none at " + options.config_file + ": only this machine is checked",
                      "name one with --config, or make one: dunlin-hub init --data DIR"});
    CheckMachine(MachineOnly(), checks);
    return checks;
  }
  const auto config = LoadHubConfig(options.config_file);
  if (!config) {
    checks.push_back({"configuration", false, config.error().message,
                      "correct it, or make one with: dunlin-hub init --data DIR"});
    return checks;
  }
  checks.push_back({"configuration", true, options.config_file, ""});
  CheckHub(*config, checks);
  CheckMachine(*config, checks);
  return checks;
}

object::Value Document(const std::vector<Check>& checks, bool ok) {
  object::Array items;
  for (const Check& check : checks) {
    items.push_back(object::Object{
        {"found", check.found}, {"hint", check.hint}, {"name", check.name}, {"ok", check.ok}});
  }
  return object::Object{{"items", items}, {"ok", ok}};
}

void PrintLines(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    std::printf("%s %s: %s\n", check.ok ? "ok  " : "FAIL", check.name.c_str(), check.found.c_str());
    if (!check.hint.empty()) std::printf("     hint: %s\n", check.hint.c_str());
  }
}

}  // namespace

Status Doctor(const DoctorOptions& options) {
  const std::vector<Check> checks = AllChecks(options);
  const bool ok =
      std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.ok; });
  switch (options.output) {
    case DoctorOptions::Output::kTable:
      PrintLines(checks);
      break;
    case DoctorOptions::Output::kJson:
      std::puts(object::CanonicalJson(Document(checks, ok)).c_str());
      break;
    case DoctorOptions::Output::kYaml:
      std::fputs(yaml::ToYaml(Document(checks, ok)).c_str(), stdout);
      break;
  }
  if (!ok) return MakeError(Errc::kPrecondition, "at least one check failed");
  return {};
}

}  // namespace dunlin::hub
