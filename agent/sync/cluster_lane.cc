#include "agent/sync/cluster_lane.h"

#include <algorithm>
#include <utility>

namespace dunlin::sync {

namespace {
constexpr Millis kSchemaPause{10000};
// One kind may fail again and again while the apiserver is well.
constexpr Millis kProbePause{10000};
constexpr std::string_view kAwayHint =
    "check that it is up, and the address and credentials in the agent's kubeconfig; the agent "
    "tries again by itself, and removes nothing meanwhile";

// Not this kind alone, as far as one answer can tell.
bool IsAway(const ApiFailure& failure) {
  return failure.http == 0 || failure.http == 401 || failure.http == 429 || failure.http >= 500;
}

wire::Problem ProblemOf(const plan::GroupKind& kind, const ApiFailure& failure) {
  if (IsAway(failure)) {
    return {"", kUnreachable, "the apiserver does not answer: " + failure.message,
            std::string(kAwayHint)};
  }
  return {kind.Text(), failure.http == 403 ? "forbidden" : "list_failed",
          kind.Text() + " cannot be listed and watched: " + failure.message,
          "give the agent's account the rights list and watch on it (RBAC); changes in the cluster "
          "are not seen and nothing of this kind is pruned meanwhile"};
}
}  // namespace

struct ClusterLane::Row {
  State from;
  size_t on;
  State (ClusterLane::*act)(const Event&);
};

// clang-format off
const ClusterLane::Row ClusterLane::kTable[] = {
    {State::kIdle,        EventIndex<Tick>(),           &ClusterLane::Stay},
    {State::kDiscovering, EventIndex<Discovered>(),     &ClusterLane::OnDiscovered},
    {State::kDiscovering, EventIndex<DiscoverFailed>(), &ClusterLane::OnDiscoverFailed},
    {State::kDiscovering, EventIndex<SchemaLoaded>(),   &ClusterLane::OnSchema},
    {State::kDiscovering, EventIndex<SchemaFailed>(),   &ClusterLane::OnSchemaFailed},
    {State::kDiscovering, EventIndex<Listed>(),         &ClusterLane::OnListed},
    {State::kDiscovering, EventIndex<ListFailed>(),     &ClusterLane::OnListFailed},
    {State::kDiscovering, EventIndex<WatchBroken>(),    &ClusterLane::OnWatchBroken},
    {State::kDiscovering, EventIndex<WatchResumed>(),   &ClusterLane::OnWatchResumed},
    {State::kDiscovering, EventIndex<Tick>(),           &ClusterLane::Stay},
    {State::kKnown,       EventIndex<SchemaLoaded>(),   &ClusterLane::OnSchema},
    {State::kKnown,       EventIndex<SchemaFailed>(),   &ClusterLane::OnSchemaFailed},
    {State::kKnown,       EventIndex<Listed>(),         &ClusterLane::OnListed},
    {State::kKnown,       EventIndex<ListFailed>(),     &ClusterLane::OnListFailed},
    {State::kKnown,       EventIndex<WatchBroken>(),    &ClusterLane::OnWatchBroken},
    {State::kKnown,       EventIndex<WatchResumed>(),   &ClusterLane::OnWatchResumed},
    {State::kKnown,       EventIndex<Tick>(),           &ClusterLane::OnTick},
    {State::kAway,        EventIndex<SchemaLoaded>(),   &ClusterLane::OnSchema},
    {State::kAway,        EventIndex<SchemaFailed>(),   &ClusterLane::OnSchemaFailed},
    {State::kAway,        EventIndex<Listed>(),         &ClusterLane::OnListed},
    {State::kAway,        EventIndex<ListFailed>(),     &ClusterLane::OnListFailed},
    {State::kAway,        EventIndex<WatchBroken>(),    &ClusterLane::OnWatchBroken},
    {State::kAway,        EventIndex<WatchResumed>(),   &ClusterLane::OnWatchResumed},
    {State::kAway,        EventIndex<Tick>(),           &ClusterLane::OnTick},
    {State::kForeign,     EventIndex<SchemaLoaded>(),   &ClusterLane::Stay},
    {State::kForeign,     EventIndex<SchemaFailed>(),   &ClusterLane::Stay},
    {State::kForeign,     EventIndex<Listed>(),         &ClusterLane::Stay},
    {State::kForeign,     EventIndex<ListFailed>(),     &ClusterLane::Stay},
    {State::kForeign,     EventIndex<WatchBroken>(),    &ClusterLane::Stay},
    {State::kForeign,     EventIndex<WatchResumed>(),   &ClusterLane::Stay},
    {State::kForeign,     EventIndex<Tick>(),           &ClusterLane::OnTick},
};
// clang-format on

std::string_view Name(ClusterLane::State state) {
  switch (state) {
    case ClusterLane::State::kIdle:
      return "idle";
    case ClusterLane::State::kDiscovering:
      return "discovering";
    case ClusterLane::State::kKnown:
      return "known";
    case ClusterLane::State::kAway:
      return "away";
    case ClusterLane::State::kForeign:
      return "foreign";
  }
  return "idle";
}

bool ClusterLane::Takes(const Event& event) {
  for (const Row& row : kTable) {
    if (row.on == event.index()) return true;
  }
  return false;
}

void ClusterLane::Resume(const Event& event, TimePoint now, Out& out) {
  now_ = now;
  out_ = &out;
  const Row* found = nullptr;
  for (const Row& row : kTable) {
    if (row.from == state_ && row.on == event.index()) found = &row;
  }
  if (found == nullptr) NoTransition("cluster", Name(state_), event);
  state_ = (this->*found->act)(event);
  out_ = nullptr;
}

std::optional<TimePoint> ClusterLane::Wake() const {
  std::optional<TimePoint> wake;
  if (state_ == State::kAway || state_ == State::kForeign) wake = wake_;
  if (state_ != State::kKnown && state_ != State::kAway) return wake;
  for (const auto& [version, time] : schemas_failed_) {
    if (!wake || time < *wake) wake = time;
  }
  return wake;
}

ClusterLane::State ClusterLane::Stay(const Event&) { return state_; }

void ClusterLane::Rediscover(TimePoint now, Out& out) {
  now_ = now;
  if (state_ == State::kDiscovering) {
    again_ = true;
    return;
  }
  out.Do(Discover{});
  state_ = State::kDiscovering;
}

ClusterLane::State ClusterLane::OnDiscovered(const Event& event) {
  const ClusterFacts& facts = std::get<Discovered>(event).facts;
  const std::string& enrolled = world_.identity.kube_uid;
  const std::string ours = enrolled.empty() ? world_.trusted.kube_uid : enrolled;
  const bool was_away = std::exchange(away_, false);
  asked_ = now_;
  if (!ours.empty() && facts.kube_uid != ours) {
    world_.facts.reset();
    StopWatches(*out_);
    ClearUnreachable();
    world_.Raise(kOtherCluster,
                 "the apiserver's address leads to the cluster " + facts.kube_uid +
                     ", this agent was enrolled for " + ours + " (UID of kube-system)",
                 "correct the kubeconfig, or enrol this agent anew if the cluster was made anew; "
                 "nothing is read or written meanwhile");
    wake_ = now_ + Millis(30000);
    return State::kForeign;
  }
  world_.Clear(kOtherCluster);
  world_.facts = facts;
  world_.trusted.kube_uid = facts.kube_uid;
  ++discoveries_;
  backoff_.Reset();
  StartWatches(*out_);
  if (was_away) OpenAgain(*out_);
  ClearUnreachable();
  if (again_) {
    again_ = false;
    out_->Do(Discover{});
    return State::kDiscovering;
  }
  return State::kKnown;
}

ClusterLane::State ClusterLane::OnDiscoverFailed(const Event& event) {
  again_ = false;
  away_ = true;
  asked_ = now_;
  world_.Raise(kUnreachable,
               "the apiserver does not answer: " + std::get<DiscoverFailed>(event).error.message,
               std::string(kAwayHint));
  wake_ = now_ + backoff_.Next(world_.jitter.Next());
  return State::kAway;
}

ClusterLane::State ClusterLane::OnTick(const Event&) {
  std::vector<object::GroupVersion> due;
  for (const auto& [version, time] : schemas_failed_) {
    if (time <= now_) due.push_back(version);
  }
  for (const object::GroupVersion& version : due) {
    schemas_failed_.erase(version);
    out_->Do(LoadSchema{version});
  }
  if (state_ == State::kKnown || now_ < wake_) return state_;
  out_->Do(Discover{});
  return State::kDiscovering;
}

void ClusterLane::Require(std::map<plan::GroupKind, std::string> kinds,
                          std::set<object::GroupVersion> versions, Out& out) {
  kinds_ = std::move(kinds);
  for (const object::GroupVersion& version : versions) {
    if (!world_.schemas.contains(version)) schemas_wanted_.insert(version);
  }
  if (world_.facts) StartWatches(out);
}

void ClusterLane::ListAgain(const std::set<plan::GroupKind>& kinds, Out& out) {
  for (const plan::GroupKind& kind : kinds) {
    if (const auto found = watched_.find(kind); found != watched_.end()) Stop(found, out);
  }
}

// Idempotent: starts what is wanted, served and not started; stops what is not wanted any more.
void ClusterLane::StartWatches(Out& out) {
  for (const object::GroupVersion& version : schemas_wanted_) {
    if (world_.schemas.contains(version) || schemas_failed_.contains(version)) continue;
    world_.schemas[version] = nullptr;
    world_.schemas_missing.insert(version);  // Ready() waits for the answer
    out.Do(LoadSchema{version});
  }
  std::map<plan::GroupKind, std::string> wanted;
  for (const auto& [kind, version] : kinds_) {
    const auto served = world_.facts->kinds.find(kind);
    if (served == world_.facts->kinds.end() || served->second.versions.empty()) continue;
    const bool has = plan::Serves(world_.facts->kinds, kind, version);
    wanted[kind] = has ? version : served->second.versions.front();
  }
  for (auto it = watched_.begin(); it != watched_.end();) {
    const auto found = wanted.find(it->first);
    if (found != wanted.end() && found->second == it->second.version) {
      wanted.erase(found);
      ++it;
      continue;
    }
    it = Stop(it, out);
  }
  for (const auto& [kind, version] : wanted) {
    watched_[kind].version = version;
    world_.unlisted.insert(kind);
    out.Do(Watch{kind, version, world_.facts->kinds.at(kind).plural});
  }
}

ClusterLane::WatchedMap::iterator ClusterLane::Stop(WatchedMap::iterator it, Out& out) {
  world_.live.DropKind(it->first);
  world_.unlisted.erase(it->first);
  world_.unreadable.erase(it->first);
  world_.Clear("list_failed:" + it->first.Text());
  out.Do(Unwatch{it->first});
  return watched_.erase(it);
}

void ClusterLane::StopWatches(Out& out) {
  for (auto it = watched_.begin(); it != watched_.end();) it = Stop(it, out);
}

ClusterLane::State ClusterLane::OnSchema(const Event& event) {
  const SchemaLoaded& loaded = std::get<SchemaLoaded>(event);
  world_.schemas[loaded.version] = loaded.schema;
  schemas_wanted_.erase(loaded.version);
  schemas_failed_.erase(loaded.version);
  world_.schemas_missing.erase(loaded.version);
  world_.Clear("schema_unavailable:" + loaded.version.ApiVersion());
  return state_;
}

// Without the document a strategic patch cannot be made. The kind's objects are merged by JSON
// merge meanwhile, which is right for single values; changes of lists wait (plan::SchemaLookup).
ClusterLane::State ClusterLane::OnSchemaFailed(const Event& event) {
  const SchemaFailed& failed = std::get<SchemaFailed>(event);
  schemas_failed_[failed.version] = now_ + kSchemaPause;
  world_.Raise("schema_unavailable:" + failed.version.ApiVersion(),
               "how objects of " + failed.version.ApiVersion() +
                   " merge cannot be read: " + failed.error.message,
               "give the agent's account the right get on the nonResourceURLs /openapi/v3 and "
               "/openapi/v3/*; changes of lists wait meanwhile, everything else goes on");
  return state_;
}

// The apiserver is back: lists that failed because it was away do not wait for their time.
void ClusterLane::OpenAgain(Out& out) {
  for (const auto& [kind, watched] : watched_) {
    const auto problem = world_.unreadable.find(kind);
    if (problem == world_.unreadable.end() || problem->second.code != kUnreachable) continue;
    out.Do(Watch{kind, watched.version, world_.facts->kinds.at(kind).plural});
  }
}

void ClusterLane::ClearUnreachable() {
  if (away_) return;
  for (const auto& [kind, problem] : world_.unreadable) {
    if (problem.code == kUnreachable) return;
  }
  world_.Clear(kUnreachable);
}

ClusterLane::State ClusterLane::OnListed(const Event& event) {
  const Listed& listed = std::get<Listed>(event);
  const auto watched = watched_.find(listed.kind);
  if (watched == watched_.end() || !listed.last) return state_;
  watched->second.list = ListState::kListed;
  world_.unlisted.erase(listed.kind);
  if (world_.unreadable.erase(listed.kind) > 0) world_.problems_moved = true;
  world_.Clear("list_failed:" + listed.kind.Text());
  ClearUnreachable();
  if (state_ == State::kAway) wake_ = now_;
  return state_;
}

ClusterLane::State ClusterLane::OnListFailed(const Event& event) {
  const ListFailed& failed = std::get<ListFailed>(event);
  const auto watched = watched_.find(failed.kind);
  if (watched == watched_.end()) return state_;
  watched->second.list = ListState::kFailed;
  world_.unlisted.erase(failed.kind);
  wire::Problem problem = ProblemOf(failed.kind, failed.failure);
  const bool away = problem.code == kUnreachable;
  // One problem for all kinds, in the words of the first one.
  if (!away) {
    world_.Raise("list_failed:" + failed.kind.Text(), problem.message, problem.hint);
  } else if (!world_.problems.contains(problem.code)) {
    world_.Raise(problem.code, problem.message, problem.hint);
  }
  wire::Problem& known = world_.unreadable[failed.kind];
  if (known.code != problem.code) world_.problems_moved = true;
  known = std::move(problem);
  // Is it this kind, the apiserver, or another cluster behind its address?
  if (!away || state_ != State::kKnown || now_ - asked_ < kProbePause) return state_;
  out_->Do(Discover{});
  return State::kDiscovering;
}

ClusterLane::State ClusterLane::OnWatchBroken(const Event& event) {
  const auto watched = watched_.find(std::get<WatchBroken>(event).kind);
  if (watched != watched_.end() && watched->second.list == ListState::kListed) {
    watched->second.list = ListState::kBroken;
  }
  return state_;
}

ClusterLane::State ClusterLane::OnWatchResumed(const Event& event) {
  const auto watched = watched_.find(std::get<WatchResumed>(event).kind);
  if (watched != watched_.end() && watched->second.list == ListState::kBroken) {
    watched->second.list = ListState::kListed;
  }
  return state_;
}

ClusterLane::ListState ClusterLane::ListOf(const plan::GroupKind& kind) const {
  const auto watched = watched_.find(kind);
  return watched == watched_.end() ? ListState::kNotWatched : watched->second.list;
}

bool ClusterLane::Settled() const {
  return std::all_of(watched_.begin(), watched_.end(), [](const auto& item) {
    return item.second.list == ListState::kListed || item.second.list == ListState::kFailed;
  });
}

bool ClusterLane::Ready(const std::set<plan::GroupKind>& kinds,
                        const std::set<object::GroupVersion>& versions) const {
  if (!Usable()) return false;
  for (const plan::GroupKind& kind : kinds) {
    const auto watched = watched_.find(kind);
    if (watched != watched_.end() && watched->second.list == ListState::kWaiting) return false;
  }
  for (const object::GroupVersion& version : versions) {
    if (schemas_wanted_.contains(version) && !schemas_failed_.contains(version)) return false;
  }
  return true;
}

}  // namespace dunlin::sync
