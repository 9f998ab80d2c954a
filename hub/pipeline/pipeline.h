// The hub's pipeline as a machine: what to fetch, which targets to render, what every failure means
// for a target, what to publish. It performs nothing: the driver (hub/app) asks for the next task,
// does it, and says what came of it. One rule above all: a failure keeps the last good bundle of
// its target, and only an App that left the catalogue (or no longer selects a cluster) takes its
// target out of a statement.
//
//   SetCatalogue → Followed → (fetch) → OnFetched → NextTask → (tree) → PlanTask → (render) →
//   OnRendered → Collect → (publish) → Published
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hub/catalog/targets.h"
#include "hub/pipeline/problem.h"
#include "hub/pipeline/render_plan.h"
#include "hub/pipeline/seal.h"
#include "protocol/trust/documents.h"
#include "protocol/wire/poll.h"

namespace dunlin::hub {

using TargetKey = std::pair<std::string, ClusterId>;  // (app, cluster)

// What Git says of a target that a rollback holds at something else.
struct HeldBack {
  BundleDigest bundle;  // of its newest render
  std::string commit;   // that was rendered
  std::string inputs;   // of that render: RenderKey without the cluster's facts; empty: not known
  bool operator==(const HeldBack&) const = default;
};

// The durable part of what is known of one target.
struct TargetMemory {
  std::string revision;                // of the last good render
  std::optional<BundleDigest> bundle;  // absent: never rendered successfully
  int64_t raw_bytes = 0;
  int64_t objects = 0;
  bool prune = true;
  std::string render_key;  // of `bundle`; empty while a rollback holds the target, as `reads` is
  std::string reads;
  std::string failed_revision;
  wire::Problem problem;              // code empty: none
  std::optional<HeldBack> held_back;  // only while a rollback holds it
  bool operator==(const TargetMemory&) const = default;
};

// When a target's last change passed each step; zero before.
struct StepTimes {
  TimePoint noticed{};  // the look at Git that found it began
  TimePoint resolved{};
  TimePoint rendered{};
  TimePoint published{};
};

// A repository and what is followed in it.
struct FollowedRepo {
  std::string repo;    // what to fetch
  std::string source;  // name of the Source; empty: no credentials
  std::set<std::string> revisions;
};

struct ResolvedRef {
  std::string revision;  // as asked for
  Result<RevisionId> commit = RevisionId();
};

// Targets of one commit that have to be looked at.
struct CommitTask {
  std::string repo_key;
  RevisionId commit;
  struct Member {
    TargetKey key;
    uint64_t generation = 0;  // of the target's inputs when the task was made
  };
  std::vector<Member> members;
};

// What must be rendered of a task: job i renders `targets[i]`.
struct TaskPlan {
  RenderPlan plan;
  std::vector<RenderInput> inputs;                         // one per member
  std::vector<std::shared_ptr<const catalog::App>> specs;  // one per job
};

// What one publish changes.
struct Publication {
  std::map<ClusterId, std::map<AppName, trust::StatementApp>> contents;  // whole content each
  std::vector<TargetKey> changed;                                        // rows to write
  std::vector<TargetKey> removed;
  std::map<std::string, std::string> history;  // app -> cause: "commit", "catalogue", "rollback"
  // Of `contents`: their agents hold what the database does not know (Pipeline::Recover).
  std::set<ClusterId> restored;
  std::map<ClusterId, std::set<AppName>> confirmed;  // of `contents`: removals to confirm
  bool empty() const { return contents.empty() && changed.empty() && removed.empty(); }
};

// What a rollback gives one cluster.
struct OldBundle {
  BundleDigest bundle;
  int64_t raw_bytes = 0;
  int64_t objects = 0;
  std::string revision;
};

class Pipeline {
 public:
  struct Config {
    std::string kube_version = "v1.36.0";  // for clusters that have not told theirs
  };
  struct Target {
    TargetMemory memory;
    std::string cluster_name;
    std::shared_ptr<const catalog::TargetSpec> spec;  // null: it cannot be resolved now
    std::string pending;  // a commit that waits for `app sync`, or behind a rollback
    StepTimes times;
    // Bookkeeping of the machine.
    std::string inputs;            // fingerprint of spec and policy
    std::string evaluated;         // commit it was last looked at
    uint64_t generation = 0;       // counts changes of its inputs
    bool dirty = true;             // look again even at the same commit
    bool waits_for_facts = false;  // rendered with facts that its agent has not told again yet
    bool retry = false;            // the failure may pass: look again after the next fetch
    bool released = false;         // `app sync` lets a manual app advance
    bool lost = false;             // the file of its bundle is gone: render it again
    bool to_pin = false;           // it has something else than the entry of its app's rollback
    RenderMemory behind;           // of the render that memory.held_back tells of
    bool mass_prune = false;       // for the next statement only
    bool row_changed = false;      // memory differs from what is stored
    bool bundle_changed = false;
    std::string cause = "commit";
  };

  explicit Pipeline(Config config) : config_(std::move(config)) {}

  // The history entry that a rollback holds an app at.
  struct Pin {
    std::string commit;            // empty: the entry is not kept any more
    std::set<ClusterId> clusters;  // that have a bundle in it
  };
  using Pins = std::map<std::string, Pin>;  // by app

  // What the database holds. REQUIRES: called once, first.
  void Restore(std::map<TargetKey, TargetMemory> targets, Pins pinned);
  void RestoreRef(const std::string& repo_key, const std::string& revision, RevisionId commit);

  // The catalogue in force; `ids` maps cluster names to their UUIDs.
  void SetCatalogue(const catalog::Catalogue& catalogue,
                    const std::map<std::string, ClusterId>& ids);
  // What a cluster's agent says that it runs on. Empty versions (apiserver away) change nothing.
  void SetFacts(const ClusterId& cluster, const wire::Facts& facts);
  // The cluster can take statements: its agent has enrolled, its row has changed.
  void Enroll(const ClusterId& cluster);

  // The database is an older copy: the cluster's agent holds a statement that it does not know.
  // From now on nothing is published for the cluster before the fleet repository (empty: there is
  // none) and every source of its targets were looked at again and all its targets were rendered
  // from what Git says then; otherwise the content of the copy would be pruned down to. False when
  // that is known already.
  bool Recover(const ClusterId& cluster, const std::string& fleet_repo_key);
  // Its agent has taken a statement of this database. False when nothing was wrong with it.
  bool Recovered(const ClusterId& cluster);
  // For each such cluster what its statement waits for; empty: only for the agent.
  std::map<ClusterId, std::string> Recovering() const;
  // A look at a repository begins; the catalogue is what the look at the fleet repository found.
  void LookBegins(const std::string& repo_key) { begun_[repo_key] = moment_; }
  void CatalogueRead(const std::string& repo_key) { catalogue_read_ = begun_[repo_key]; }

  std::map<std::string, FollowedRepo> Followed() const;  // by repository key
  // Repositories with a reason to look at them now; clears it.
  std::set<std::string> TakeTriggers();

  void OnFetched(const std::string& repo_key, const std::vector<ResolvedRef>& refs,
                 TimePoint noticed, TimePoint now);
  // The whole fetch failed.
  void OnFetchFailed(const std::string& repo_key, const Error& error);

  std::optional<CommitTask> NextTask(const std::string& repo_key);
  TaskPlan PlanTask(const CommitTask& task, const TreeIndex& tree);
  // `results[i]` is of job i of the plan. REQUIRES: equal sizes.
  void OnRendered(const CommitTask& task, const TaskPlan& plan,
                  const std::vector<JobResult>& results, TimePoint now);
  // The task as a whole could not be done: no tree, no sandbox.
  void OnTaskFailed(const CommitTask& task, Stage stage, const Error& error);

  // kNotFound when the app has no target. Ends a rollback and looks again at everything.
  Status Sync(const std::string& app, bool allow_mass_prune);
  // The next statement of the cluster says that the removal of the app is meant, unless the app is
  // wanted there again.
  void ConfirmRemoval(const std::string& app, const ClusterId& cluster);
  // Gives clusters old bundles again and holds the app there while Git says of it what it says now:
  // commits that leave its bundles as they are do not end a rollback. `commit` is the entry's,
  // which clusters without an old bundle are rendered at. kNotFound: no cluster of it is a target.
  Status Rollback(const std::string& app, const std::map<ClusterId, OldBundle>& bundles,
                  const std::string& commit);
  // No longer when Git says something else of it than what the rollback went away from.
  bool Pinned(const std::string& app) const { return pinned_.contains(app); }

  // The files of these bundles are gone or damaged: renders their targets again, those that do not
  // follow Git now at the commit that they have. The apps of which that is news.
  std::set<std::string> Lost(const std::set<BundleDigest>& bundles);

  // What differs from what was published; nothing is forgotten before Published.
  Publication Collect() const;
  void Published(const Publication& publication, TimePoint now);

  const std::map<TargetKey, Target>& targets() const { return targets_; }
  // Problems of apps as a whole (a cluster that does not exist …).
  const std::map<std::string, wire::Problem>& app_problems() const { return app_problems_; }
  // The last commit and error of a followed reference; null when never looked at.
  struct Ref {
    RevisionId commit;
    std::optional<Error> error;
    int failures = 0;
    TimePoint noticed{};
    TimePoint resolved{};
    uint64_t looked = 0;  // begin of the last look that found the commit, as LookBegins counts
  };
  const Ref* FindRef(const std::string& repo_key, const std::string& revision) const;
  // Why the last look at the reference of a target found nothing, if it did not.
  std::optional<wire::Problem> LookProblem(const Target& target) const;
  // Why the reference of a target cannot be followed now, once that lasts. What was rendered of its
  // last commit stays right meanwhile: this makes no target Failed.
  std::optional<wire::Problem> SourceProblem(const Target& target) const;

 private:
  using RefKey = std::pair<std::string, std::string>;  // (repository key, revision)

  void TakeTarget(const catalog::TargetSpec& spec);
  void RemoveUnwanted(const catalog::Catalogue& catalogue, const std::set<TargetKey>& resolved,
                      const std::map<ClusterId, std::string>& names);
  void FailRef(const std::string& repo_key, const std::string& revision, const Error& error);
  void SetProblem(Target& target, wire::Problem problem);
  void Fail(Target& target, const RevisionId& commit, const Error& error,
            const FailureContext& context);
  void TakeBundle(const TargetKey& key, const JobResult& result, const RenderInput& input,
                  const RevisionId& commit, TimePoint now);
  RenderInput InputOf(const TargetKey& key, const Target& target) const;
  // The commit to render it at now.
  std::optional<RevisionId> Due(const TargetKey& key, const Target& target) const;
  // Whether a result of that commit shows what a rollback holds back, instead of what to publish.
  bool IsBehind(const TargetKey& key, const Target& target, const RevisionId& commit) const;
  bool EndsRollback(const Target& target, const JobResult& result, const RenderInput& input,
                    const RevisionId& commit) const;
  void TakeBehind(Target& target, const JobResult& result, const RenderInput& input,
                  const RevisionId& commit);
  void HoldBack(const TargetKey& key, Target& target);
  void EndRollback(const std::string& app, const std::set<TargetKey>& taken);
  void FollowAgain(Target& target);
  bool MayAdvance(const TargetKey& key, const Target& target) const;
  void Reconsider(Target& target);
  struct Recovery {
    uint64_t since = 0;  // looks that began before do not count
    std::string fleet_repo_key;
  };
  std::string WaitsFor(const TargetKey& key, const Target& target, uint64_t since) const;

  Config config_;
  std::map<TargetKey, Target> targets_;
  std::map<RefKey, Ref> refs_;
  std::map<ClusterId, wire::Facts> facts_;
  Pins pinned_;
  std::set<std::string> triggers_;
  std::set<TargetKey> removed_;
  std::set<TargetKey> confirmed_;  // removals that a person has confirmed, not yet published
  std::set<ClusterId> republish_;  // their content may have changed
  std::map<std::string, wire::Problem> app_problems_;
  std::map<ClusterId, Recovery> recovering_;
  uint64_t moment_ = 0;                    // counts recoveries
  std::map<std::string, uint64_t> begun_;  // repository key -> moment of its last look
  uint64_t catalogue_read_ = 0;
};

}  // namespace dunlin::hub
