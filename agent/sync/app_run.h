// The run of one app: what is open, what went wrong, what was done. Plain data of the app lane.
//
//   idle → waiting → announcing → applying ⇄ gating → clearing → pruning → closing → idle or
//   pausing
//
// A newer statement, a retry or a change of what the cluster serves puts the app back to waiting,
// between two steps: a run is made anew from what is live and recorded, so nothing of an old plan
// has to be undone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/plan/plan.h"
#include "agent/sync/contest.h"
#include "protocol/base/backoff.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/object/resource_key.h"
#include "protocol/wire/report.h"

namespace dunlin::sync {

enum class AppState {
  kIdle,        // everything that can be done is done; watches for drift
  kWaiting,     // for the cluster's lists, or for the apps it depends on
  kAnnouncing,  // the write-ahead records and the parent are being stored
  kApplying,    // the writes of one stage are in flight
  kGating,      // waits for health, for hooks, or for new kinds to be served
  kClearing,    // hooks that are over are being deleted, as their policy says
  kPruning,     // what the statement gave up is being removed
  kClosing,     // the parent is being brought up to date
  kPausing,     // something failed: again when it is due
};
std::string_view Name(AppState state);

// One object that has to be looked at or written.
struct Work {
  enum class State { kOpen, kBusy, kLater };
  State state = State::kOpen;
  std::optional<plan::Step> prune;      // set for steps that remove
  plan::DesiredPtr hook;                // set for a hook to start: its document
  std::optional<plan::HookTask> clear;  // set for a hook to delete
  TimePoint due{};                      // of kLater
  int rereads = 0;                      // without a pause in between
  bool must_read = false;               // the cache does not know enough: GET first
  bool looked = false;                  // the namespace that goes was looked into: nothing is lost
  std::optional<object::Value> read;    // what the GET answered; for the next decision only
};
// Finished ones are taken out.
using WorkMap = std::map<object::ResourceKey, Work>;

// Why an object is not as it should be, and when to try again. Outlives the run.
struct Trouble {
  Backoff fast;
  Backoff slow{{.fast_tries = 0}};
  TimePoint due{};
  bool failed = false;       // the fast tries are over, or trying again at once is useless
  bool unreachable = false;  // the apiserver did not answer at all
  bool kind_missing = false;
  wire::Problem problem;
};

struct AppRun {
  std::string name;
  AppState state = AppState::kIdle;
  bool wants_plan = false;
  bool removed = false;  // not in the statement any more
  bool gone = false;     // and its parent is removed, too
  int priority = 0;
  std::set<plan::GroupKind> kinds;  // whose lists it needs
  std::set<object::GroupVersion> versions;

  // Of the run under way.
  std::optional<plan::AppPlan> plan;
  size_t stage = 0;  // index into plan->stages, later into plan->prune
  WorkMap work;
  bool sync_failed = false;                            // SyncFail is what is left to do
  std::set<object::ResourceKey> hook_keys;             // that the run starts or deletes
  std::map<object::ResourceKey, TimePoint> hook_lost;  // started, not there: since when
  TimePoint hook_due{};                                // when a hook is looked at again
  bool prune_waits = false;             // for lists: what goes is decided with all of them at hand
  std::set<object::ResourceKey> going;  // deleted, and still there
  bool ended = true;                    // the run has its result; only the parent is left to write
  bool changed = false;       // something was written since the parent was brought up to date
  uint64_t stored_after = 0;  // write-ahead records are on disk once this many transactions ended
  TimePoint gone_by{};        // how long a prune stage waits for objects to be gone
  Backoff gate_backoff;
  TimePoint gate_due{};  // when discovery is asked for again

  // The parent ConfigMap.
  enum class Parent { kNone, kSuperset, kFinal, kRemove };
  Parent parent = Parent::kNone;
  bool parent_busy = false;
  uint64_t parent_version = 0;  // of the wanted content
  uint64_t parent_sent = 0;     // of the content in flight
  Backoff parent_backoff;
  TimePoint parent_due{};
  std::optional<wire::Problem> parent_problem;
  bool parent_ours = false;     // it was written, by this process
  bool parent_foreign = false;  // somebody else's: nothing of the app is applied or pruned

  // Outside of runs.
  int in_flight = 0;                    // requests, those of a replaced run included
  WorkMap repairs;                      // drift to look at
  std::set<object::ResourceKey> drift;  // seen, and not repaired by policy
  std::map<object::ResourceKey, Trouble> troubles;
  std::map<object::ResourceKey, Contest> contests;  // of what was set back a moment ago
  TimePoint contests_due{};                         // when one has to be looked at; zero: none
  std::vector<std::string> waits_for;               // apps
  Backoff kinds_backoff{{.fast_tries = 0}};
  TimePoint kinds_due{};  // look again for kinds that are not served; zero: none

  // For the log.
  struct Untold {
    static constexpr size_t kNames = 5;  // of the pruned, that are named
    int64_t created = 0, configured = 0, pruned = 0, released = 0;
    std::vector<std::string> names;
    void Add(const wire::Counts& counts);
    void AddName(const object::ResourceKey& key);
    bool Wrote() const { return created + configured + pruned + released > 0; }
  };
  Untold untold;             // done since the last run that was told
  std::string told_failure;  // why that one had failed; empty: it had not
  std::string told_held;     // why it removed nothing

  // For the report.
  wire::Counts counts;       // of this run
  wire::Counts last_counts;  // of the last run that did something
  int64_t conflicts = 0, last_conflicts = 0;
  int64_t drift_repaired = 0;
  int64_t applied_seq = 0;  // of the statement that is fully applied
  BundleDigest planned_bundle;
  BundleDigest applied_bundle;
  TimePoint applied{};
  std::string prune_refused;
  bool prune_allowed = true;            // by the head and the database, when it was planned
  std::vector<plan::Problem> problems;  // of the plan
  std::set<std::string> api_warnings;   // texts of the apiserver's Warning headers
  // Nothing of a run is open.
  bool quiet() const {
    return (state == AppState::kIdle || state == AppState::kPausing) && repairs.empty() &&
           in_flight == 0 && !wants_plan;
  }
};

}  // namespace dunlin::sync
