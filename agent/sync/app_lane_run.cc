// The app lane's states: how the run of one app goes from stage to stage, to pruning, to its end.
#include <algorithm>

#include "agent/health/health.h"
#include "agent/sync/app_lane.h"

namespace dunlin::sync {

namespace {

constexpr Millis kTerminatingPause{60000};

bool IsCrd(const object::ResourceKey& key) {
  return key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition";
}

// The run sends something, as far as the plan knows.
bool Writes(const plan::AppPlan& plan) {
  const auto removes = [](const plan::Step& step) {
    return step.action == plan::Action::kDelete || step.action == plan::Action::kRelease;
  };
  return std::any_of(plan.stages.begin(), plan.stages.end(),
                     [](const plan::Stage& stage) {
                       return !stage.steps.empty() || !stage.hooks.empty();
                     }) ||
         std::any_of(plan.prune.begin(), plan.prune.end(), [&](const plan::Stage& stage) {
           return std::any_of(stage.steps.begin(), stage.steps.end(), removes);
         });
}

// A claim that waits for its first consumer would wait for ever.
bool Gates(const object::ResourceKey& key) {
  return !(key.group.empty() && key.kind == "PersistentVolumeClaim");
}

}  // namespace

AppState AppLane::Idle(AppRun& app) {
  if (!app.troubles.empty()) return AppState::kPausing;
  if (app.removed && !app.gone && app.parent == AppRun::Parent::kNone &&
      world_.inventory.KeysOf(app.name).empty() && world_.hooks.Find(app.name) == nullptr) {
    NeedParent(app, AppRun::Parent::kRemove);
    return AppState::kClosing;
  }
  // A head that was renewed allows what an expired one did not.
  if (!app.prune_refused.empty() && !app.prune_allowed && world_.MayPrune(now_)) {
    app.wants_plan = true;
    return AppState::kWaiting;
  }
  return AppState::kIdle;
}

AppState AppLane::Pause(AppRun& app) {
  if (app.troubles.empty()) return AppState::kIdle;
  for (const auto& [key, trouble] : app.troubles) {
    if (trouble.due > now_) continue;
    app.wants_plan = true;
    if (trouble.kind_missing) cluster_.Rediscover(now_, *out_);
  }
  return app.wants_plan ? AppState::kWaiting : AppState::kPausing;
}

AppState AppLane::Begin(AppRun& app) {
  if (!app.plan) return AppState::kWaiting;
  app.prune_allowed = world_.MayPrune(now_);
  BeginHooks(app);
  const auto has_steps = [](const plan::Stage& stage) {
    return !stage.steps.empty() || !stage.hooks.empty();
  };
  const bool open = std::any_of(app.plan->stages.begin(), app.plan->stages.end(), has_steps) ||
                    std::any_of(app.plan->prune.begin(), app.plan->prune.end(), has_steps);
  if (!open && ToClear(app).empty()) return EnterClose(app);
  for (const object::ResourceKey& key : app.plan->superset) {
    const Wanted* wanted = desired_.Find(key);
    const bool ours = wanted != nullptr && wanted->app == app.name;
    if (ours) world_.inventory.Announce(key, app.name, wanted->api_version);
  }
  const bool dirty = world_.inventory.dirty() || world_.hooks.dirty();
  app.stored_after = dirty ? stores_begun_ + 1 : stores_begun_;
  if (Writes(*app.plan) && (!app.parent_ours || ParentGrows(app))) {
    NeedParent(app, AppRun::Parent::kSuperset);
  }
  return AppState::kAnnouncing;
}

// Whether the run brings kinds or namespaces that the parent does not list yet.
bool AppLane::ParentGrows(const AppRun& app) const {
  std::set<plan::GroupKind> kinds;
  std::set<std::string> namespaces;
  for (const object::ResourceKey& key : world_.inventory.KeysOf(app.name)) {
    if (world_.inventory.Find(key)->uid.empty()) continue;
    kinds.insert(plan::GroupKind::Of(key));
    namespaces.insert(key.namespace_);
  }
  for (const object::ResourceKey& key : HookObjectsOf(app.name)) {
    kinds.insert(plan::GroupKind::Of(key));
    namespaces.insert(key.namespace_);
  }
  namespaces.insert(world_.config.agent_namespace);
  return !std::includes(kinds.begin(), kinds.end(), app.plan->group_kinds.begin(),
                        app.plan->group_kinds.end()) ||
         !std::includes(namespaces.begin(), namespaces.end(), app.plan->namespaces.begin(),
                        app.plan->namespaces.end());
}

AppState AppLane::Announce(AppRun& app) {
  SendParent(app);
  if (stored_ < app.stored_after || app.parent != AppRun::Parent::kNone) {
    return AppState::kAnnouncing;
  }
  return EnterStage(app);
}

AppState AppLane::EnterStage(AppRun& app) {
  std::vector<plan::Stage>& stages = app.plan->stages;
  for (; app.stage < stages.size(); ++app.stage) {
    plan::Stage& stage = stages[app.stage];
    if ((stage.phase == plan::HookPhase::kSyncFail) != app.sync_failed) continue;
    if (stage.phase == plan::HookPhase::kPostSync && ApplyFailed(app)) return FailSync(app);
    if (OpenWork(app, stage)) return AppState::kApplying;
    switch (GateOf(app)) {
      case Gate::kShut:
        return AppState::kGating;
      case Gate::kFailed:
        return FailSync(app);
      case Gate::kOpen:
        break;
    }
  }
  if (!app.sync_failed && ApplyFailed(app)) return FailSync(app);
  return EnterClear(app);
}

// Nothing more is applied; what SyncFail says is done.
AppState AppLane::FailSync(AppRun& app) {
  app.sync_failed = true;
  app.stage = 0;
  return EnterStage(app);
}

AppState AppLane::ApplyStage(AppRun& app) {
  if (!app.work.empty()) return AppState::kApplying;
  // A later wave must not start behind a failed one.
  const plan::Stage& stage = app.plan->stages[app.stage];
  const bool gate = stage.gate_health || stage.gate_hooks;
  if (!app.sync_failed && gate && ApplyFailed(app)) return FailSync(app);
  return EnterStage(app);  // its steps are gone: only its gate is left
}

AppState AppLane::PassGate(AppRun& app) {
  switch (GateOf(app)) {
    case Gate::kShut:
      return AppState::kGating;
    case Gate::kFailed:
      return FailSync(app);
    case Gate::kOpen:
      break;
  }
  ++app.stage;
  return EnterStage(app);
}

AppLane::Gate AppLane::GateOf(AppRun& app) {
  const std::vector<plan::Stage>& stages = app.plan->stages;
  const plan::Stage& stage = stages[app.stage];
  if (stage.gate_hooks) {
    const Gate hooks = HookGate(app, stage.phase);
    if (hooks != Gate::kOpen) return hooks;
  }
  const bool more = std::any_of(stages.begin() + static_cast<ptrdiff_t>(app.stage) + 1,
                                stages.end(), [](const plan::Stage& later) {
                                  return later.phase != plan::HookPhase::kSyncFail &&
                                         (!later.steps.empty() || !later.hooks.empty());
                                });
  return more && !GateOpen(app) ? Gate::kShut : Gate::kOpen;
}

bool AppLane::GateOpen(AppRun& app) {
  const plan::Stage& stage = app.plan->stages[app.stage];
  if (stage.gate_established && !ApplyFailed(app)) {
    bool established = false;
    if (!CrdsServed(app, &established)) {
      if (established && !cluster_.Discovering() && now_ >= app.gate_due) {
        app.gate_due = now_ + app.gate_backoff.Next(world_.jitter.Next());
        cluster_.Rediscover(now_, *out_);
      }
      return false;
    }
    if (!cluster_.Ready(app.kinds, app.versions)) return false;  // the lists of the new kinds
    app.gate_backoff.Reset();
    app.gate_due = {};
  }
  if (!stage.gate_health) return true;
  for (const auto& [key, wanted] : desired_.wanted()) {
    if (wanted.app != app.name || wanted.wave > stage.wave || wanted.implied || !Gates(key))
      continue;
    const health::Health* health = world_.live.HealthOf(key);
    if (health == nullptr || (health->status != health::HealthStatus::kCurrent &&
                              health->status != health::HealthStatus::kSuspended)) {
      return false;
    }
  }
  return true;
}

bool AppLane::CrdsServed(const AppRun& app, bool* established) const {
  bool served = true;
  *established = true;
  for (const auto& [key, wanted] : desired_.wanted()) {
    if (wanted.app != app.name || !IsCrd(key)) continue;
    const health::Health* health = world_.live.HealthOf(key);
    *established =
        *established && health != nullptr && health->status == health::HealthStatus::kCurrent;
    const auto crd = world_.live.Full(key);
    if (!crd) return false;
    const plan::GroupKind kind{std::string(object::FindString(*crd, {"spec", "group"})),
                               std::string(object::FindString(*crd, {"spec", "names", "kind"}))};
    served = served && world_.facts->kinds.contains(kind);
  }
  return *established && served;
}

AppState AppLane::EnterPrune(AppRun& app) {
  const bool candidates = std::any_of(app.plan->prune.begin(), app.plan->prune.end(),
                                      [](const plan::Stage& s) { return !s.steps.empty(); });
  if (!candidates || ApplyFailed(app)) return EnterClose(app);
  // A list that is on its way is no evidence that anything is gone.
  app.prune_waits = !cluster_.Settled();
  if (app.prune_waits) return AppState::kPruning;
  // The run may have taken minutes: what goes is decided by what is live now.
  FindAnnounced();
  plan::PlanInput input = decider_.Input();
  input.advancing_allowed = world_.MayPrune(now_);
  for (const auto& [name, other] : runs_) {
    if (ApplyFailed(other)) input.failed_apps.insert(name);
  }
  auto made = plan::MakePlan(input);
  app.plan->prune.clear();
  if (made) {
    for (plan::AppPlan& plan : made->apps) {
      if (plan.app != app.name) continue;
      app.plan->prune = std::move(plan.prune);
      app.prune_refused = std::move(plan.prune_refused);
      app.problems = std::move(plan.problems);
    }
  }
  app.stage = 0;
  return EnterPruneStage(app);
}

AppState AppLane::EnterPruneStage(AppRun& app) {
  for (; app.stage < app.plan->prune.size(); ++app.stage) {
    for (plan::Step& step : app.plan->prune[app.stage].steps) {
      const object::ResourceKey key = step.key;
      switch (step.action) {
        case plan::Action::kForget:
          world_.inventory.Remove(key);
          app.troubles.erase(key);
          break;
        case plan::Action::kDelete:
        case plan::Action::kRelease:
          if (!WaitsItsTime(app, key)) app.work[key].prune = std::move(step);
          break;
        case plan::Action::kConflict:
          app.problems.push_back({app.name, key.Text(), "prune_conflict", step.reason});
          if (app.prune_refused.empty()) app.prune_refused = step.reason;
          app.troubles.erase(key);
          break;
        case plan::Action::kBlocked:
          Hold(app, key, {key.Text(), "prune_held", step.reason, ""});
          break;
        default:
          app.going.insert(key);  // on its way already
      }
    }
    app.plan->prune[app.stage].steps.clear();
    app.gone_by = now_ + kTerminatingPause;
    if (!app.work.empty()) return AppState::kPruning;
  }
  return EnterClose(app);
}

AppState AppLane::PruneStage(AppRun& app) {
  if (app.prune_waits) return EnterPrune(app);
  if (!app.work.empty()) return AppState::kPruning;
  const bool waits = app.plan->prune[app.stage].gate_gone && !app.going.empty();
  if (waits && now_ < app.gone_by) return AppState::kPruning;
  if (waits) {
    for (const object::ResourceKey& key : app.going) {
      Trouble& trouble = TroubleOf(app, key);
      trouble.problem = {key.Text(), "terminating",
                         "it is deleted, but something keeps it (finalizers)",
                         "see metadata.finalizers of the object; the agent never removes them"};
      trouble.due = now_ + trouble.slow.Next(world_.jitter.Next());
    }
    return EnterClose(app);
  }
  // What could not be removed may be what the next stage waits for.
  if (!app.troubles.empty()) return EnterClose(app);
  ++app.stage;
  return EnterPruneStage(app);
}

AppState AppLane::EnterClose(AppRun& app) {
  app.plan.reset();
  app.work.clear();
  return AppState::kClosing;
}

// Nothing more can be done: what came of it.
void AppLane::End(AppRun& app) {
  app.ended = true;
  news_.ended = true;
  for (auto& [key, trouble] : app.troubles) {  // whatever the run did not touch has had its turn
    if (trouble.due <= now_) trouble.due = now_ + trouble.slow.Next(world_.jitter.Next());
  }
  // Without its bundle there was nothing to do, which is not to say that all is done.
  const bool known = app.removed || world_.bundles.contains(app.planned_bundle);
  if (app.troubles.empty() && known) {
    app.applied_seq = world_.SeqOf(app.name);
    app.applied_bundle = app.planned_bundle;
    app.applied = now_;
    ++world_.counters.syncs_ok;
    Settle(app);
  } else {
    ++world_.counters.syncs_failed;
  }
  const wire::Counts& done = app.counts;
  if (done.created + done.configured + done.deleted + done.skipped + done.failed > 0 ||
      app.last_counts == wire::Counts{}) {
    app.last_counts = done;
    app.last_conflicts = app.conflicts;
  }
  TellEnd(app);
  if (app.changed && !app.removed) NeedParent(app, AppRun::Parent::kFinal);
  app.changed = false;
}

// Everything that the app ever announced is applied over, or removed. Not when something of it
// still waits to be removed, or went to another app that has not written it yet.
void AppLane::Settle(const AppRun& app) {
  if (!app.prune_refused.empty()) return;
  for (const auto& [key, documents] : desired_.announced()) {
    const Wanted* wanted = desired_.Find(key);
    const Record* record = world_.inventory.Find(key);
    if (wanted == nullptr || wanted->app == app.name) continue;
    for (const plan::AnnouncedDocument& one : documents) {
      const bool open = record == nullptr || record->seq < one.seq;
      if (one.desired->app == app.name && open) return;
    }
  }
  world_.inventory.Settle(app.name, world_.SeqOf(app.name));
  desired_.Settle(app.name);
}

AppState AppLane::Close(AppRun& app) {
  // Writes of a replaced run may still come in, and what they did has to be looked at.
  if (!app.ended && (app.in_flight > 0 || !app.repairs.empty())) return AppState::kClosing;
  if (!app.ended) End(app);
  SendParent(app);
  if (app.parent != AppRun::Parent::kNone) return AppState::kClosing;
  return app.troubles.empty() ? AppState::kIdle : AppState::kPausing;
}

}  // namespace dunlin::sync
