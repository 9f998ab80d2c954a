// `dunlin-hub doctor`: is this machine able to run the hub, and if not, what to do. Everything that
// can end `serve` at its start has a check here: its hint leads to this command.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "hub/app/check.h"
#include "hub/app/verbs.h"
#include "hub/app/worlds.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::hub {

Status RunToEnd(asio::io_context& context, TaskVoid task) {
  Status outcome = MakeError(Errc::kInternal, "the check ended without a result");
  auto on_done = [&](const Status& status) {
    outcome = status;
    context.stop();
  };
  net::Spawn(context.get_executor(), std::move(task), on_done);
  context.restart();
  context.run();
  return outcome;
}

std::optional<pid_t> RunningHub(const std::string& admin_socket) {
  sockaddr_un address{};
  if (admin_socket.size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  admin_socket.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool found =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  ::close(fd);
  return found ? std::optional<pid_t>(peer.pid) : std::nullopt;
}

namespace {

void Append(std::vector<Check>& to, std::vector<Check> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

std::vector<Check> AllChecks(const DoctorOptions& options) {
  std::vector<Check> checks;
  std::error_code error;
  if (!options.config_named && !std::filesystem::exists(options.config_file, error)) {
    Check none = Passed("configuration",
                        "none at " + options.config_file + ": only this machine is checked");
    none.hint = "name one with --config, or make one: dunlin-hub init --data DIR";
    checks.push_back(std::move(none));
    HubConfig machine;
    machine.data = ".";
    Append(checks, CheckMachine(machine));
    return checks;
  }
  const auto config = LoadHubConfig(options.config_file);
  if (!config) {
    checks.push_back(Failed("configuration", config.error().message,
                            "correct it, or make one with: dunlin-hub init --data DIR"));
    return checks;
  }
  checks.push_back(Passed("configuration", options.config_file));
  const std::optional<pid_t> hub = RunningHub(config->admin_socket);
  checks.push_back(CheckData(config->data));
  std::optional<HubKeys> keys;
  checks.push_back(CheckKeys(*config, SystemClock().Now(), keys));
  Append(checks, Rehearse(*config, keys ? &*keys : nullptr, hub));
  Append(checks, CheckDoors(*config, keys ? &*keys : nullptr, hub));
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
  ::umask(0077);
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
