#include "hub/ctl/cli.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "hub/ctl/commands.h"
#include "protocol/base/nearest.h"
#include "protocol/base/version.h"
#include "protocol/wire/exit_code.h"

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

std::vector<std::string> VerbsOf(const CLI::App& app) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  return verbs;
}

// The verb of that name, or nullptr.
const CLI::App* Below(const CLI::App& app, const std::string& word) {
  const auto named =
      app.get_subcommands([&word](const CLI::App* v) { return v->check_name(word); });
  return named.empty() ? nullptr : named.front();
}

int Usage(const std::string& message, const std::string& hint) {
  std::fputs(wire::ErrorText({"", message, "", hint}).c_str(), stderr);
  return wire::ExitCode(Errc::kInvalidArgument);
}

// What stands on the command line beside options and their values.
std::vector<std::string> Words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view before = argv[i - 1];
    const bool is_value = before == "--hub" || before == "-o" || before == "--output";
    if (argv[i][0] != '-' && !is_value) words.emplace_back(argv[i]);
  }
  return words;
}

// `help`, `help exit-codes`, `help app sync`.
int Help(const CLI::App& root, const std::vector<std::string>& words) {
  if (words.size() == 2 && words[1] == "exit-codes") {
    std::fputs(wire::ExitCodeTable().c_str(), stdout);
    return 0;
  }
  const CLI::App* at = &root;
  std::string above;
  for (size_t i = 1; i < words.size(); ++i) {
    const CLI::App* below = Below(*at, words[i]);
    if (below == nullptr) {
      std::vector<std::string> known = VerbsOf(*at);
      if (at == &root) known.emplace_back("exit-codes");
      return Usage("no such help topic: " + words[i] + DidYouMean(words[i], known),
                   "dunlin --help lists the verbs; one more topic is exit-codes");
    }
    above += (at == &root ? "" : " ") + at->get_name();
    at = below;
  }
  std::fputs(at->help(above).c_str(), stdout);
  return 0;
}

// CLI11 asks for a verb where an unknown one was given: this names it.
int ParseFailure(const CLI::App& root, const CLI::ParseError& error,
                 const std::vector<std::string>& words) {
  const CLI::App* at = &root;
  std::string above = root.get_name();
  for (const std::string& word : words) {
    const std::vector<std::string> verbs = VerbsOf(*at);
    if (verbs.empty()) break;
    const CLI::App* below = Below(*at, word);
    if (below == nullptr) {
      return Usage("no such verb: " + above + " " + word + DidYouMean(word, verbs),
                   above + " --help lists the verbs");
    }
    at = below;
    above += " " + word;
  }
  return Usage(error.what(), above + " --help");
}

}  // namespace

int Main(int argc, const char* const* argv) {
  CLI::App root("dunlin: admin command line of the Dunlin fleet syncer", "dunlin");
  root.require_subcommand(1);
  root.fallthrough();
  root.set_version_flag("--version", std::string("dunlin ") + kProductVersion);
  root.footer(wire::ExitCodeLine());
  Options options;
  const char* from_environment = std::getenv("DUNLIN_HUB");
  options.hub = from_environment != nullptr ? from_environment : kDefaultHub;
  root.add_option("--hub", options.hub, "Where the hub is: unix:PATH (environment: DUNLIN_HUB)");
  Action chosen;
  DeclareFleet(root, options, chosen);
  DeclareApps(root, options, chosen);
  DeclareClusters(root, options, chosen);
  root.add_subcommand("help", "Help on a verb, as it is typed, or on exit-codes");
  // Not left to CLI11, which would take the topic for a second verb.
  const std::vector<std::string> words = Words(argc, argv);
  if (!words.empty() && words[0] == "help") return Help(root, words);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);  // --help, --version
    return ParseFailure(root, error, words);
  }
  AdminClient client(options.hub);
  Session session{client, options.format};
  return chosen(session);
}

}  // namespace dunlin::ctl
