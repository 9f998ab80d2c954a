// dunlin-hub: the verbs of the hub, declared once.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

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
                   "Name or address under which agents reach this machine; repeatable");
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
  verb->add_option("--values", render.values, "Helm value file, relative to DIR; repeatable");
  verb->add_option("--set", render.set, "Helm value k=v; repeatable");
  verb->add_option("-o,--output", options.format, "json (one object a line) or yaml")
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
  std::string doctor_format = "table";
  doctor->add_option("-o,--output", doctor_format, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  CLI::App* worker = root.add_subcommand("git-worker", "Internal: one Git request on stdin");
  worker->group("");
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
  if (doctor->parsed()) return Doctor(options.config, doctor_format == "json") ? 0 : 1;
  const Status served = Serve(options.config);
  return served ? 0
                : Fail("the hub cannot serve", served.error(),
                       "run: dunlin-hub doctor --config " + options.config);
}

}  // namespace
}  // namespace dunlin::hub

int main(int argc, char** argv) { return dunlin::hub::Main(argc, argv); }
