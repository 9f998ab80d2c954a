#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "protocol/base/version.h"
#include "protocol/store/files.h"

namespace dunlin::app {

namespace {

constexpr const char* kDefaultState = "/var/lib/dunlin-agent";

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
  int code = 0;
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

void AddOutput(CLI::App& command, Arguments& args) {
  static const std::map<std::string, Output> kOutputs = {
      {"table", Output::kTable}, {"json", Output::kJson}, {"yaml", Output::kYaml}};
  command.add_option("-o,--output", args.output, "table, json or yaml")
      ->transform(CLI::CheckedTransformer(kOutputs))
      ->option_text("FORMAT");
}

int RunEnroll(Arguments& args) {
  args.enroll.state_dir = args.state_dir;
  args.enroll.kube = EnvironmentOf(args.kubeconfig, args.service_account);
  args.enroll.output = args.output;
  if (!args.token_file.empty()) {
    auto text = ReadFile(args.token_file, 4096);
    if (!text) {
      return PrintFailure({"cannot read the token", text.error(), ""},
                          args.output != Output::kTable);
    }
    text->erase(text->find_last_not_of(" \r\n") + 1);
    args.enroll.token = std::move(*text);
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
  AddOutput(*command, args);
  command->callback([&args] { args.code = RunEnroll(args); });
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
  command->add_option("--log-format", args.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  command->add_option("--log-level", args.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  command->callback([&args] { args.code = RunAgent(args); });
}

void AddStatus(CLI::App& app, Arguments& args) {
  CLI::App* command =
      app.add_subcommand("status", "What the agent last said, without disturbing it");
  AddState(*command, args);
  AddOutput(*command, args);
  command->callback([&args] { args.code = ShowStatus({args.state_dir, args.output}); });
}

void AddOffline(CLI::App& app, Arguments& args) {
  CLI::App* merge = app.add_subcommand("merge", "The merge engine, without cluster or hub");
  merge
      ->add_option("--batch", args.batch,
                   "Requests as NDJSON, one answer a line; a file, or - for stdin")
      ->expected(0, 1)
      ->required();
  merge->callback([&args] { args.code = MergeBatch(args.batch.empty() ? "-" : args.batch); });
  CLI::App* version = app.add_subcommand("version", "The version of this program");
  version->callback([] { std::printf("dunlin-agent %s\n", kProductVersion); });
}

}  // namespace

int Main(int argc, char** argv) {
  // The state directory holds keys, and the last-applied form of Secrets.
  ::umask(0077);
  CLI::App app("Keeps one Kubernetes cluster as its hub wants it.", "dunlin-agent");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("dunlin-agent ") + kProductVersion);
  Arguments args;
  AddEnroll(app, args);
  AddRun(app, args);
  AddStatus(app, args);
  AddOffline(app, args);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const wire::ErrorBody body{"", error.what(), "",
                               "dunlin-agent --help, or --help after a command"};
    std::fputs(wire::ErrorText(body).c_str(), stderr);
    return 2;
  }
  return args.code;
}

}  // namespace dunlin::app
