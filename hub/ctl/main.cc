// dunlin: the admin command line. The tree of verbs is declared here once.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "hub/ctl/commands.h"
#include "protocol/base/version.h"

namespace dunlin::ctl {
namespace {

constexpr const char* kDefaultHub = "unix:/run/dunlin-hub/admin.sock";

struct Options {
  std::string hub;
  Format format = Format::kTable;
  std::string name;
  std::string repo;
  std::vector<std::string> files;
  ClusterAddOptions cluster;
  bool allow_mass_prune = false;
  bool watch = false;
  int64_t history_id = 0;
  int timeout_seconds = 300;
};

using Action = std::function<int(Session&)>;

void Leaf(CLI::App* parent, const std::string& name, const std::string& help, Options& options,
          Action& chosen, Action action, const std::function<void(CLI::App*)>& arguments = {}) {
  CLI::App* leaf = parent->add_subcommand(name, help);
  static const std::map<std::string, Format> kFormats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"yaml", Format::kYaml}};
  leaf->add_option("-o,--output", options.format, "table, json or yaml")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case))
      ->option_text("FORMAT");
  if (arguments) arguments(leaf);
  leaf->callback([&chosen, action = std::move(action)] { chosen = action; });
}

CLI::App* Group(CLI::App& root, const std::string& name, const std::string& help) {
  CLI::App* group = root.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

void DeclareClusters(CLI::App& root, Options& o, Action& chosen) {
  CLI::App* cluster = Group(root, "cluster", "Clusters of the fleet");
  Leaf(
      cluster, "add", "Make a one-time token for a cluster and print the enrol command", o, chosen,
      [&o](Session& s) { return ClusterAdd(s, o.cluster); },
      [&o](CLI::App* leaf) {
        leaf->add_option("NAME", o.cluster.name, "Name of the cluster")->required();
        leaf->add_option("--region", o.cluster.region, "Region (needed for a new cluster)");
        leaf->add_option("-l,--label", o.cluster.labels, "key=value, repeatable");
        leaf->add_option("--server", o.cluster.server, "apiserver URL that Applications name");
        leaf->add_option("--token-hours", o.cluster.token_hours, "Life of the token")
            ->check(CLI::Range(1, 24));
      });
  Leaf(cluster, "list", "All clusters", o, chosen, ClusterList);
  Leaf(
      cluster, "get", "One cluster and its targets", o, chosen,
      [&o](Session& s) { return ClusterGet(s, o.name); },
      [&o](CLI::App* leaf) { leaf->add_option("NAME", o.name)->required(); });
}

void DeclareApps(CLI::App& root, Options& o, Action& chosen) {
  CLI::App* app = Group(root, "app", "Apps: what runs where");
  const auto name = [&o](CLI::App* leaf) { leaf->add_option("NAME", o.name)->required(); };
  Leaf(app, "list", "All apps", o, chosen, AppList);
  Leaf(
      app, "get", "One app, its targets and their problems", o, chosen,
      [&o](Session& s) { return AppGet(s, o.name); }, name);
  Leaf(
      app, "sync", "Fetch and render now; ends a rollback", o, chosen,
      [&o](Session& s) { return AppSync(s, o.name, o.allow_mass_prune); },
      [&o, name](CLI::App* leaf) {
        name(leaf);
        leaf->add_flag("--allow-mass-prune", o.allow_mass_prune,
                       "Let agents delete what the blast guard holds back, once");
      });
  Leaf(
      app, "history", "What was published, newest first", o, chosen,
      [&o](Session& s) { return AppHistory(s, o.name); }, name);
  Leaf(
      app, "rollback", "Publish an earlier entry of the history again", o, chosen,
      [&o](Session& s) { return AppRollback(s, o.name, o.history_id); },
      [&o, name](CLI::App* leaf) {
        name(leaf);
        leaf->add_option("ID", o.history_id,
                         "Entry of `app history`; default: the one before the newest");
      });
}

void DeclareFleet(CLI::App& root, Options& o, Action& chosen) {
  const auto watch = [&o](CLI::App* leaf) {
    leaf->add_flag("-w,--watch", o.watch, "Print every change");
  };
  const auto status = [&o](Session& s) { return FleetStatus(s, o.watch); };
  const auto wait = [&o](Session& s) { return FleetWait(s, Seconds(o.timeout_seconds)); };
  CLI::App* fleet = Group(root, "fleet", "The fleet as a whole");
  Leaf(fleet, "status", "State of every target", o, chosen, status, watch);
  Leaf(fleet, "wait", "Wait until every target is Synced (exit 3 on time-out)", o, chosen, wait,
       [&o](CLI::App* leaf) { leaf->add_option("--timeout", o.timeout_seconds, "Seconds"); });
  Leaf(&root, "status", "The same as `fleet status`", o, chosen, status, watch);
  CLI::App* source = Group(root, "source", "Git repositories");
  Leaf(source, "list", "All followed references", o, chosen, SourceList);
  Leaf(
      source, "refresh", "Look at Git now", o, chosen,
      [&o](Session& s) { return SourceRefresh(s, o.repo); },
      [&o](CLI::App* leaf) { leaf->add_option("REPO", o.repo, "URL or path; default: all"); });
  Leaf(
      &root, "apply", "Create or change catalogue objects from YAML", o, chosen,
      [&o](Session& s) { return Apply(s, o.files); },
      [&o](CLI::App* leaf) {
        leaf->add_option("-f,--file", o.files, "File, or - for stdin")->required();
      });
}

int Main(int argc, char** argv) {
  CLI::App root("dunlin: admin command line of the Dunlin fleet syncer", "dunlin");
  root.require_subcommand(1);
  root.fallthrough();
  root.set_version_flag("--version", std::string("dunlin ") + kProductVersion);
  root.footer(
      "Exit codes: 0 ok, 2 usage or general, 3 timed out, 4 denied, 5 hub unreachable, 6 "
      "conflict.");
  Options options;
  const char* from_environment = std::getenv("DUNLIN_HUB");
  options.hub = from_environment != nullptr ? from_environment : kDefaultHub;
  root.add_option("--hub", options.hub, "Where the hub is: unix:PATH (environment: DUNLIN_HUB)");
  Action chosen;
  DeclareFleet(root, options, chosen);
  DeclareApps(root, options, chosen);
  DeclareClusters(root, options, chosen);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);  // --help, --version
    std::string what = error.what();
    // CLI11 asks for a verb where an unknown one was given.
    for (int i = 1; i < argc && root.get_subcommands().empty(); ++i) {
      if (argv[i][0] == '-' || std::string_view(argv[i - 1]) == "--hub") continue;
      what = std::string("no such verb: ") + argv[i];
      break;
    }
    std::fprintf(stderr, "error: %s\n  hint: dunlin --help, or --help after a verb\n",
                 what.c_str());
    return 2;
  }
  AdminClient client(options.hub);
  Session session{client, options.format};
  return chosen(session);
}

}  // namespace
}  // namespace dunlin::ctl

int main(int argc, char** argv) { return dunlin::ctl::Main(argc, argv); }
