#include "hub/ctl/cli.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <limits>
#include <optional>

#include "hub/ctl/commands.h"
#include "protocol/base/version.h"
#include "protocol/cli/command_line.h"
#include "protocol/cli/help.h"

namespace dunlin::ctl {
namespace {

constexpr const char* kDefaultHub = "unix:/run/dunlin-hub/admin.sock";
constexpr int kLongestWaitSeconds = 24 * 3600;

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
  cli::AddOutput(*leaf, options.format);
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
        cli::AddRepeatable(*leaf, "-l,--label", o.cluster.labels, "key=value, repeatable");
        leaf->add_option("--server", o.cluster.server, "apiserver URL that Applications name");
        cli::TakesNumber(
            leaf->add_option("--token-hours", o.cluster.token_hours, "Life of the token"), 1, 24);
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
        CLI::Option* id = leaf->add_option(
            "ID", o.history_id, "Entry of `app history`; default: the one before what runs now");
        cli::TakesNumber(id, 1, std::numeric_limits<int64_t>::max());
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
       [&o](CLI::App* leaf) {
         cli::TakesNumber(leaf->add_option("--timeout", o.timeout_seconds, "Seconds"), 0,
                          kLongestWaitSeconds);
       });
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
        cli::AddRepeatable(*leaf, "-f,--file", o.files, "File, or - for stdin; repeatable")
            ->required();
      });
}

int Run(int argc, const char* const* argv) {
  CLI::App root("dunlin: admin command line of the Dunlin fleet syncer", "dunlin");
  root.require_subcommand(1);
  root.fallthrough();
  root.set_version_flag("--version", std::string("dunlin ") + kProductVersion);
  root.footer(cli::HelpFooter());
  Options options;
  const char* from_environment = std::getenv("DUNLIN_HUB");
  options.hub = from_environment != nullptr ? from_environment : kDefaultHub;
  root.add_option("--hub", options.hub, "Where the hub is: unix:PATH (environment: DUNLIN_HUB)");
  cli::AddOutput(root, options.format);  // before the verb as well as behind it
  Action chosen;
  DeclareFleet(root, options, chosen);
  DeclareApps(root, options, chosen);
  DeclareClusters(root, options, chosen);
  root.add_subcommand("help", "Help on a verb, as it is typed, or on a topic");
  const std::optional<int> done = cli::Parse(root, argc, argv);
  if (done) return *done;
  AdminClient client(options.hub);
  Session session{client, options.format, cli::TerminalWidth()};
  return chosen(session);
}

}  // namespace

int Main(int argc, const char* const* argv) {
  cli::GuardStandardStreams();
  return cli::Finish(Run(argc, argv));
}

}  // namespace dunlin::ctl
