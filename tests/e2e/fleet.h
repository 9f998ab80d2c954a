// A whole fleet in one directory: a Git repository, dunlin-hub, and an agent per cluster, all as
// the real programs. Everything ends with the fixture.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/plane.h"

namespace dunlin::e2e {

// A repository with a work tree that the test edits and a bare one that the hub follows.
class GitRepository {
 public:
  static Result<GitRepository> Create(const std::string& directory);
  const std::string& bare() const { return bare_; }
  const std::string& tree() const { return tree_; }

  // Replaces files by path; an empty optional removes one.
  Status Write(const std::string& path, std::string_view text);
  Status Remove(const std::string& path);
  Status CopyIn(const std::string& from, const std::string& path);
  // Replaces a text that occurs once in a file.
  Status Edit(const std::string& path, std::string_view from, std::string_view to);
  // Commits everything and pushes it to the bare repository; the commit id.
  Result<std::string> Push(const std::string& message);
  Result<std::string> Git(std::vector<std::string> arguments);

 private:
  std::string tree_;
  std::string bare_;
};

struct FleetOptions {
  std::string fleet_path = "catalogue";  // of the App objects in the repository; empty: none
  std::string fleet_repo;                // its address; empty: the local directory
  Millis poll{1000};                     // of the hub's Git sources
  std::string extra_git;                 // lines for the block git of hub.yaml, indented
  std::string extra_config;              // lines for hub.yaml
};

class Fleet {
 public:
  static Result<Fleet> Create(const std::string& directory, FleetOptions options = {});

  GitRepository& git() { return *git_; }
  std::string directory() const { return directory_; }
  std::string hub_data() const { return directory_ + "/hub"; }
  std::string state(const std::string& cluster) const { return directory_ + "/agent-" + cluster; }

  Status StartHub();
  void KillHub();    // SIGKILL
  Status StopHub();  // SIGTERM, waits for exit 0
  uint16_t agents_port() const { return agents_port_; }
  pid_t hub_pid() const { return hub_->pid(); }

  // `dunlin cluster add`, then the printed command: dunlin-agent enroll.
  Status Enroll(const std::string& cluster, const std::string& region,
                const std::string& kubeconfig, std::vector<std::string> labels = {"tier=edge"});
  // The same for another agent than the one that bears the cluster's name.
  Status EnrollAs(const std::string& agent, const std::string& cluster, const std::string& region,
                  const std::string& kubeconfig, std::vector<std::string> labels = {"tier=edge"});
  Status StartAgent(const std::string& cluster, const std::string& kubeconfig);
  // With what says where the apiserver is in the arguments and the environment.
  Status StartAgent(const std::string& cluster, std::vector<std::string> arguments,
                    std::map<std::string, std::string> env);
  std::string agent_log(const std::string& cluster) const {
    return directory_ + "/agent-" + cluster + ".log";
  }
  void KillAgent(const std::string& cluster);
  Status StopAgent(const std::string& cluster);
  pid_t agent_pid(const std::string& cluster) const { return agents_.at(cluster).pid(); }

  // The admin command line, with -o json for Json().
  Result<support::Finished> Dunlin(std::vector<std::string> arguments);
  Result<object::Value> Json(std::vector<std::string> arguments);

  // One target of `dunlin status`, or an error that says what there was.
  Result<object::Value> Target(const std::string& app, const std::string& cluster);
  // Follows `dunlin status -w` until the predicate holds for the document.
  using Predicate = std::function<bool(const object::Value& status)>;
  Status WaitStatus(const std::string& what, const Predicate& predicate,
                    Millis limit = Seconds(60));
  // Until every target (at least `count`) is Synced at `revision` (empty: any).
  Status WaitSynced(size_t count, const std::string& revision, Millis limit = Seconds(60));
  // The same without waiting for health: Progressing counts (no controllers run, so no pod starts).
  Status WaitApplied(size_t count, const std::string& revision, Millis limit = Seconds(60));
  // Until a problem with this code or text shows for the target.
  Status WaitProblem(const std::string& app, const std::string& cluster, const std::string& text,
                     Millis limit = Seconds(60));

 private:
  Fleet() = default;
  Status WaitStates(size_t count, const std::string& revision, const std::set<std::string>& states,
                    Millis limit);
  std::string directory_;
  FleetOptions options_;
  uint16_t agents_port_ = 0;
  std::unique_ptr<GitRepository> git_;
  std::optional<support::Child> hub_;
  std::map<std::string, support::Child> agents_;
};

// A path of the build's own programs: Program("dunlin").
std::string Program(const std::string& name);

// The last lines of a log, for failure messages.
std::string Tail(const std::string& file);

}  // namespace dunlin::e2e
