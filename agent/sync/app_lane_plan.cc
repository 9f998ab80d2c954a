// The app lane's planning: what is desired, which apps are planned when, and what a plan leaves
// open.
#include <algorithm>

#include "agent/health/health.h"
#include "agent/plan/stamp.h"
#include "agent/sync/app_lane.h"

namespace dunlin::sync {

namespace {

constexpr Millis kPlanPause{30000};

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

// A document that can be read at last: what waited for it goes on at once.
void AppLane::WatchSchemas() {
  if (schemas_missing_ == world_.schemas_missing) return;
  schemas_missing_ = world_.schemas_missing;
  for (auto& [name, app] : runs_) {
    for (auto& [key, trouble] : app.troubles) {
      if (trouble.problem.code == plan::kSchemaUnavailable) trouble.due = now_;
    }
  }
}

void AppLane::Refresh() {
  const bool planned = std::any_of(runs_.begin(), runs_.end(),
                                   [](const auto& item) { return item.second.wants_plan; });
  if (!stale_ && (desired_.loaded() || !planned)) return;
  desired_.Load(*world_.statement, world_.bundles, world_.inventory, world_.facts->kinds,
                world_.config.agent_namespace);
  // A blob that does not open any more is asked for with the next poll.
  for (const BundleDigest& digest : desired_.lost()) {
    world_.bundles.erase(digest);
    std::erase(world_.held, digest);
  }
  if (!stale_) return;  // the same statement, opened again
  stale_ = false;
  cluster_.ListAgain(world_.live.SetHealthRules(desired_.HealthRules()), *out_);
  SetUpRuns();
  RequireKinds();
}

void AppLane::SetUpRuns() {
  std::set<std::string> names = world_.inventory.Apps();
  for (const auto& [name, entry] : world_.statement->apps) names.insert(name.str());
  for (const auto& [name, run] : world_.hooks.runs()) names.insert(name);
  for (const std::string& name : world_.kept) names.erase(name);
  for (const std::string& name : names) {
    const bool is_new = !runs_.contains(name);
    AppRun& app = runs_[name];
    app.name = name;
    const auto entry = world_.statement->apps.find(AppName(name));
    app.removed = entry == world_.statement->apps.end();
    const BundleDigest bundle = app.removed ? BundleDigest{} : entry->second.bundle;
    if (bundle != app.planned_bundle) {
      app.troubles.clear();
      app.hook_keys.clear();
      ForgetContests(app);
    }
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
  }
  for (const auto& [key, view] : world_.inventory.view()) {
    // An app that is kept has no run; what it had under way may have left a record.
    const auto run = runs_.find(view.app);
    if (run == runs_.end()) continue;
    run->second.kinds.insert(plan::GroupKind::Of(key));
    kinds[plan::GroupKind::Of(key)] = VersionOf(world_.inventory.Find(key)->api_version);
  }
  for (const auto& [key, wanted] : desired_.wanted()) {
    AppRun& app = runs_.at(wanted.app);
    kinds[plan::GroupKind::Of(key)] = VersionOf(wanted.api_version);
    app.kinds.insert(plan::GroupKind::Of(key));
    app.versions.insert({key.group, VersionOf(wanted.api_version)});
    versions.insert({key.group, VersionOf(wanted.api_version)});
  }
  const auto require = [&](const std::string& name, const object::ResourceKey& key,
                           const std::string& api_version) {
    const auto run = runs_.find(name);
    if (run == runs_.end()) return;
    run->second.kinds.insert(plan::GroupKind::Of(key));
    kinds.try_emplace(plan::GroupKind::Of(key), VersionOf(api_version));
  };
  for (const plan::PreparedApp& app : desired_.set().apps) {
    for (const plan::DesiredPtr& hook : app.hooks) {
      require(app.name, hook->key, hook->api_version);
      const object::GroupVersion version{hook->key.group, VersionOf(hook->api_version)};
      versions.insert(version);
      if (runs_.contains(app.name)) runs_.at(app.name).versions.insert(version);
    }
  }
  for (const auto& [name, run] : world_.hooks.runs()) {
    for (const auto* list : {&run.tasks, &run.leftovers}) {
      for (const plan::HookTask& task : *list) require(name, task.key, task.api_version);
    }
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
               !world_.behind.contains(AppName(name)) &&
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

// A create whose answer was lost: the object carries the hash of the document that we had
// announced, so it is ours, with the UID that it has.
void AppLane::FindAnnounced() {
  for (const auto& [key, documents] : desired_.announced()) {
    const Record* record = world_.inventory.Find(key);
    const plan::LiveObject* live = world_.live.Find(key);
    if (record == nullptr || !record->uid.empty() || live == nullptr || Busy(key)) continue;
    const auto made = std::find_if(documents.rbegin(), documents.rend(), [&](const auto& one) {
      return plan::CarriesHash(live->metadata, one.desired->hash) &&
             object::FindString(live->metadata, {"labels", plan::kPartOfLabel}) ==
                 plan::ApplySetId(one.desired->app, world_.config.agent_namespace);
    });
    if (made == documents.rend()) continue;
    const Status kept = world_.inventory.Found(*made, UidOf(*live));
    if (!kept) world_.Raise("record_failed", kept.error().message, "");
  }
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
  FindAnnounced();
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
  if (!app.ended) app.untold.Add(app.counts);
  app.ended = false;
  app.stage = 0;
  app.prune_waits = false;
  app.sync_failed = false;
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
           (record == nullptr || record->app != app.name) && !app.hook_keys.contains(item.first);
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
    const bool ours =
        (wanted != nullptr && wanted->app == app.name) || app.hook_keys.contains(item.first);
    return item.second.failed && ours;
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

}  // namespace dunlin::sync
