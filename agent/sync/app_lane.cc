#include "agent/sync/app_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/plan/stamp.h"
#include "protocol/base/check.h"

namespace dunlin::sync {

namespace {
// Health that depends on time ("unschedulable for 15 s", "not ready for 5 min") is judged again.
constexpr Millis kHealthPause{15000};
constexpr Millis kStorePause{1000};
}  // namespace

std::string_view Name(AppState state) {
  switch (state) {
    case AppState::kIdle:
      return "idle";
    case AppState::kWaiting:
      return "waiting";
    case AppState::kAnnouncing:
      return "announcing";
    case AppState::kApplying:
      return "applying";
    case AppState::kGating:
      return "gating";
    case AppState::kClearing:
      return "clearing";
    case AppState::kPruning:
      return "pruning";
    case AppState::kClosing:
      return "closing";
    case AppState::kPausing:
      return "pausing";
  }
  return "idle";
}

// clang-format off
const AppLane::EventRow AppLane::kEvents[] = {
    {EventIndex<Listed>(),        &AppLane::OnListed},
    {EventIndex<LiveChanged>(),   &AppLane::OnLiveChanged},
    {EventIndex<LiveDeleted>(),   &AppLane::OnLiveDeleted},
    {EventIndex<Answered>(),      &AppLane::OnAnswered},
    {EventIndex<ParentWritten>(), &AppLane::OnParentWritten},
    {EventIndex<ParentRemoved>(), &AppLane::OnParentRemoved},
    {EventIndex<LookedInto>(),    &AppLane::OnLookedInto},
    {EventIndex<RecordsStored>(), &AppLane::OnRecordsStored},
    {EventIndex<RecordsFailed>(), &AppLane::OnRecordsFailed},
    {EventIndex<Tick>(),          &AppLane::OnTick},
};

const AppLane::StateRow AppLane::kStates[] = {
    {AppState::kIdle,       &AppLane::Idle},
    {AppState::kWaiting,    &AppLane::Begin},
    {AppState::kAnnouncing, &AppLane::Announce},
    {AppState::kApplying,   &AppLane::ApplyStage},
    {AppState::kGating,     &AppLane::PassGate},
    {AppState::kClearing,   &AppLane::ClearHooks},
    {AppState::kPruning,    &AppLane::PruneStage},
    {AppState::kClosing,    &AppLane::Close},
    {AppState::kPausing,    &AppLane::Pause},
};
// clang-format on

bool AppLane::Takes(const Event& event) {
  return std::any_of(std::begin(kEvents), std::end(kEvents),
                     [&](const EventRow& row) { return row.on == event.index(); });
}

void AppLane::Resume(const Event& event, TimePoint now, Out& out) {
  now_ = now;
  out_ = &out;
  const auto row = std::find_if(std::begin(kEvents), std::end(kEvents),
                                [&](const EventRow& one) { return one.on == event.index(); });
  if (row == std::end(kEvents)) NoTransition("app", "any", event);
  (this->*row->act)(event);
  out_ = nullptr;
}

void AppLane::OnStatement() {
  stale_ = true;
  replan_all_ = true;
  news_.moved = true;
}

AppLane::News AppLane::TakeNews() {
  News news = std::exchange(news_, News{});
  news.at_rest = news.ended && std::all_of(runs_.begin(), runs_.end(), [](const auto& item) {
                   return item.second.ended && !item.second.wants_plan;
                 });
  return news;
}

// Nothing more is done of an app that is kept; its parent stays, too, because it says whose the
// objects are. The run goes when no answer is on its way to it any more.
void AppLane::LetGo() {
  for (const std::string& name : world_.kept) {
    world_.hooks.Erase(name);
    const auto found = runs_.find(name);
    if (found == runs_.end()) continue;
    AppRun quiet;
    quiet.name = name;
    quiet.parent_busy = found->second.parent_busy;
    quiet.in_flight = found->second.in_flight;
    if (quiet.parent_busy || quiet.in_flight > 0) {
      found->second = std::move(quiet);
    } else {
      runs_.erase(found);
    }
  }
}

void AppLane::Advance(TimePoint now, Out& out) {
  now_ = now;
  out_ = &out;
  JudgeHealth();
  LetGo();
  if (world_.statement && cluster_.Usable()) {
    WatchDiscoveries();
    WatchSchemas();
    WatchContests();
    bool moved = true;
    while (moved) {
      Refresh();
      moved = MakePlans();
      for (auto& [name, app] : runs_) {
        LookAtHooks(app);
        moved = Move(app) || moved;
      }
      moved = Pump() || moved;
    }
    std::erase_if(runs_, [](const auto& item) { return item.second.gone; });
    DropDocuments();
  }
  Store();
  out_ = nullptr;
}

// One transition of one app; false when it stays where it is.
bool AppLane::Move(AppRun& app) {
  if (app.wants_plan && app.state != AppState::kWaiting) {
    app.state = AppState::kWaiting;  // between two steps: nothing of the old run is undone
    app.work.clear();
    app.plan.reset();
    return true;
  }
  for (const StateRow& row : kStates) {
    if (row.from != app.state) continue;
    const AppState next = (this->*row.act)(app);
    const bool moved = next != app.state;
    if (moved) news_.moved = true;
    app.state = next;
    return moved;
  }
  CHECK(false);
}

std::optional<TimePoint> AppLane::Wake() const {
  std::optional<TimePoint> wake;
  // What is due already waits for an event: a place in the write window, a list.
  const auto at = [&](TimePoint time) {
    if (time > now_ && (!wake || time < *wake)) wake = time;
  };
  for (const auto& [name, app] : runs_) {
    for (const WorkMap* map : {&app.work, &app.repairs}) {
      for (const auto& [key, work] : *map) {
        if (work.state == Work::State::kLater) at(work.due);
      }
    }
    if (app.state == AppState::kPausing) {
      for (const auto& [key, trouble] : app.troubles) at(trouble.due);
    }
    if (app.state == AppState::kGating) at(app.gate_due);
    at(app.hook_due);
    if (app.state == AppState::kPruning && !app.going.empty()) at(app.gone_by);
    if (app.parent != AppRun::Parent::kNone && !app.parent_busy) at(app.parent_due);
    at(app.kinds_due);
    at(app.contests_due);
  }
  if ((world_.inventory.dirty() || world_.hooks.dirty()) && !storing_) at(store_due_);
  at(plan_due_);
  at(health_due_);
  return wake;
}

// ---- what the cluster shows

void AppLane::OnListed(const Event& event) {
  const Listed& listed = std::get<Listed>(event);
  if (!cluster_.Watches(listed.kind)) return;  // unwatched meanwhile
  if (listed.first) world_.live.BeginReplace(listed.kind);
  for (const LiveItem& item : listed.items) Seen(item.key, item.object);
  if (!listed.last) return;
  std::vector<object::ResourceKey> gone = world_.live.EndReplace(listed.kind);
  // Deleted by us while the kind's watch began anew: nothing else says that it is gone.
  for (const auto& [name, app] : runs_) {
    std::copy_if(
        app.going.begin(), app.going.end(), std::back_inserter(gone), [&](const auto& key) {
          return plan::GroupKind::Of(key) == listed.kind && world_.live.Find(key) == nullptr;
        });
  }
  for (const object::ResourceKey& key : gone) Gone(key);
  // Perhaps what was not known is why nothing was removed.
  for (auto& [name, app] : runs_) {
    if (app.ended && !app.prune_refused.empty()) app.wants_plan = true;
  }
  news_.moved = true;
  Hurry();
}

void AppLane::OnLiveChanged(const Event& event) {
  const LiveChanged& changed = std::get<LiveChanged>(event);
  if (!cluster_.Watches(changed.kind)) return;
  if (world_.live.IsOlder(changed.item.key, changed.item.object)) return;
  Seen(changed.item.key, changed.item.object);
}

void AppLane::OnLiveDeleted(const Event& event) {
  const LiveDeleted& deleted = std::get<LiveDeleted>(event);
  if (!cluster_.Watches(deleted.kind) || !world_.live.Remove(deleted.key)) return;
  Gone(deleted.key);
}

void AppLane::Seen(const object::ResourceKey& key, object::Value object) {
  const plan::LiveObject* before = world_.live.Find(key);
  const std::string old_version(before == nullptr ? "" : ResourceVersionOf(*before));
  const LiveCache::Change change = world_.live.Put(key, std::move(object), now_);
  if (change.health_moved) news_.moved = true;
  if (change.content_moved) {
    Doubt(key);
  } else {
    StillHolds(key, old_version);
  }

  const Wanted* wanted = desired_.Find(key);
  const Record* record = world_.inventory.Find(key);
  if (wanted == nullptr || record == nullptr || record->app != wanted->app ||
      record->desired_hash != wanted->hash) {
    return;  // not applied yet: its step will look at it
  }
  const auto run = runs_.find(wanted->app);
  if (run == runs_.end() || Busy(key)) return;  // the answer in flight decides
  AppRun& app = run->second;
  const plan::LiveObject& live = *world_.live.Find(key);
  const std::string_view version = ResourceVersionOf(live);
  if (record->observed_rv == version) return;
  if (!change.content_moved && record->observed_rv == old_version && !app.drift.contains(key)) {
    world_.inventory.Observed(key, UidOf(live), version);  // its status moved
    return;
  }
  app.repairs.try_emplace(key);
}

// The run that is about to remove the object, or null.
AppRun* AppLane::Removing(const object::ResourceKey& key) {
  const Record* record = world_.inventory.Find(key);
  const auto run = record == nullptr ? runs_.end() : runs_.find(record->app);
  if (run == runs_.end()) return nullptr;
  const auto work = run->second.work.find(key);
  return work != run->second.work.end() && work->second.prune ? &run->second : nullptr;
}

// An object that is about to be removed is not what it was when that was decided.
void AppLane::Doubt(const object::ResourceKey& key) {
  AppRun* run = Removing(key);
  if (run == nullptr) return;
  // Preconditions guard a write in flight. While it is only read or looked into, nothing does.
  const bool written = std::any_of(flights_.begin(), flights_.end(), [&](const auto& item) {
    return item.second.key == key && item.second.verb != Verb::kGet;
  });
  if (!written) run->wants_plan = true;
}

// Only its status moved.
void AppLane::StillHolds(const object::ResourceKey& key, const std::string& old_version) {
  AppRun* run = Removing(key);
  if (run == nullptr) return;
  plan::Step& step = *run->work.at(key).prune;
  if (step.resource_version == old_version) {
    step.resource_version = ResourceVersionOf(*world_.live.Find(key));
  }
}

void AppLane::Gone(const object::ResourceKey& key) {
  news_.moved = true;
  if (world_.hooks.objects().contains(key)) {
    for (auto& [name, app] : runs_) HookGone(app, key);
  }
  const Record* record = world_.inventory.Find(key);
  if (record == nullptr) return;
  const auto run = runs_.find(record->app);
  if (run == runs_.end()) return;
  AppRun& app = run->second;
  app.going.erase(key);
  if (const auto trouble = app.troubles.find(key); trouble != app.troubles.end()) {
    trouble->second.due = now_;  // the obstacle may be gone with it
  }
  if (const Wanted* wanted = desired_.Find(key)) {
    const bool ours = wanted->app == record->app && record->desired_hash == wanted->hash;
    if (ours && !Busy(key)) app.repairs.try_emplace(key);
    return;
  }
  if (stale_) return;
  const plan::PreparedApp* prepared = desired_.Find(record->app);
  const bool given_up =
      prepared == nullptr || (prepared->complete && !prepared->keys.contains(key));
  if (given_up) world_.inventory.Remove(key);
}

// The apiserver is back: what failed because it was away does not wait for its time.
void AppLane::Hurry() {
  for (auto& [name, app] : runs_) {
    for (auto& [key, trouble] : app.troubles) {
      if (!trouble.unreachable) continue;
      trouble.due = now_;
      trouble.fast.Reset();
      for (WorkMap* map : {&app.work, &app.repairs}) {
        if (const auto work = map->find(key); work != map->end()) work->second.due = now_;
      }
    }
  }
}

void AppLane::OnTick(const Event&) {}  // Advance() looks at the time, whatever the event

void AppLane::JudgeHealth() {
  if (!world_.live.AnyUnsettled()) {
    health_due_ = {};
  } else if (health_due_ == TimePoint{}) {
    health_due_ = now_ + kHealthPause;
  } else if (health_due_ <= now_) {
    health_due_ = now_ + kHealthPause;
    if (world_.live.Reevaluate(now_)) news_.moved = true;
  }
}

// ---- records and parents

void AppLane::Store() {
  const bool dirty = world_.inventory.dirty() || world_.hooks.dirty();
  if (!dirty || storing_ || now_ < store_due_) return;
  storing_ = true;
  ++stores_begun_;
  StoreRecords batch = world_.inventory.TakeDirty();
  batch.hook_runs = world_.hooks.TakeDirty();
  out_->Do(std::move(batch));
}

void AppLane::OnRecordsStored(const Event& event) {
  if (!storing_) NoTransition("app", "not storing", event);
  storing_ = false;
  stored_ = stores_begun_;
  store_due_ = TimePoint{};
  world_.inventory.Stored();
  world_.hooks.Stored();
  world_.Clear("state_full");
}

void AppLane::OnRecordsFailed(const Event& event) {
  if (!storing_) NoTransition("app", "not storing", event);
  storing_ = false;
  store_due_ = now_ + kStorePause;
  world_.inventory.StoreFailed();
  world_.hooks.StoreFailed();
  world_.Raise("state_full",
               "the inventory could not be stored: " + std::get<RecordsFailed>(event).error.message,
               "free space in the agent's state directory; new objects wait until it is stored");
}

void AppLane::OnParentWritten(const Event& event) {
  const ParentWritten& written = std::get<ParentWritten>(event);
  const auto run = runs_.find(written.app);
  if (run == runs_.end() || !run->second.parent_busy) NoTransition("app", "no parent sent", event);
  ParentAnswered(run->second, written.failure);
}

void AppLane::OnParentRemoved(const Event& event) {
  const ParentRemoved& removed = std::get<ParentRemoved>(event);
  const auto run = runs_.find(removed.app);
  if (run == runs_.end() || !run->second.parent_busy) NoTransition("app", "no parent sent", event);
  const bool gone = removed.failure && removed.failure->http == 404;
  ParentAnswered(run->second, gone ? std::nullopt : removed.failure);
}

void AppLane::ParentAnswered(AppRun& app, const std::optional<ApiFailure>& failure) {
  app.parent_busy = false;
  news_.moved = true;
  app.parent_foreign = failure && failure->reason == kForeignParent;
  if (failure) {
    const std::string parent =
        "ConfigMap " + world_.config.agent_namespace + "/" + plan::ParentName(app.name);
    app.parent_ours = false;
    app.parent_due = now_ + app.parent_backoff.Next(world_.jitter.Next());
    app.parent_problem =
        app.parent_foreign
            ? wire::Problem{parent, "parent_conflict",
                            failure->message + "; the app needs that name for its own",
                            "rename the app, or delete the ConfigMap if nobody needs it; nothing "
                            "of the app is applied or removed meanwhile"}
            : wire::Problem{parent, "parent_failed",
                            "the app's parent object could not be written: " + failure->message,
                            HintFor(*failure)};
    return;
  }
  app.parent_ours = app.parent != AppRun::Parent::kRemove;
  app.parent_backoff.Reset();
  app.parent_problem.reset();
  if (app.parent_sent != app.parent_version) return;  // wanted otherwise meanwhile
  app.gone = app.removed && app.parent == AppRun::Parent::kRemove;
  app.parent = AppRun::Parent::kNone;
}

void AppLane::NeedParent(AppRun& app, AppRun::Parent parent) {
  app.parent = parent;
  ++app.parent_version;
  app.parent_due = now_;
}

void AppLane::SendParent(AppRun& app) {
  if (app.parent == AppRun::Parent::kNone || app.parent_busy || now_ < app.parent_due) return;
  app.parent_busy = true;
  app.parent_sent = app.parent_version;
  const std::string& space = world_.config.agent_namespace;
  if (app.parent == AppRun::Parent::kRemove) {
    out_->Do(RemoveParent{app.name, plan::ParentName(app.name), space});
    return;
  }
  plan::ParentInput input;
  input.app = app.name;
  input.agent_namespace = space;
  input.agent_version = world_.config.agent_version;
  if (app.parent == AppRun::Parent::kSuperset) {
    input.group_kinds = app.plan->group_kinds;
    input.namespaces = app.plan->namespaces;
  }
  for (const object::ResourceKey& key : world_.inventory.KeysOf(app.name)) {
    input.group_kinds.insert(plan::GroupKind::Of(key));
    if (!key.namespace_.empty()) input.namespaces.insert(key.namespace_);
  }
  for (const object::ResourceKey& key : HookObjectsOf(app.name)) {
    input.group_kinds.insert(plan::GroupKind::Of(key));
    if (!key.namespace_.empty()) input.namespaces.insert(key.namespace_);
  }
  // Before a run: still the old bundle. A reader that recovers from it removes too little at worst.
  const auto entry = world_.statement->apps.find(AppName(app.name));
  if (app.parent == AppRun::Parent::kFinal && entry != world_.statement->apps.end()) {
    input.revision = entry->second.revision.str();
    input.bundle_digest = entry->second.bundle.Hex();
  } else if (app.applied_bundle != BundleDigest{}) {
    input.bundle_digest = app.applied_bundle.Hex();
  }
  out_->Do(WriteParent{app.name, plan::ParentConfigMap(input)});
}

}  // namespace dunlin::sync
