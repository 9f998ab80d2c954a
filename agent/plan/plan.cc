#include "agent/plan/plan.h"

#include <algorithm>
#include <utility>

#include "agent/plan/context.h"
#include "agent/plan/object_step.h"
#include "agent/plan/order.h"
#include "agent/plan/prune.h"

namespace dunlin::plan {

namespace {

// Whether the app's hooks have to run, or to be run to their end, for what it wants now.
bool HooksAreOpen(const PlanInput& input, const PreparedApp& app) {
  if (app.hooks.empty()) return false;
  if (input.hook_runs == nullptr) return true;
  const auto run = input.hook_runs->find(app.name);
  return run == input.hook_runs->end() || run->second.content != app.content || !run->second.ended;
}

// Where the wave of a stage ends: `next` is null after the last one.
void CloseWave(std::vector<Stage>& stages, const Stage* next) {
  Stage& last = stages.back();
  for (auto it = stages.rbegin(); it != stages.rend(); ++it) {
    if (it->phase != last.phase || it->wave != last.wave) break;
    last.gate_hooks = last.gate_hooks || !it->hooks.empty();
  }
  last.gate_health = last.phase == HookPhase::kSync && next != nullptr &&
                     (next->phase == HookPhase::kSync || next->phase == HookPhase::kPostSync);
}

// Items come in apply order: a new stage begins where (phase, wave, stage) changes.
void FillStages(const PlanContext& context, const PreparedApp& app, AppPlan& plan) {
  if (!app.held.empty()) return;
  std::vector<DesiredPtr> items = app.objects;
  if (HooksAreOpen(context.input(), app)) {
    items.insert(items.end(), app.hooks.begin(), app.hooks.end());
    std::sort(items.begin(), items.end(), AppliesBefore);
  }
  for (const DesiredPtr& item : items) {
    Stage next;
    next.phase = item->hook ? item->hook->phase : HookPhase::kSync;
    next.wave = item->wave;
    next.stage = item->stage;
    const Stage* last = plan.stages.empty() ? nullptr : &plan.stages.back();
    const bool same_wave = last != nullptr && last->phase == next.phase && last->wave == next.wave;
    if (!same_wave || last->stage != next.stage) {
      if (last != nullptr && !same_wave) CloseWave(plan.stages, &next);
      plan.stages.push_back(std::move(next));
    }
    Stage& stage = plan.stages.back();
    if (item->hook) {
      stage.hooks.push_back(item);
    } else {
      stage.gate_established = item->stage == kStageCrds;
      stage.steps.push_back(DecideObject(context, item, context.LiveOf(item->key)));
    }
  }
  if (!plan.stages.empty()) CloseWave(plan.stages, nullptr);
}

// What hooks make is listed by the parent, too, though it is no member.
void AddHooks(const PreparedApp& app, AppPlan& plan) {
  for (const DesiredPtr& hook : app.hooks) {
    plan.group_kinds.insert(GroupKind::Of(hook->key));
    if (!hook->key.namespace_.empty()) plan.namespaces.insert(hook->key.namespace_);
  }
}

// Rule 10: what is recorded, and what this run may create. Objects that it will not touch are not
// announced: a record would claim them.
void FillSuperset(const PlanContext& context, AppPlan& plan) {
  std::set<object::ResourceKey> keys;
  for (const InventoryRecord* record : context.MembersOf(plan.app)) keys.insert(record->key);
  for (const Stage& stage : plan.stages) {
    for (const Step& step : stage.steps) {
      if (step.action == Action::kConflict || step.action == Action::kBlocked) continue;
      keys.insert(step.key);
    }
  }
  for (const object::ResourceKey& key : keys) {
    plan.group_kinds.insert(GroupKind::Of(key));
    if (!key.namespace_.empty()) plan.namespaces.insert(key.namespace_);
  }
  plan.superset.assign(keys.begin(), keys.end());
}

}  // namespace

std::string_view Name(Action action) {
  switch (action) {
    case Action::kSkip:
      return "skip";
    case Action::kCreate:
      return "create";
    case Action::kPatch:
      return "patch";
    case Action::kRead:
      return "read";
    case Action::kWaitForCrd:
      return "wait_for_crd";
    case Action::kConflict:
      return "conflict";
    case Action::kBlocked:
      return "blocked";
    case Action::kDelete:
      return "delete";
    case Action::kRelease:
      return "release";
    case Action::kForget:
      return "forget";
  }
  return "unknown";
}

Result<Plan> MakePlan(const PlanInput& input) {
  if (input.desired == nullptr || input.live == nullptr || input.inventory == nullptr ||
      input.kinds == nullptr) {
    return MakeError(
        Errc::kInvalidArgument,
        "a plan needs the desired set, the live snapshot, the inventory and the kinds");
  }
  const PlanContext context(input);
  const PruneFacts facts(context);
  Plan out;
  for (const PreparedApp& app : input.desired->apps) {
    AppPlan plan;
    plan.app = app.name;
    plan.depends_on = app.policy.depends_on;
    plan.priority = app.policy.priority;
    plan.problems = app.problems;
    FillStages(context, app, plan);
    AddHooks(app, plan);
    out.apps.push_back(std::move(plan));
  }
  for (const std::string& app : context.RemovedApps()) {
    AppPlan plan;
    plan.app = app;
    out.apps.push_back(std::move(plan));
  }
  for (AppPlan& plan : out.apps) {
    FillSuperset(context, plan);
    PlanPrune(context, facts, plan);
  }
  std::sort(out.apps.begin(), out.apps.end(), [](const AppPlan& a, const AppPlan& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.app < b.app;
  });
  return out;
}

Step PlanObject(const PlanInput& input, const DesiredPtr& desired, const LiveObject* live) {
  return DecideObject(PlanContext(input), desired, live);
}

}  // namespace dunlin::plan
