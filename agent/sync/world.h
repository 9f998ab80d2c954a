// What the lanes of the machine share: plain data. The hub lane owns trust and bundles, the cluster
// lane owns what the apiserver is and shows, the app lane owns the inventory.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/sync/event.h"
#include "agent/sync/hook_store.h"
#include "agent/sync/inventory.h"
#include "agent/sync/live_cache.h"
#include "agent/sync/poll_answer.h"
#include "protocol/base/time.h"
#include "protocol/trust/documents.h"

namespace dunlin::sync {

struct Config {
  std::string agent_version;
  std::string agent_namespace = "dunlin-system";
  uint64_t seed = 1;  // of the jitter and of report ids: same seed, same trace
  Millis max_head_life{60 * 60 * 1000};
};

// SplitMix64: jitter and ids need spread, not secrecy, and a run must be repeatable.
class Jitter {
 public:
  explicit Jitter(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  std::string Uuid();

 private:
  uint64_t state_;
};

struct Counters {
  std::map<std::pair<std::string, std::string>, int64_t> applies;  // (verb, result)
  int64_t conflicts = 0;
  int64_t drift_repaired = 0;
  int64_t syncs_ok = 0;
  int64_t syncs_failed = 0;
};

// Codes of problems that a target's report takes over from the agent's.
inline constexpr const char* kUnreachable = "apiserver_unreachable";
inline constexpr const char* kOtherCluster = "other_cluster";
inline constexpr const char* kBundleUnavailable = "bundle_unavailable";

inline constexpr const char* kContestedHint =
    "stop the other writer, or leave it the fields: sync.ignore of the App (ignoreDifferences of "
    "an Application)";

// An app whose bundle, listed by the accepted statement, cannot be fetched.
struct Behind {
  int64_t seq = 0;    // of the statement that what is in force comes from
  bool runs = false;  // an older bundle is in force; false: nothing is
  std::string why;
};

struct World {
  explicit World(Config c) : config(std::move(c)), jitter(config.seed) {}

  Config config;
  Jitter jitter;
  Counters counters;

  // hub
  Identity identity;
  trust::TrustedState trusted;
  // What is in force: the accepted statement, with the last accepted entries for apps in `behind`.
  std::optional<trust::Statement> statement;
  std::map<AppName, Behind> behind;
  BundlePool bundles;              // of the statement, and announced ones
  std::vector<BundleDigest> held;  // in the store, newest first
  std::string reset_reason;
  int64_t reset_seq = 0;  // nothing is pruned by a statement up to this one
  TimePoint received{};
  TimePoint verified{};

  // cluster
  std::optional<ClusterFacts> facts;
  std::map<object::GroupVersion, SchemaPtr> schemas;
  std::set<object::GroupVersion> schemas_missing;  // asked for and not here: not read, or refused
  LiveCache live;
  // Kinds of which nothing is known now. Nothing missing in `live` is missing for that reason.
  std::map<plan::GroupKind, wire::Problem> unreadable;  // their list or watch failed, and why
  std::set<plan::GroupKind> unlisted;                   // their first list is on its way

  // apps
  InventoryStore inventory;
  HookStore hooks;
  std::set<std::string> keep_on_removal;  // StoreIntent's: the policy of apps that have left
  // Not named by a statement with `keep`: their objects stay, nothing of them is managed. Until a
  // statement names them, or the agent restarts.
  std::set<std::string> kept;

  // Problems of the agent itself, by code: what a report carries beside the targets.
  std::map<std::string, wire::Problem> problems;
  bool problems_moved = false;

  void Raise(std::string code, std::string message, std::string hint);
  void Clear(const std::string& code);
  // Everything that the accepted statement lists is in force, and every bundle is in the pool.
  bool StatementComplete() const;
  // Of the statement that the app's bundle in force comes from. REQUIRES: statement
  int64_t SeqOf(const std::string& app) const;
  // Whether what is gone from the statement may be removed: the head is in its time, and the
  // database was not lost before this statement.
  bool MayPrune(TimePoint now) const;
};

// Collects what one Resume asks for.
class Out {
 public:
  void Do(Action action) { step_.actions.push_back(std::move(action)); }
  void Tell(Note note) { step_.notes.push_back(std::move(note)); }
  void WakeAt(std::optional<TimePoint> time) {
    if (time && (!step_.wake || *time < *step_.wake)) step_.wake = time;
  }
  void Fatal(Error error) { step_.fatal = std::move(error); }
  Step Take() { return std::move(step_); }

 private:
  Step step_;
};

// Index of an event kind, for transition tables.
template <typename T, size_t I = 0>
constexpr size_t EventIndex() {
  static_assert(I < std::variant_size_v<Event>, "no such event");
  if constexpr (std::is_same_v<std::variant_alternative_t<I, Event>, T>) {
    return I;
  } else {
    return EventIndex<T, I + 1>();
  }
}

// An event without a row is a bug that must not be survived: prints both names and aborts.
[[noreturn]] void NoTransition(std::string_view lane, std::string_view state, const Event& event);

}  // namespace dunlin::sync
