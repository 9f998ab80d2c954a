#include "agent/plan/prune.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "agent/plan/order.h"
#include "agent/plan/ownership.h"
#include "agent/plan/special_kinds.h"
#include "protocol/base/limits.h"

namespace dunlin::plan {

namespace {

using object::ResourceKey;

constexpr size_t kNamedObjects = 5;  // objects that a message names
constexpr std::string_view kHeld = "held until it is allowed (--allow-mass-prune)";

// CRDs go after everything else, namespaces after CRDs.
int Part(const ResourceKey& key) { return IsNamespace(key) ? 2 : IsCrd(key) ? 1 : 0; }

class AppPruner {
 public:
  AppPruner(const PlanContext& context, const PruneFacts& facts, AppPlan& plan)
      : context_(context),
        input_(context.input()),
        facts_(facts),
        plan_(plan),
        app_(context.FindApp(plan.app)),
        members_(context.MembersOf(plan.app)) {
    for (const InventoryRecord* record : members_) {
      const bool desired = app_ != nullptr && app_->keys.count(record->key) > 0;
      if (desired || !context.DesiredByOther(record->key, plan.app).empty()) continue;
      candidates_.push_back(record);
    }
  }

  void Run() {
    ReportUnrecorded();
    if (candidates_.empty()) return;
    if (input_.keep && app_ == nullptr) return Forget();
    plan_.prune_refused = Refusal();
    if (!plan_.prune_refused.empty()) return;
    const Propagation propagation =
        app_ == nullptr ? Propagation::kBackground : app_->policy.propagation;
    for (const InventoryRecord* record : candidates_) {
      if (auto step = DecidePrune(context_, facts_, *record, propagation)) {
        steps_.emplace(record->key, std::move(*step));
      }
    }
    if (!MassPruneAllowed() && TooMany()) return;
    if (!MassPruneAllowed()) HoldDangerous();
    for (auto& [key, step] : steps_) HoldBack(key, step);
    Order();
  }

 private:
  // Nothing has to be known of the cluster for it: nothing is touched.
  void Forget() {
    for (const InventoryRecord* record : candidates_) {
      Step step;
      step.action = Action::kForget;
      step.key = record->key;
      step.app = record->app;
      step.reason = "kept: the hub does not know app " + record->app;
      steps_.emplace(record->key, std::move(step));
    }
    Order();
  }

  // Rules 1 and 2, and everything else that makes the statement or the cluster's picture doubtful.
  std::string Refusal() const {
    if (!input_.statement_complete) {
      return "a bundle of the statement is missing: what is wanted is not known in full";
    }
    if (!input_.advancing_allowed) {
      return "the head has expired or the agent's state was restored: nothing is removed until a "
             "newer statement is verified";
    }
    for (const PreparedApp& app : input_.desired->apps) {
      if (!app.complete) {
        return "the bundle of app " + app.name +
               " is missing or does not hold what the statement "
               "says";
      }
    }
    if (app_ == nullptr && input_.keep_on_removal.contains(plan_.app)) {
      return "the app left the catalogue with prune off (or as an Application without the "
             "finalizer resources-finalizer.argocd.argoproj.io): its objects stay. To have them "
             "removed, bring the app back with prune on and take it out again";
    }
    if (app_ != nullptr) {
      if (!app_->policy.prune) return "prune is off in the app's policy";
      if (app_->empty && !app_->policy.allow_empty) {
        return "the bundle is empty: set sync.allowEmpty: true if everything is to be removed";
      }
    }
    if (app_ != nullptr && !app_->held.empty()) return "a hook is left out: " + app_->held;
    if (std::string reason = FailedApply(); !reason.empty()) return reason;
    return UnknownKind();
  }

  std::string FailedApply() const {
    if (input_.failed_apps.count(plan_.app) > 0) return "an object of the app failed in this run";
    for (const Problem& problem : plan_.problems) {
      if (problem.code == "kind_unknown" || problem.code == "version_not_served") {
        return problem.object + " has a kind or version that the cluster does not serve";
      }
    }
    for (const Stage& stage : plan_.stages) {
      for (const Step& step : stage.steps) {
        if (step.action == Action::kWaitForCrd) return step.key.Text() + " waits for its kind";
        const bool failed = step.action == Action::kConflict ||
                            (step.action == Action::kBlocked && step.reason != kReasonDrift);
        if (failed) return step.key.Text() + " cannot be applied: " + step.reason;
      }
    }
    return {};
  }

  std::string UnknownKind() const {
    for (const InventoryRecord* record : members_) {
      const GroupKind kind = GroupKind::Of(record->key);
      if (input_.failed_lists.count(kind) > 0) {
        return "the list of " + kind.Text() + " failed: what is there is not known";
      }
      const auto found = input_.kinds->find(kind);
      if (found != input_.kinds->end()) {
        if (found->second.stale) return "discovery of " + kind.Text() + " is stale";
        continue;
      }
      const bool explained =
          facts_.GroupIsGone(kind.group) || facts_.AppliedAs(record->uid, record->key) != nullptr;
      if (!explained) {
        return "the cluster does not serve " + kind.Text() +
               " now (an API server that is down?): what is there is not known";
      }
    }
    return {};
  }

  // A lost inventory: nothing is deleted on the strength of a label alone.
  void ReportUnrecorded() {
    const auto* keys = facts_.Unrecorded(context_.IdOf(plan_.app));
    if (keys == nullptr) return;
    std::string text = std::to_string(keys->size()) +
                       " live object(s) carry the app's mark but are not in the agent's inventory; "
                       "they stay until they are deleted by hand:";
    for (size_t i = 0; i < std::min(keys->size(), kNamedObjects); ++i) {
      text += (i == 0 ? " " : ", ") + (*keys)[i].Text();
    }
    if (candidates_.empty()) plan_.prune_refused = text;
    plan_.problems.push_back({plan_.app, "", "prune_unrecorded", std::move(text)});
  }

  // Rule 8: what would take others along waits until they are gone.
  void HoldBack(const ResourceKey& key, Step& step) const {
    if (step.action != Action::kDelete) return;
    std::string obstacle;
    if (IsNamespace(key)) obstacle = LivesIn(key.name);
    if (IsCrd(key)) obstacle = ResourceOf(key);
    if (obstacle.empty()) return;
    step.action = Action::kBlocked;
    step.reason = std::move(obstacle);
    step.merge = {};
  }

  bool GoesFirst(const ResourceKey& key) const {
    const auto found = steps_.find(key);
    return found != steps_.end() &&
           (found->second.action == Action::kDelete || found->second.reason == "terminating");
  }

  std::string LivesIn(const std::string& name) const {
    for (const PreparedApp& app : input_.desired->apps) {
      for (const ResourceKey& key : app.keys) {
        if (key.namespace_ == name) return "app " + app.name + " wants " + key.Text() + " there";
      }
    }
    if (!input_.failed_lists.empty()) {
      return "the list of " + input_.failed_lists.begin()->Text() +
             " failed: what lives there is not known";
    }
    for (const auto& [key, live] : *input_.live) {
      if (key.namespace_ == name && !GoesFirst(key)) return key.Text() + " lives there";
    }
    return {};
  }

  std::string ResourceOf(const ResourceKey& crd) const {
    const GroupKind* kind = facts_.KindOf(crd);
    if (kind == nullptr) return {};
    if (input_.failed_lists.count(*kind) > 0) {
      return "the list of " + kind->Text() + " failed: what is there is not known";
    }
    for (const PreparedApp& app : input_.desired->apps) {
      for (const ResourceKey& key : app.keys) {
        if (GroupKind::Of(key) == *kind) return "app " + app.name + " wants " + key.Text();
      }
    }
    for (const auto& [key, live] : *input_.live) {
      if (GroupKind::Of(key) == *kind && !GoesFirst(key)) return key.Text() + " is still there";
    }
    return {};
  }

  // Rule 3.
  bool MassPruneAllowed() const {
    return app_ == nullptr ? input_.confirmed_removals.contains(plan_.app)
                           : app_->policy.allow_mass_prune;
  }

  bool WaitsForConfirmation(const ResourceKey& key) const {
    if (TakesOthersAlong(key)) return true;
    const LiveObject* live = context_.LiveOf(key);
    return live != nullptr && PruneNeedsConfirmation(live->metadata, app_ == nullptr);
  }

  bool TooMany() {
    const auto known = std::count_if(members_.begin(), members_.end(),
                                     [](const auto* record) { return !record->uid.empty(); });
    const auto deletes = std::count_if(steps_.begin(), steps_.end(), [&](const auto& item) {
      return item.second.action == Action::kDelete && !WaitsForConfirmation(item.first);
    });
    if (deletes <= limits::kPruneGuardObjects ||
        deletes * 100 <= known * limits::kPruneGuardPercent) {
      return false;
    }
    plan_.prune_refused = std::to_string(deletes) + " of " + std::to_string(known) +
                          " objects would be removed, more than " +
                          std::to_string(limits::kPruneGuardObjects) + " and more than " +
                          std::to_string(limits::kPruneGuardPercent) + " %: " + std::string(kHeld);
    plan_.problems.push_back({plan_.app, "", "prune_guard", plan_.prune_refused});
    return true;
  }

  // An object that takes others along waits alone: the rest of the app goes.
  void HoldDangerous() {
    for (auto it = steps_.begin(); it != steps_.end();) {
      if (it->second.action != Action::kDelete || !WaitsForConfirmation(it->first)) {
        ++it;
        continue;
      }
      const std::string name = it->first.Text();
      std::string text =
          (TakesOthersAlong(it->first) ? "removing " + name + " takes data or other objects along: "
                                       : name + " asks for a confirmation before it is removed: ") +
          std::string(kHeld);
      if (plan_.prune_refused.empty()) plan_.prune_refused = text;
      plan_.problems.push_back({plan_.app, name, "prune_guard", std::move(text)});
      it = steps_.erase(it);
    }
  }

  int32_t WaveOfLive(const ResourceKey& key) const {
    const LiveObject* live = context_.LiveOf(key);
    return live == nullptr ? 0 : WaveOf(object::Object{{"metadata", live->metadata}});
  }

  // Rule 9: reverse apply order, in stages.
  void Order() {
    struct Item {
      int part;
      int32_t wave;
      int stage;
      int rank;
      Step* step;
    };
    std::vector<Item> items;
    for (auto& [key, step] : steps_) {
      const GroupKind kind = GroupKind::Of(key);
      items.push_back({Part(key), WaveOfLive(key), StageOf(kind), UninstallRank(kind), &step});
    }
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return std::tie(a.part, b.wave, b.stage, a.rank) < std::tie(b.part, a.wave, a.stage, b.rank);
    });
    int part = 0;
    for (const Item& item : items) {
      Stage* last = plan_.prune.empty() ? nullptr : &plan_.prune.back();
      if (last != nullptr && item.part != part) last->gate_gone = true;
      if (last == nullptr || item.part != part || last->wave != item.wave ||
          last->stage != item.stage) {
        plan_.prune.push_back({.wave = item.wave, .stage = item.stage});
      }
      part = item.part;
      plan_.prune.back().steps.push_back(std::move(*item.step));
    }
  }

  const PlanContext& context_;
  const PlanInput& input_;
  const PruneFacts& facts_;
  AppPlan& plan_;
  const PreparedApp* app_;
  const std::vector<const InventoryRecord*>& members_;
  std::vector<const InventoryRecord*> candidates_;
  std::map<ResourceKey, Step> steps_;
};

}  // namespace

void PlanPrune(const PlanContext& context, const PruneFacts& facts, AppPlan& plan) {
  AppPruner(context, facts, plan).Run();
}

}  // namespace dunlin::plan
