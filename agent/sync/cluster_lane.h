// Our own apiserver: what it is (discovery, and whether it is the cluster that we were enrolled
// for), how its kinds merge (OpenAPI), and the watches that keep the live cache.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "agent/sync/world.h"
#include "protocol/base/backoff.h"

namespace dunlin::sync {

class ClusterLane {
 public:
  // kAway: not reachable, asked again later. kForeign: another cluster than ours; nothing is read
  // from it or written to it.
  enum class State { kIdle, kDiscovering, kKnown, kAway, kForeign };

  explicit ClusterLane(World& world) : world_(world) {}

  static bool Takes(const Event& event);
  void Resume(const Event& event, TimePoint now, Out& out);

  // How well the objects of a kind are known. kWaiting: its first list is on its way. kListed: its
  // watch is open. kBroken: it broke a moment ago. kFailed: see World::unreadable.
  enum class ListState { kNotWatched, kWaiting, kListed, kBroken, kFailed };

  // Asks for discovery (again): at the start, after CRDs were established, after a 404.
  void Rediscover(TimePoint now, Out& out);
  // What the desired and the recorded objects need: kinds with the version to watch them in (of the
  // manifests: live and desired must have one shape; one that is not served: the preferred one),
  // and merge tables. Kinds that are not served are remembered and watched once they are.
  void Require(std::map<plan::GroupKind, std::string> kinds,
               std::set<object::GroupVersion> versions, Out& out);
  // What is held of these kinds is not enough any more. REQUIRES: followed by Require.
  void ListAgain(const std::set<plan::GroupKind>& kinds, Out& out);
  bool Watches(const plan::GroupKind& kind) const { return watched_.contains(kind); }
  ListState ListOf(const plan::GroupKind& kind) const;
  // Every kind is as its open watch shows it, or known to be unreadable.
  bool Settled() const;
  std::optional<TimePoint> Wake() const;

  // The kinds are known, and the lists and schemas of these are here (or failed).
  bool Ready(const std::set<plan::GroupKind>& kinds,
             const std::set<object::GroupVersion>& versions) const;
  // How many times the kinds have been read.
  int64_t discoveries() const { return discoveries_; }
  bool Discovering() const { return state_ == State::kDiscovering; }
  // Our own cluster, seen at least once: it may be written to.
  bool Usable() const { return world_.facts.has_value() && state_ != State::kForeign; }
  State state() const { return state_; }

 private:
  struct Watched {
    std::string version;
    ListState list = ListState::kWaiting;
  };

  using WatchedMap = std::map<plan::GroupKind, Watched>;

  struct Row;
  static const Row kTable[];

  State OnDiscovered(const Event& event);
  State OnDiscoverFailed(const Event& event);
  State OnSchema(const Event& event);
  State OnSchemaFailed(const Event& event);
  State OnListed(const Event& event);
  State OnListFailed(const Event& event);
  State OnWatchBroken(const Event& event);
  State OnWatchResumed(const Event& event);
  State OnTick(const Event& event);
  State Stay(const Event& event);

  void StartWatches(Out& out);
  void StopWatches(Out& out);
  void OpenAgain(Out& out);
  void ClearUnreachable();
  WatchedMap::iterator Stop(WatchedMap::iterator it, Out& out);
  void AskForSchema(const object::GroupVersion& version, Out& out);

  World& world_;
  State state_ = State::kIdle;
  Backoff backoff_;
  TimePoint wake_{};
  int64_t discoveries_ = 0;
  bool away_ = false;   // the last discovery failed
  TimePoint asked_{};   // when it was answered or failed
  bool again_ = false;  // discovery was asked for while one was under way
  std::map<plan::GroupKind, std::string> kinds_;
  WatchedMap watched_;
  std::set<object::GroupVersion> schemas_wanted_;
  std::map<object::GroupVersion, TimePoint> schemas_failed_;  // asked again at

  TimePoint now_{};
  Out* out_ = nullptr;
};

std::string_view Name(ClusterLane::State state);

}  // namespace dunlin::sync
