// The app lane's planning: which apps are planned, and how a run goes from state to state.
#include <algorithm>

#include "agent/health/health.h"
#include "agent/plan/stamp.h"
#include "agent/sync/app_lane.h"
#include "protocol/base/check.h"

namespace dunlin::sync {

namespace {

constexpr Millis kPlanPause{30000};
constexpr Millis kTerminatingPause{60000};

bool IsCrd(const object::ResourceKey& key) {
  return key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition";
}

// A claim that waits for its first consumer would wait for ever.
bool Gates(const object::ResourceKey& key) {
  return !(key.group.empty() && key.kind == "PersistentVolumeClaim");
}

bool LacksKinds(const plan::PreparedApp& app) {
  return std::any_of(app.problems.begin(), app.problems.end(), [](const plan::Problem& problem) {
    return problem.code == "kind_unknown" || problem.code == "version_not_served";
  });
}

std::string VersionOf(const std::string& api_version) {
  const size_t slash = api_version.find('/');
  return slash == std::string::npos ? api_version : api_version.substr(slash + 1);
}

}  // namespace

// ---- what is desired

void AppLane::WatchDiscoveries() {
  for (auto& [name, app] : runs_) {
    if (app.kinds_due == TimePoint{} || app.kinds_due > now_) continue;
    app.kinds_due = now_ + app.kinds_backoff.Next(world_.jitter.Next());
    cluster_.Rediscover(now_, *out_);
  }
  if (discoveries_ == cluster_.discoveries()) return;
  discoveries_ = cluster_.discoveries();
  Hurry();
  for (auto& [name, app] : runs_) {
    const plan::PreparedApp* prepared = desired_.Find(name);
    const bool troubled = std::any_of(app.troubles.begin(), app.troubles.end(),
                                      [](const auto& item) { return item.second.kind_missing; });
    if (!troubled && (prepared == nullptr || !LacksKinds(*prepared))) continue;
    app.wants_plan = true;
    stale_ = true;
  }
}

void AppLane::Refresh() {
  const bool planned = std::any_of(runs_.begin(), runs_.end(),
                                   [](const auto& item) { return item.second.wants_plan; });
  if (!stale_ && (desired_.loaded() || !planned)) return;
  desired_.Load(*world_.statement, world_.bundles, world_.facts->kinds,
                world_.config.agent_namespace);
  // A blob that does not open any more is asked for with the next poll.
  for (const BundleDigest& digest : desired_.lost()) {
    world_.bundles.erase(digest);
    std::erase(world_.held, digest);
  }
  if (!stale_) return;  // the same statement, opened again
  stale_ = false;
  SetUpRuns();
  RequireKinds();
}

void AppLane::SetUpRuns() {
  std::set<std::string> names = world_.inventory.Apps();
  for (const auto& [name, entry] : world_.statement->apps) names.insert(name.str());
  for (const std::string& name : names) {
    const bool is_new = !runs_.contains(name);
    AppRun& app = runs_[name];
    app.name = name;
    const auto entry = world_.statement->apps.find(AppName(name));
    app.removed = entry == world_.statement->apps.end();
    const BundleDigest bundle = app.removed ? BundleDigest{} : entry->second.bundle;
    if (bundle != app.planned_bundle) app.troubles.clear();
    app.planned_bundle = bundle;
    const plan::PreparedApp* prepared = desired_.Find(name);
    if (prepared != nullptr) app.priority = prepared->policy.priority;
    const bool lacks = prepared != nullptr && LacksKinds(*prepared);
    app.kinds_due = lacks ? now_ + app.kinds_backoff.Next(world_.jitter.Next()) : TimePoint{};
    if (!lacks) app.kinds_backoff.Reset();
    if (replan_all_ || is_new) app.wants_plan = true;
  }
  replan_all_ = false;
}

void AppLane::RequireKinds() {
  std::map<plan::GroupKind, std::string> kinds;
  std::set<object::GroupVersion> versions;
  for (auto& [name, app] : runs_) {
    app.kinds.clear();
    app.versions.clear();
    for (const object::ResourceKey& key : world_.inventory.KeysOf(name)) {
      app.kinds.insert(plan::GroupKind::Of(key));
      kinds[plan::GroupKind::Of(key)] = VersionOf(world_.inventory.Find(key)->api_version);
    }
  }
  for (const auto& [key, wanted] : desired_.wanted()) {
    AppRun& app = runs_.at(wanted.app);
    kinds[plan::GroupKind::Of(key)] = VersionOf(wanted.api_version);
    app.kinds.insert(plan::GroupKind::Of(key));
    app.versions.insert({key.group, VersionOf(wanted.api_version)});
    versions.insert({key.group, VersionOf(wanted.api_version)});
  }
  cluster_.Require(std::move(kinds), std::move(versions), *out_);
}

void AppLane::DropDocuments() {
  if (!desired_.loaded() || !flights_.empty()) return;
  for (const auto& [name, app] : runs_) {
    if (!app.quiet()) return;
  }
  desired_.Drop();
}

// ---- plans

bool AppLane::DependenciesMet(AppRun& app) {
  app.waits_for.clear();
  const plan::PreparedApp* prepared = desired_.Find(app.name);
  if (prepared == nullptr) return true;
  for (const std::string& name : prepared->policy.depends_on) {
    const auto other = runs_.find(name);
    bool met = other != runs_.end() && !other->second.removed && !other->second.wants_plan &&
               other->second.applied_seq == world_.statement->seq &&
               other->second.troubles.empty() && other->second.drift.empty();
    if (met) {
      for (const auto& [key, wanted] : desired_.wanted()) {
        if (wanted.app != name || wanted.implied) continue;
        const health::Health* health = world_.live.HealthOf(key);
        met = met && health != nullptr &&
              (health->status == health::HealthStatus::kCurrent ||
               health->status == health::HealthStatus::kSuspended);
      }
    }
    if (!met) app.waits_for.push_back(name);
  }
  return app.waits_for.empty();
}

bool AppLane::MakePlans() {
  std::set<std::string> wanted;
  for (auto& [name, app] : runs_) {
    const bool waits = app.state == AppState::kWaiting && app.wants_plan;
    if (waits && cluster_.Ready(app.kinds, app.versions) && DependenciesMet(app))
      wanted.insert(name);
  }
  if (wanted.empty() || now_ < plan_due_) return false;
  plan_due_ = TimePoint{};
  plan::PlanInput input = decider_.Input();
  input.advancing_allowed = world_.MayPrune(now_);
  auto made = plan::MakePlan(input);
  if (!made) {
    plan_due_ = now_ + kPlanPause;
    world_.Raise("plan_failed", "no plan could be made: " + made.error().message,
                 "this is a defect of the agent: report it with the agent's log");
    return false;
  }
  world_.Clear("plan_failed");
  for (plan::AppPlan& plan : made->apps) {
    if (wanted.erase(plan.app) == 0) continue;
    AppRun& app = runs_.at(plan.app);
    Adopt(app, std::move(plan));
  }
  // What the planner knows nothing of any more has nothing left to remove.
  for (const std::string& name : wanted) {
    plan::AppPlan nothing;
    nothing.app = name;
    Adopt(runs_.at(name), std::move(nothing));
  }
  return true;
}

void AppLane::Adopt(AppRun& app, plan::AppPlan plan) {
  app.wants_plan = false;
  app.work.clear();
  app.repairs.clear();
  app.drift.clear();
  app.going.clear();
  app.ended = false;
  app.stage = 0;
  app.counts = {};
  app.conflicts = 0;
  app.api_warnings.clear();
  app.changed = app.changed || app.parent == AppRun::Parent::kFinal;
  app.parent = AppRun::Parent::kNone;
  app.prune_refused = plan.prune_refused;
  app.problems = std::move(plan.problems);
  app.plan = std::move(plan);
  std::erase_if(app.troubles, [&](const auto& item) {
    const Wanted* wanted = desired_.Find(item.first);
    const Record* record = world_.inventory.Find(item.first);
    return (wanted == nullptr || wanted->app != app.name) &&
           (record == nullptr || record->app != app.name);
  });
  for (plan::Stage& stage : app.plan->stages) {
    std::erase_if(stage.steps, [&](plan::Step& step) { return !KeepOpen(app, step); });
    stage.steps.shrink_to_fit();
  }
}

// Refused before, and its next try is not due yet.
bool AppLane::WaitsItsTime(AppRun& app, const object::ResourceKey& key) const {
  const auto trouble = app.troubles.find(key);
  if (trouble == app.troubles.end() || !trouble->second.failed || trouble->second.due <= now_) {
    return false;
  }
  ++app.counts.failed;
  return true;
}

// Something that the app wants could not be applied.
bool AppLane::ApplyFailed(const AppRun& app) const {
  return std::any_of(app.troubles.begin(), app.troubles.end(), [&](const auto& item) {
    const Wanted* wanted = desired_.Find(item.first);
    return item.second.failed && wanted != nullptr && wanted->app == app.name;
  });
}

// Whether the step needs more than a look at what we have.
bool AppLane::KeepOpen(AppRun& app, plan::Step& step) {
  if (WaitsItsTime(app, step.key)) return false;
  const Record* record = world_.inventory.Find(step.key);
  const bool implied_is_there = step.action == plan::Action::kCreate && step.desired->implied &&
                                record != nullptr && !record->uid.empty() &&
                                record->desired_hash == step.desired->hash;
  if (implied_is_there) {
    ++app.counts.unchanged;
    return false;
  }
  if (step.action == plan::Action::kRead) step = decider_.Decide(step.desired, nullptr);
  if (step.action == plan::Action::kConflict ||
      (step.action == plan::Action::kBlocked && step.reason != plan::kReasonDrift)) {
    return !Objected(app, step);
  }
  if (desired_.set().shared.contains(step.key)) desired_.Hold(step.desired);
  if (step.action == plan::Action::kSkip) {
    Skipped(app, step, nullptr);
    ++app.counts.unchanged;
    return false;
  }
  step.merge = {};  // decided again when it is sent
  return true;
}

// ---- states

AppState AppLane::Idle(AppRun& app) {
  if (!app.troubles.empty()) return AppState::kPausing;
  if (app.removed && !app.gone && app.parent == AppRun::Parent::kNone &&
      world_.inventory.KeysOf(app.name).empty()) {
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
  const auto has_steps = [](const plan::Stage& stage) { return !stage.steps.empty(); };
  const bool open = std::any_of(app.plan->stages.begin(), app.plan->stages.end(), has_steps) ||
                    std::any_of(app.plan->prune.begin(), app.plan->prune.end(), has_steps);
  if (!open) return EnterClose(app);
  for (const object::ResourceKey& key : app.plan->superset) {
    const Wanted* wanted = desired_.Find(key);
    const bool ours = wanted != nullptr && wanted->app == app.name;
    if (ours) world_.inventory.Announce(key, app.name, wanted->api_version);
  }
  app.stored_after = world_.inventory.dirty() ? stores_begun_ + 1 : stores_begun_;
  if (ParentGrows(app)) NeedParent(app, AppRun::Parent::kSuperset);
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
    if (!stage.steps.empty()) {
      for (const plan::Step& step : stage.steps) app.work.try_emplace(step.key);
      stage.steps.clear();
      return AppState::kApplying;
    }
    const bool more =
        std::any_of(stages.begin() + static_cast<ptrdiff_t>(app.stage) + 1, stages.end(),
                    [](const plan::Stage& later) { return !later.steps.empty(); });
    if (more && !GateOpen(app)) return AppState::kGating;
  }
  return EnterPrune(app);
}

AppState AppLane::ApplyStage(AppRun& app) {
  if (!app.work.empty()) return AppState::kApplying;
  // A later wave must not start behind a failed one.
  if (app.plan->stages[app.stage].gate_health && ApplyFailed(app)) return EnterClose(app);
  return EnterStage(app);  // its steps are gone: only its gate is left
}

AppState AppLane::PassGate(AppRun& app) {
  if (!GateOpen(app)) return AppState::kGating;
  ++app.stage;
  return EnterStage(app);
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
  // The run may have taken minutes: what goes is decided by what is live now.
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
          break;
        case plan::Action::kDelete:
        case plan::Action::kRelease:
          if (!WaitsItsTime(app, key)) app.work[key].prune = std::move(step);
          break;
        case plan::Action::kConflict:
          app.problems.push_back({app.name, key.Text(), "prune_conflict", step.reason});
          if (app.prune_refused.empty()) app.prune_refused = step.reason;
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
  if (app.troubles.empty()) {
    app.applied_seq = world_.statement->seq;
    app.applied_bundle = app.planned_bundle;
    app.applied = now_;
    ++world_.counters.syncs_ok;
  } else {
    ++world_.counters.syncs_failed;
  }
  const wire::Counts& done = app.counts;
  if (done.created + done.configured + done.deleted + done.skipped + done.failed > 0 ||
      app.last_counts == wire::Counts{}) {
    app.last_counts = done;
    app.last_conflicts = app.conflicts;
  }
  if (app.changed && !app.removed) NeedParent(app, AppRun::Parent::kFinal);
  app.changed = false;
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
