// dunlin-hub: the verbs of the hub, declared once.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "hub/app/verbs.h"
#include "hub/git/worker.h"
#include "protocol/base/version.h"
#include "protocol/wire/error.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::hub {
namespace {

int Fail(const std::string& what, const Error& error, const std::string& hint, bool json = false) {
  const wire::ErrorBody body = wire::BodyOf(what, error, hint);
  if (json) {
    std::puts(wire::Encode(body).c_str());
  } else {
    std::fputs(wire::ErrorText(body).c_str(), stderr);
  }
  return wire::ExitCode(error.code);
}

struct Options {
  InitOptions init;
  RenderOptions render;
  std::string config = "/etc/dunlin/hub.yaml";
  std::string format = "yaml";
};

void DeclareInit(CLI::App& root, InitOptions& init) {
  CLI::App* verb = root.add_subcommand("init", "Make keys and a configuration");
  verb->add_option("--data", init.data, "State directory; made when missing")->required();
  verb->add_option("--host", init.hosts,
                   "Name or address under which agents reach this machine; repeatable")
      ->allow_extra_args(false);
  verb->add_option("--agents-port", init.agents_port, "Port for agents")->capture_default_str();
  verb->add_option("--public-port", init.public_port, "Port for enrolment")->capture_default_str();
  verb->add_option("--fleet", init.fleet_repo, "Fleet repository: URL, or path of a local one");
  verb->add_option("--fleet-revision", init.fleet_revision, "Branch, tag or commit of it")
      ->capture_default_str();
  verb->add_option("--fleet-path", init.fleet_path, "Directory of the catalogue in it");
}

void DeclareRender(CLI::App& root, Options& options) {
  RenderOptions& render = options.render;
  CLI::App* verb = root.add_subcommand("render", "Render a directory as the hub would");
  verb->add_option("DIR", render.directory)->required();
  verb->add_option("--kind", render.kind, "auto, plain, kustomize, helm or jsonnet")
      ->check(CLI::IsMember({"auto", "plain", "kustomize", "helm", "jsonnet"}));
  verb->add_option("-n,--namespace", render.namespace_, "For objects that name none");
  verb->add_option("--release-name", render.release_name,
                   "Helm release name (default: the name of DIR)");
  // One value an option: `--set a=1 DIR` must not take DIR for a second one.
  const auto repeatable = [verb](const char* name, std::vector<std::string>& to, const char* help) {
    verb->add_option(name, to, help)->allow_extra_args(false);
  };
  repeatable("--values", render.values, "Helm value file, as for helm -f; repeatable");
  repeatable("--set", render.set, "Helm value k=v; repeatable");
  repeatable("--tla", render.tlas, "Jsonnet top-level argument NAME=VALUE; repeatable");
  repeatable("--ext-var", render.ext_vars, "Jsonnet external variable NAME=VALUE; repeatable");
  verb->add_option("-o,--output", options.format, "json (a List) or yaml (a stream of documents)")
      ->check(CLI::IsMember({"json", "yaml"}));
  verb->add_option("--worker", render.worker, "Path of dunlin-render");
  verb->add_option("--runsc", render.runsc, "Path of gVisor's runsc");
  verb->add_flag("--allow-unsandboxed", render.unsandboxed,
                 "Run the renderer without isolation: only for trees that you trust");
}

int Main(int argc, char** argv) {
  CLI::App root("dunlin-hub: follows Git and publishes signed bundles to the fleet", "dunlin-hub");
  root.require_subcommand(1);
  root.footer(wire::ExitCodeLine());
  Options options;
  DeclareInit(root, options.init);
  DeclareRender(root, options);
  CLI::App* serve = root.add_subcommand("serve", "Serve until SIGTERM");
  CLI::App* doctor = root.add_subcommand("doctor", "Check this machine and the configuration");
  for (CLI::App* verb : {serve, doctor}) {
    verb->add_option("--config", options.config, "Configuration file")->capture_default_str();
  }
  static const std::map<std::string, DoctorOptions::Output> kOutputs = {
      {"table", DoctorOptions::Output::kTable},
      {"json", DoctorOptions::Output::kJson},
      {"yaml", DoctorOptions::Output::kYaml}};
  DoctorOptions examined;
  doctor->add_option("-o,--output", examined.output, "table, json or yaml")
      ->transform(CLI::CheckedTransformer(kOutputs))
      ->option_text("FORMAT");
  CLI::App* worker = root.add_subcommand("git-worker", "Internal: one Git request on stdin");
  worker->group("");
  root.set_version_flag("--version", std::string("dunlin-hub ") + kProductVersion);
  root.add_subcommand("version", "Print the version");
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);  // --help, --version
    const wire::ErrorBody body{"", error.what(), "", "dunlin-hub --help, or --help after a verb"};
    std::fputs(wire::ErrorText(body).c_str(), stderr);
    return 2;
  }
  if (worker->parsed()) return git::RunGitWorker();
  if (root.got_subcommand("version")) {
    std::printf("dunlin-hub %s\n", kProductVersion);
    return 0;
  }
  if (root.got_subcommand("init")) {
    const Status made = Init(options.init);
    return made ? 0
                : Fail("cannot make a hub in " + options.init.data, made.error(),
                       "name another directory with --data, or serve from this one");
  }
  if (root.got_subcommand("render")) {
    options.render.json = options.format == "json";
    const Status rendered = RenderDirectory(options.render);
    if (rendered) return 0;
    return Fail("cannot render " + options.render.directory, rendered.error(),
                "correct the files; --kind and --values say how to render", options.render.json);
  }
  if (doctor->parsed()) {
    examined.config_file = options.config;
    examined.config_named = doctor->count("--config") > 0;
    return Doctor(examined) ? 0 : 1;
  }
  const Status served = Serve(options.config);
  return served ? 0
                : Fail("the hub cannot serve", served.error(),
                       "run: dunlin-hub doctor --config " + options.config);
}

}  // namespace
}  // namespace dunlin::hub

int main(int argc, char** argv) { return dunlin::hub::Main(argc, argv); }
