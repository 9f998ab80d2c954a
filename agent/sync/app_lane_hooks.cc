// The app lane's hooks: started with the stage they belong to, watched until they end, deleted as
// their policy says when the sync is over. What a run came to is in World::hooks, and on disk
// before its first hook is sent: a new process goes on with the same run, and a hook that was made
// carries the run's mark, so it is never made twice.
#include <algorithm>
#include <utility>

#include "agent/health/health.h"
#include "agent/plan/prune_object.h"
#include "agent/sync/app_lane.h"

namespace dunlin::sync {

namespace {

// A list that was made before a hook was created does not hold it: its watch brings it soon.
constexpr Millis kLostPause{10000};
// For what the watch does not say: a hook that goes, but slowly.
constexpr Millis kGoingPause{2000};
// A failed hook stays failed until something changes; the report is made anew once in a while.
constexpr Millis kFailedPause{24 * 60 * 60 * 1000};

constexpr const char* kFailedHint =
    "see the object's events and logs; mend it in Git, or delete the failed object to have the "
    "sync tried again";

bool Same(const plan::HookTask& a, const plan::HookTask& b) {
  return a.key == b.key && a.uid == b.uid && a.phase == b.phase;
}

plan::HookTask* FindTask(std::vector<plan::HookTask>& tasks, const plan::HookTask& task) {
  const auto found = std::find_if(tasks.begin(), tasks.end(),
                                  [&](const plan::HookTask& one) { return Same(one, task); });
  return found == tasks.end() ? nullptr : &*found;
}

}  // namespace

// ---- a run begins and ends

std::vector<object::ResourceKey> AppLane::HookObjectsOf(const std::string& app) const {
  std::vector<object::ResourceKey> keys;
  const plan::HookRun* run = world_.hooks.Find(app);
  if (run == nullptr) return keys;
  for (const auto* list : {&run->tasks, &run->leftovers}) {
    for (const plan::HookTask& task : *list) {
      if (!task.removed) keys.push_back(task.key);
    }
  }
  return keys;
}

void AppLane::BeginHooks(AppRun& app) {
  const plan::HookRun* run = world_.hooks.Find(app.name);
  if (app.removed) {
    if (run != nullptr && world_.keep_on_removal.contains(app.name)) world_.hooks.Erase(app.name);
    return;
  }
  const plan::PreparedApp* prepared = desired_.Find(app.name);
  if (prepared == nullptr || !prepared->complete) return;
  const bool same = run != nullptr && run->content == prepared->content;
  if (same || (run == nullptr && prepared->hooks.empty())) return;
  plan::HookRun next = plan::NextHookRun(run, prepared->content, world_.SeqOf(app.name));
  world_.hooks.Edit(app.name) = std::move(next);
  app.hook_lost.clear();
}

bool AppLane::MayClearRemoved(const AppRun& app) const {
  return app.prune_refused.empty() && world_.MayPrune(now_) && world_.StatementComplete() &&
         !world_.statement->keep;
}

std::vector<plan::HookTask> AppLane::ToClear(const AppRun& app) const {
  const plan::HookRun* run = world_.hooks.Find(app.name);
  if (run == nullptr) return {};
  if (!app.removed) return plan::HooksToClear(*run);
  if (!MayClearRemoved(app)) return {};
  return plan::NextHookRun(run, "", 0).leftovers;
}

// The sync is over, well or not: what came of its hooks, and which of them are to go.
AppState AppLane::EnterClear(AppRun& app) {
  const plan::HookRun* run = world_.hooks.Find(app.name);
  if (run == nullptr) return LeaveClear(app);
  const plan::HookTask* failed = run->FirstFailed();
  if (!app.removed && failed == nullptr && !app.sync_failed && !run->ended) {
    world_.hooks.Edit(app.name).ended = true;
  }
  if (failed != nullptr && !app.removed) {
    if (!run->failed) {
      world_.hooks.Edit(app.name).failed = true;
      ++app.counts.failed;
    }
    ReportFailedHook(app, *failed);
  }
  for (const plan::HookTask& task : ToClear(app)) {
    if (WaitsItsTime(app, task.key) && task.state != plan::HookState::kFailed) continue;
    app.work[task.key].clear = task;
    app.hook_keys.insert(task.key);
  }
  // First it is on disk what the hooks came to: a hook that is gone tells nobody any more.
  app.stored_after = world_.hooks.dirty() ? stores_begun_ + 1 : app.stored_after;
  return app.work.empty() ? LeaveClear(app) : AppState::kClearing;
}

void AppLane::ReportFailedHook(AppRun& app, const plan::HookTask& task) {
  Trouble& trouble = TroubleOf(app, task.key);
  trouble.failed = true;
  trouble.due = now_ + kFailedPause;
  trouble.problem = {task.key.Text(), "hook_failed",
                     std::string(plan::Name(task.phase)) + " hook: " + task.why, kFailedHint};
  app.hook_keys.insert(task.key);
  news_.moved = true;
}

AppState AppLane::ClearHooks(AppRun& app) {
  return app.work.empty() ? LeaveClear(app) : AppState::kClearing;
}

AppState AppLane::LeaveClear(AppRun& app) {
  const plan::HookRun* run = world_.hooks.Find(app.name);
  if (run != nullptr && run->failed && run->FirstFailed() != nullptr && !app.removed) {
    ReportFailedHook(app, *run->FirstFailed());  // deleting it was no cure
  }
  if (run != nullptr && run->leftovers.empty()) {
    const plan::PreparedApp* prepared = desired_.Find(app.name);
    const bool over = app.removed ? HookObjectsOf(app.name).empty()
                                  : run->ended && prepared != nullptr && prepared->hooks.empty();
    if (over) world_.hooks.Erase(app.name);
  }
  return app.sync_failed ? EnterClose(app) : EnterPrune(app);
}

// ---- stages

// Everything of the stage that has to be done becomes work; false when there is nothing.
bool AppLane::OpenWork(AppRun& app, plan::Stage& stage) {
  for (const plan::Step& step : std::exchange(stage.steps, {})) app.work.try_emplace(step.key);
  const plan::HookRun* run = world_.hooks.Find(app.name);
  const auto entry = world_.statement->apps.find(AppName(app.name));
  for (const plan::DesiredPtr& hook : std::exchange(stage.hooks, {})) {
    if (run == nullptr || entry == world_.statement->apps.end()) continue;
    if (run->Find(hook->hook->phase, hook->key) != nullptr) continue;  // started before
    Work work;
    work.hook = plan::HookDocument(*hook, *run, entry->second.revision.str());
    const object::ResourceKey key = work.hook->key;
    app.hook_keys.insert(key);
    if (!WaitsItsTime(app, key)) app.work[key] = std::move(work);
  }
  return !app.work.empty();
}

AppLane::Gate AppLane::HookGate(const AppRun& app, plan::HookPhase phase) const {
  const plan::HookRun* run = world_.hooks.Find(app.name);
  if (run == nullptr) return Gate::kOpen;
  Gate gate = Gate::kOpen;
  for (const plan::HookTask& task : run->tasks) {
    if (task.phase != phase) continue;
    if (task.state == plan::HookState::kStarted) gate = Gate::kShut;
    // Nothing comes after a SyncFail hook that it could stop.
    const bool fails = task.state == plan::HookState::kFailed;
    if (fails && phase != plan::HookPhase::kSyncFail) return Gate::kFailed;
  }
  return gate;
}

void AppLane::LookAtHooks(AppRun& app) {
  app.hook_due = {};
  const plan::HookRun* run = world_.hooks.Find(app.name);
  const bool open = app.state == AppState::kApplying || app.state == AppState::kGating;
  if (run == nullptr || !open) return;
  const std::vector<plan::HookTask> tasks = run->tasks;
  for (const plan::HookTask& task : tasks) {
    if (task.state == plan::HookState::kStarted) LookAtHook(app, task);
  }
}

void AppLane::LookAtHook(AppRun& app, const plan::HookTask& task) {
  const auto end = [&](plan::HookState state, std::string why) {
    plan::HookTask* found = FindTask(world_.hooks.Edit(app.name).tasks, task);
    found->state = state;
    found->why = std::move(why);
    app.hook_lost.erase(task.key);
    news_.moved = true;
  };
  const auto look_at = [&](TimePoint time) {
    if (app.hook_due == TimePoint{} || time < app.hook_due) app.hook_due = time;
  };
  const plan::LiveObject* live = world_.live.Find(task.key);
  if (live == nullptr || UidOf(*live) != task.uid) {
    if (cluster_.ListOf(plan::GroupKind::Of(task.key)) != ClusterLane::ListState::kListed) return;
    const TimePoint since = app.hook_lost.try_emplace(task.key, now_).first->second;
    if (since + kLostPause > now_) return look_at(since + kLostPause);
    return end(plan::HookState::kFailed, "it was deleted before it was seen to end");
  }
  app.hook_lost.erase(task.key);
  const health::Health* health = world_.live.HealthOf(task.key);
  const auto full = world_.live.Full(task.key);
  if (health == nullptr || !full) return;
  if (const auto state = plan::JudgeHook(*full, *health)) {
    return end(*state, *state == plan::HookState::kFailed ? health::Why(*health) : "");
  }
  const auto made = ParseTime(object::FindString(live->metadata, {"creationTimestamp"}));
  if (!made) return;
  if (*made + task.timeout > now_) return look_at(*made + task.timeout);
  const auto limit = std::chrono::duration_cast<Seconds>(task.timeout).count();
  end(plan::HookState::kFailed, "it did not end within " + std::to_string(limit) + " s");
}

// ---- one hook

bool AppLane::PerformHook(AppRun& app, const object::ResourceKey& key, Work& work, Flight flight) {
  const plan::Desired& hook = *work.hook;
  const std::string_view mark =
      object::FindString(hook.object, {"metadata", "annotations", plan::kHookRunAnnotation});
  if (const plan::LiveObject* live = world_.live.Find(key)) {
    if (object::FindString(live->metadata, {"annotations", plan::kHookRunAnnotation}) == mark) {
      return StartedHook(app, hook, UidOf(*live));
    }
    if (plan::IsTerminating(*live)) return WaitForHookToGo(work);
  }
  if (std::exchange(work.must_read, false)) {
    flight.purpose = Purpose::kRead;
    flight.step.key = key;
    flight.step.app = app.name;
    flight.step.api_version = hook.api_version;
    return Send(app, work, Verb::kGet, std::move(flight));
  }
  const object::Value* read = work.read ? &*work.read : nullptr;
  flight.step = decider_.Decide(work.hook, read);
  flight.purpose = Purpose::kHook;
  switch (flight.step.action) {
    case plan::Action::kCreate:
      return Send(app, work, Verb::kCreate, std::move(flight));
    case plan::Action::kSkip:
    case plan::Action::kPatch:
      if (hook.hook->policy.before_creation) {
        return DeleteHook(app, work, std::move(flight), Purpose::kHook);
      }
      if (flight.step.action == plan::Action::kSkip) return StartedHook(app, hook, flight.step.uid);
      return Send(app, work, Verb::kPatch, std::move(flight));
    case plan::Action::kRead:
      work.must_read = true;
      return PerformHook(app, key, work, std::move(flight));
    case plan::Action::kWaitForCrd:
      TroubleOf(app, key).kind_missing = true;
      return Refused(app, key,
                     {key.Text(), "kind_missing", flight.step.reason,
                      "install the custom resource definition before the hook's phase"});
    default:
      return Objected(app, flight.step);
  }
}

bool AppLane::PerformClear(AppRun& app, const object::ResourceKey& key, Work& work, Flight flight) {
  if (stored_ < app.stored_after) return false;
  const plan::LiveObject* live = world_.live.Find(key);
  if (live == nullptr || UidOf(*live) != work.clear->uid || plan::IsTerminating(*live)) {
    Cleared(app, *work.clear);
    return true;
  }
  flight.step.key = key;
  flight.step.app = app.name;
  flight.step.api_version = work.clear->api_version;
  flight.step.uid = work.clear->uid;
  return DeleteHook(app, work, std::move(flight), Purpose::kClear);
}

// The watch says when it is gone.
bool AppLane::WaitForHookToGo(Work& work) {
  work.state = Work::State::kLater;
  work.due = now_ + kGoingPause;
  return false;
}

bool AppLane::DeleteHook(AppRun& app, Work& work, Flight flight, Purpose purpose) {
  flight.purpose = purpose;
  flight.step.action = plan::Action::kDelete;
  flight.step.merge.kind = merge::MergeKind::kDelete;
  flight.step.merge.body = plan::DeleteOptions(flight.step.uid, plan::Propagation::kBackground);
  return Send(app, work, Verb::kDelete, std::move(flight));
}

bool AppLane::StartedHook(AppRun& app, const plan::Desired& hook, std::string_view uid) {
  plan::HookRun& run = world_.hooks.Edit(app.name);
  plan::HookTask task;
  task.phase = hook.hook->phase;
  task.declared = hook.hook->declared;
  task.key = hook.key;
  task.api_version = hook.api_version;
  task.uid = uid;
  task.policy = hook.hook->policy;
  task.timeout = hook.hook->timeout;
  std::erase_if(run.leftovers, [&](const plan::HookTask& old) { return old.key == task.key; });
  for (plan::HookTask& old : run.tasks) {  // of another phase, deleted for this one
    if (old.key == task.key) old.removed = true;
  }
  run.tasks.push_back(std::move(task));
  app.troubles.erase(hook.key);
  app.changed = true;
  news_.moved = true;
  return true;
}

bool AppLane::HookAnswered(AppRun& app, const Flight& flight, const ApiAnswer& answer, Work& work) {
  work.state = Work::State::kOpen;
  app.troubles.erase(flight.key);
  if (flight.purpose == Purpose::kClear) {
    if (work.clear) Cleared(app, *work.clear);
    return true;
  }
  if (flight.verb == Verb::kDelete) {
    return world_.live.Find(flight.key) != nullptr && WaitForHookToGo(work);
  }
  if (!world_.live.IsOlder(flight.key, answer.object)) {
    world_.live.Put(flight.key, answer.object, now_);
  }
  ++(flight.verb == Verb::kCreate ? app.counts.created : app.counts.configured);
  if (!work.hook) return true;  // of a run that is over: its mark is found when it is looked for
  return StartedHook(app, *work.hook, object::FindString(answer.object, {"metadata", "uid"}));
}

void AppLane::Cleared(AppRun& app, const plan::HookTask& task) {
  plan::HookRun& run = world_.hooks.Edit(app.name);
  std::erase_if(run.leftovers, [&](const plan::HookTask& old) { return Same(old, task); });
  if (plan::HookTask* found = FindTask(run.tasks, task)) found->removed = true;
  app.changed = true;
}

// The watch says so. Somebody who deletes a hook that failed wants the sync tried again.
void AppLane::HookGone(AppRun& app, const object::ResourceKey& key) {
  if (const auto work = app.work.find(key); work != app.work.end() && work->second.hook) {
    if (work->second.state == Work::State::kLater) work->second.due = now_;
    return;
  }
  const plan::HookRun* run = world_.hooks.Find(app.name);
  if (run == nullptr || !run->failed || Busy(key) || app.work.contains(key)) return;
  const bool again = std::any_of(run->tasks.begin(), run->tasks.end(), [&](const auto& task) {
    return task.key == key && task.state == plan::HookState::kFailed && !task.removed &&
           task.phase != plan::HookPhase::kSyncFail;
  });
  if (!again) return;
  plan::HookRun& edited = world_.hooks.Edit(app.name);
  edited.failed = false;
  plan::HookRun over;
  over.tasks = std::exchange(edited.tasks, {});
  for (plan::HookTask& task : over.tasks) {
    if (task.phase == plan::HookPhase::kSyncFail) {
      edited.leftovers.push_back(std::move(task));
    } else if (task.key != key) {
      edited.tasks.push_back(std::move(task));
    }
  }
  app.troubles.erase(key);
  app.wants_plan = true;
}

}  // namespace dunlin::sync
