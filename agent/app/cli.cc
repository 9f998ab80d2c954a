#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "protocol/base/version.h"
#include "protocol/cli/command_line.h"
#include "protocol/cli/help.h"
#include "protocol/store/files.h"

namespace dunlin::app {

namespace {

constexpr const char* kDefaultState = "/var/lib/dunlin-agent";
constexpr int kOfflineUsage = 1;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

kube::Environment EnvironmentOf(const std::string& file, const std::string& service_account) {
  kube::Environment out;
  out.file = file;
  if (!service_account.empty()) out.service_account_dir = service_account;
  out.kubeconfig = Variable("KUBECONFIG");
  out.home = Variable("HOME");
  out.service_host = Variable("KUBERNETES_SERVICE_HOST");
  out.service_port = Variable("KUBERNETES_SERVICE_PORT");
  return out;
}

struct Arguments {
  std::string kubeconfig;
  std::string service_account;
  std::string state_dir = kDefaultState;
  Output output = Output::kTable;
  std::string token_file;
  std::string log_format = "text";
  std::string log_level = "info";
  std::string batch = "-";
  EnrollOptions enroll;
  RunOptions run;
  std::function<int()> chosen;
  SetHubOptions set_hub;
};

void AddState(CLI::App& command, Arguments& args) {
  command.add_option("--state", args.state_dir, "State directory")->capture_default_str();
}

void AddKubeconfig(CLI::App& command, Arguments& args) {
  command.add_option("--kubeconfig", args.kubeconfig,
                     "kubeconfig (default: KUBECONFIG, the pod's ServiceAccount, ~/.kube/config)");
  command.add_option("--service-account", args.service_account,
                     "Directory with the token and ca.crt of the pod's ServiceAccount, where they "
                     "are not mounted at the usual place");
}

int RunEnroll(Arguments& args) {
  args.enroll.state_dir = args.state_dir;
  args.enroll.kube = EnvironmentOf(args.kubeconfig, args.service_account);
  args.enroll.output = args.output;
  if (!args.token_file.empty()) {
    auto text = ReadFile(args.token_file, 4096);
    if (!text) {
      return PrintFailure({"cannot read the token", text.error(),
                           "name a file that holds the token with --token-file"},
                          args.output != Output::kTable);
    }
    text->erase(text->find_last_not_of(" \r\n") + 1);
    args.enroll.token = std::move(*text);
  }
  if (args.enroll.token.empty()) {
    const Error error = MakeError(Errc::kInvalidArgument, "no token was given");
    return PrintFailure({"cannot enrol without a token", error,
                         "dunlin cluster add NAME on the hub prints one; give it with --token, "
                         "--token-file or DUNLIN_TOKEN"},
                        args.output != Output::kTable);
  }
  return Enroll(args.enroll);
}

void AddEnroll(CLI::App& app, Arguments& args) {
  CLI::App* command =
      app.add_subcommand("enroll", "Make this cluster known to a hub, with a one-time token");
  command->add_option("--hub", args.enroll.hub_url, "Address of the hub, https://hub:8443")
      ->required();
  CLI::Option* token = command->add_option("--token", args.enroll.token, "Token of the hub")
                           ->envname("DUNLIN_TOKEN");
  command->add_option("--token-file", args.token_file, "File that holds the token")
      ->excludes(token);
  AddState(*command, args);
  AddKubeconfig(*command, args);
  cli::AddOutput(*command, args.output);
  command->callback([&args] { args.chosen = [&args] { return RunEnroll(args); }; });
}

int RunAgent(Arguments& args) {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warn", LogLevel::kWarn},
                                                          {"error", LogLevel::kError}};
  args.run.state_dir = args.state_dir;
  args.run.kube = EnvironmentOf(args.kubeconfig, args.service_account);
  args.run.notify_socket = Variable("NOTIFY_SOCKET");
  args.run.watchdog_usec = Variable("WATCHDOG_USEC");
  args.run.log_form = args.log_format == "json" ? LogForm::kJson : LogForm::kText;
  args.run.log_level = kLevels.at(args.log_level);
  return Run(args.run);
}

void AddRun(CLI::App& app, Arguments& args) {
  CLI::App* command = app.add_subcommand("run", "Keep this cluster as its hub wants it");
  AddState(*command, args);
  AddKubeconfig(*command, args);
  command->add_option("--namespace", args.run.agent_namespace,
                      "Namespace of the agent's own objects (default: the pod's, else "
                      "dunlin-system)");
  command->add_option("--listen", args.run.listen,
                      "ADDRESS:PORT or unix:PATH for /healthz, /readyz and /metrics");
  cli::Takes(command->add_option("--log-format", args.log_format, "text or json"),
             {"text", "json"});
  cli::Takes(command->add_option("--log-level", args.log_level, "debug, info, warn or error"),
             {"debug", "info", "warn", "error"});
  command->callback([&args] { args.chosen = [&args] { return RunAgent(args); }; });
}

void AddStatus(CLI::App& app, Arguments& args) {
  CLI::App* command =
      app.add_subcommand("status", "What the agent last said, without disturbing it");
  AddState(*command, args);
  cli::AddOutput(*command, args.output);
  command->callback([&args] {
    args.chosen = [&args] { return ShowStatus({args.state_dir, args.output}); };
  });
}

void AddSetHub(CLI::App& app, Arguments& args) {
  CLI::App* command = app.add_subcommand(
      "set-hub", "Tell an enrolled agent its hub's new address (nothing else changes)");
  command->add_option("URL", args.set_hub.url, "New address of the hub, https://hub:8443")
      ->required();
  AddState(*command, args);
  command->callback([&args] {
    args.set_hub.state_dir = args.state_dir;
    args.chosen = [&args] { return SetHub(args.set_hub); };
  });
}

void AddOffline(CLI::App& app, Arguments& args) {
  CLI::App* merge = app.add_subcommand("merge", "The merge engine, without cluster or hub");
  merge
      ->add_option("--batch", args.batch,
                   "Requests as NDJSON, one answer a line; a file, or - for stdin")
      ->expected(0, 1)
      ->required();
  merge->callback([&args] {
    args.chosen = [&args] { return MergeBatch(args.batch.empty() ? "-" : args.batch); };
  });
  CLI::App* version = app.add_subcommand("version", "The version of this program");
  version->callback([&args] {
    args.chosen = [] {
      std::printf("dunlin-agent %s\n", kProductVersion);
      return 0;
    };
  });
  app.add_subcommand("help", "Help on a verb, or on a topic");
}

int RunMain(int argc, char** argv) {
  // The state directory holds keys, and the last-applied form of Secrets.
  ::umask(0077);
  CLI::App app("Keeps one Kubernetes cluster as its hub wants it.", "dunlin-agent");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("dunlin-agent ") + kProductVersion);
  app.footer(cli::HelpFooter());
  Arguments args;
  AddEnroll(app, args);
  AddRun(app, args);
  AddStatus(app, args);
  AddSetHub(app, args);
  AddOffline(app, args);
  const std::optional<int> done = cli::Parse(app, argc, argv);
  if (!done) return args.chosen();
  // The offline engine has codes of its own: 1 is usage there, 2 a conflict.
  return *done != 0 && app.got_subcommand("merge") ? kOfflineUsage : *done;
}

}  // namespace

int Main(int argc, char** argv) {
  cli::GuardStandardStreams();
  return cli::Finish(RunMain(argc, argv));
}

}  // namespace dunlin::app
