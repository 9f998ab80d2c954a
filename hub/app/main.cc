// dunlin-hub: the verbs of the hub, declared once.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "hub/app/verbs.h"
#include "hub/git/worker.h"
#include "protocol/base/version.h"
#include "protocol/cli/command_line.h"
#include "protocol/cli/help.h"
#include "protocol/wire/error.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::hub {
namespace {

int Fail(const std::string& what, const Error& error, const std::string& hint,
         cli::Format format = cli::Format::kTable) {
  cli::PrintError(wire::BodyOf(what, error, hint), format);
  return wire::ExitCode(error.code);
}

struct Options {
  InitOptions init;
  RenderOptions render;
  std::string config = "/etc/dunlin/hub.yaml";
  std::string render_format = "yaml";
};

constexpr int64_t kLastPort = 65535;

void DeclareInit(CLI::App& root, InitOptions& init) {
  CLI::App* verb = root.add_subcommand("init", "Make keys and a configuration");
  verb->add_option("--data", init.data, "State directory; made when missing")->required();
  cli::AddRepeatable(*verb, "--host", init.hosts,
                     "Name or address under which agents reach this machine; repeatable");
  const auto port = [verb](const char* name, uint16_t& to, const char* help) {
    cli::TakesNumber(verb->add_option(name, to, help)->capture_default_str(), 0, kLastPort);
  };
  port("--agents-port", init.agents_port, "Port for agents");
  port("--public-port", init.public_port, "Port for enrolment");
  verb->add_option("--fleet", init.fleet_repo, "Fleet repository: URL, or path of a local one");
  verb->add_option("--fleet-revision", init.fleet_revision, "Branch, tag or commit of it")
      ->capture_default_str();
  verb->add_option("--fleet-path", init.fleet_path, "Directory of the catalogue in it");
}

void DeclareRender(CLI::App& root, Options& options) {
  RenderOptions& render = options.render;
  CLI::App* verb = root.add_subcommand("render", "Render a directory as the hub would");
  verb->add_option("DIR", render.directory)->required();
  cli::Takes(verb->add_option("--kind", render.kind, "auto, plain, kustomize, helm or jsonnet"),
             {"auto", "plain", "kustomize", "helm", "jsonnet"});
  verb->add_option("-n,--namespace", render.namespace_, "For objects that name none");
  verb->add_option("--release-name", render.release_name,
                   "Helm release name (default: the name of DIR)");
  cli::AddRepeatable(*verb, "--values", render.values,
                     "Helm value file, as for helm -f; repeatable");
  cli::AddRepeatable(*verb, "--set", render.set, "Helm value k=v; repeatable");
  cli::AddRepeatable(*verb, "--tla", render.tlas,
                     "Jsonnet top-level argument NAME=VALUE; repeatable");
  cli::AddRepeatable(*verb, "--ext-var", render.ext_vars,
                     "Jsonnet external variable NAME=VALUE; repeatable");
  CLI::Option* output = verb->add_option("-o,--output", options.render_format,
                                         "json (a List) or yaml (a stream of documents)");
  cli::Takes(output->take_last(), {"json", "yaml"});
  verb->add_option("--worker", render.worker, "Path of dunlin-render");
  verb->add_option("--runsc", render.runsc, "Path of gVisor's runsc");
  verb->add_flag("--allow-unsandboxed", render.unsandboxed,
                 "Run the renderer without isolation: only for trees that you trust");
}

// An error of `render` is a document where a format was asked for; people who leave it out read
// text.
int Render(RenderOptions& render, const std::string& format, bool format_named) {
  render.json = format == "json";
  const Status rendered = RenderDirectory(render);
  if (rendered) return 0;
  return Fail("cannot render " + render.directory, rendered.error(),
              rendered.error().code == Errc::kNotFound
                  ? "name a directory that exists, and what it needs"
                  : "correct the files; --kind and --values say how to render",
              format_named ? cli::Format::kJson : cli::Format::kTable);
}

int Run(int argc, char** argv) {
  CLI::App root("dunlin-hub: follows Git and publishes signed bundles to the fleet", "dunlin-hub");
  root.require_subcommand(1);
  root.footer(cli::HelpFooter());
  Options options;
  DeclareInit(root, options.init);
  DeclareRender(root, options);
  CLI::App* serve = root.add_subcommand("serve", "Serve until SIGTERM");
  CLI::App* doctor = root.add_subcommand("doctor", "Check this machine and the configuration");
  for (CLI::App* verb : {serve, doctor}) {
    verb->add_option("--config", options.config, "Configuration file")->capture_default_str();
  }
  DoctorOptions examined;
  cli::AddOutput(*doctor, examined.output);
  CLI::App* worker = root.add_subcommand("git-worker", "Internal: one Git request on stdin");
  worker->group("");
  root.set_version_flag("--version", std::string("dunlin-hub ") + kProductVersion);
  root.add_subcommand("version", "Print the version");
  root.add_subcommand("help", "Help on a verb, or on a topic");
  const std::optional<int> done = cli::Parse(root, argc, argv);
  if (done) return *done;
  if (worker->parsed()) return git::RunGitWorker();
  if (root.got_subcommand("version")) {
    std::printf("dunlin-hub %s\n", kProductVersion);
    return 0;
  }
  if (root.got_subcommand("init")) {
    const Status made = Init(options.init);
    if (made) return 0;
    const Errc code = made.error().code;
    const bool fleet = code == Errc::kInvalidArgument || code == Errc::kNotFound ||
                       code == Errc::kUnsupported || code == Errc::kLimit;
    const char* hint = fleet ? "correct the option; nothing was written"
                       : code == Errc::kConflict
                           ? "name another directory with --data, or serve from this one"
                           : "name another directory with --data";
    return Fail("cannot make a hub in " + options.init.data, made.error(), hint);
  }
  if (root.got_subcommand("render")) {
    const bool named = root.get_subcommand("render")->count("--output") > 0;
    return Render(options.render, options.render_format, named);
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

int Main(int argc, char** argv) {
  cli::GuardStandardStreams();
  return cli::Finish(Run(argc, argv));
}

}  // namespace
}  // namespace dunlin::hub

int main(int argc, char** argv) { return dunlin::hub::Main(argc, argv); }
