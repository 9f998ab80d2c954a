#include "agent/plan/prune_object.h"

#include <utility>

#include "agent/plan/ownership.h"
#include "agent/plan/special_kinds.h"
#include "agent/plan/stamp.h"

namespace dunlin::plan {

namespace {

using object::Object;
using object::ResourceKey;

const GroupKind kCrd{"apiextensions.k8s.io", "CustomResourceDefinition"};

// The preferred version of the kind: any will do for DELETE and for metadata.
std::string ApiVersionOf(const PlanContext& context, const ResourceKey& key) {
  const auto found = context.input().kinds->find(GroupKind::Of(key));
  if (found == context.input().kinds->end() || found->second.versions.empty()) return {};
  return object::GroupVersion{key.group, found->second.versions.front()}.ApiVersion();
}

}  // namespace

object::Value DeleteOptions(const std::string& uid, Propagation propagation) {
  return Object{{"apiVersion", "v1"},
                {"kind", "DeleteOptions"},
                {"preconditions", Object{{"uid", uid}}},
                {"propagationPolicy", Name(propagation)}};
}

namespace {

// Takes our marks off. The UID in the body makes the apiserver refuse it for another object of the
// same name.
object::Value ReleasePatch(const std::string& uid) {
  return Object{
      {"metadata", Object{{"uid", uid},
                          {"labels", Object{{std::string(kPartOfLabel), nullptr}}},
                          {"annotations", Object{{std::string(kHashAnnotation), nullptr}}}}}};
}

class PruneDecision {
 public:
  PruneDecision(const PlanContext& context, const PruneFacts& facts, const InventoryRecord& record)
      : context_(context), facts_(facts), record_(record), live_(context.LiveOf(record.key)) {
    step_.key = record.key;
    step_.app = record.app;
    step_.api_version = ApiVersionOf(context, record.key);
    if (live_ != nullptr) step_.uid = Uid(*live_);
  }

  std::optional<Step> Decide(Propagation propagation) {
    // Rule 5: its new app takes the object and the record over.
    if (!context_.DesiredByOther(record_.key, record_.app).empty()) return std::nullopt;
    if (const ResourceKey* other = facts_.AppliedAs(record_.uid, record_.key)) {
      return Done(Action::kForget, "applied as " + other->Text());
    }
    if (live_ == nullptr) return Done(Action::kForget, "gone");
    if (auto step = NotOurs()) return step;
    if (IsTerminating(*live_)) {
      step_.new_resource_version = ResourceVersion(*live_);
      return Done(Action::kSkip, "terminating");
    }
    if (IsNamespace(record_.key) && IsProtectedNamespace(record_.key.name)) {
      return Release("namespace " + record_.key.name + " belongs to the cluster");
    }
    if (const auto opt_out = PruneOptOut(live_->metadata, context_.FindApp(record_.app) == nullptr);
        !opt_out.empty()) {
      return Release("kept by " + std::string(opt_out));
    }
    step_.merge.kind = merge::MergeKind::kDelete;
    step_.merge.body = DeleteOptions(step_.uid, propagation);
    step_.resource_version = ResourceVersion(*live_);
    return Done(Action::kDelete, "pruned");
  }

 private:
  std::optional<Step> Done(Action action, std::string reason) {
    step_.action = action;
    step_.reason = std::move(reason);
    return std::move(step_);
  }

  std::optional<Step> Release(std::string reason) {
    step_.merge.kind = merge::MergeKind::kJsonMerge;
    step_.merge.body = ReleasePatch(step_.uid);
    return Done(Action::kRelease, std::move(reason));
  }

  // Rules 4 and 5: our label, our UID, and no mark of another tool.
  std::optional<Step> NotOurs() {
    const Ownership owner = OwnerOf(live_->metadata, record_.app, context_.Ours());
    if (owner.owner == Owner::kNobody)
      return Done(Action::kForget, "our label was removed from it");
    if (owner.owner == Owner::kOurs) {
      return Done(Action::kConflict,
                  "recorded for app " + record_.app + ", but marked as owned by app " + owner.by);
    }
    if (owner.owner == Owner::kForeign) {
      return Done(Action::kConflict,
                  "recorded for app " + record_.app + ", but owned by " + owner.by);
    }
    if (const std::string mark = ForeignMark(live_->metadata); !mark.empty()) {
      return Done(Action::kConflict, "owned by app " + record_.app + " and by " + mark +
                                         ": remove one of the two marks");
    }
    if (record_.uid.empty()) {
      return Done(Action::kConflict,
                  "its UID was never recorded: delete it by hand if it is not needed");
    }
    if (record_.uid != step_.uid) {
      return Done(Action::kConflict, "somebody made it anew (UID " + step_.uid + ", ours was " +
                                         record_.uid + "): delete it by hand if it is not needed");
    }
    return std::nullopt;
  }

  const PlanContext& context_;
  const PruneFacts& facts_;
  const InventoryRecord& record_;
  const LiveObject* live_;
  Step step_;
};

// Copies of a Service's labels, made by the control plane.
bool IsCopy(const ResourceKey& key, const object::Value& metadata) {
  return key.kind == "Endpoints" || key.kind == "EndpointSlice" ||
         object::FindArray(metadata, {"ownerReferences"}) != nullptr;
}

}  // namespace

PruneFacts::PruneFacts(const PlanContext& context) {
  const PlanInput& input = context.input();
  for (const PreparedApp& app : input.desired->apps) {
    for (const DesiredPtr& item : app.objects) {
      if (const LiveObject* live = context.LiveOf(item->key)) {
        desired_by_uid_.emplace(std::string(Uid(*live)), item->key);
      } else if (const InventoryRecord* record = context.RecordOf(item->key)) {
        desired_by_uid_.emplace(record->uid, item->key);
      }
    }
  }
  desired_by_uid_.erase("");
  for (const auto& [kind, info] : *input.kinds) {
    kind_by_crd_.emplace(info.plural + "." + kind.group, kind);
  }
  for (const auto& [key, live] : *input.live) {
    const auto id = object::FindString(live.metadata, {"labels", kPartOfLabel});
    if (id.empty() || context.RecordOf(key) != nullptr || IsCopy(key, live.metadata)) continue;
    if (input.hook_objects != nullptr && input.hook_objects->contains(key)) continue;
    if (context.DesiredByOther(key, "").empty()) unrecorded_[std::string(id)].push_back(key);
  }
  const auto crd = input.kinds->find(kCrd);
  const bool crds_known =
      crd != input.kinds->end() && !crd->second.stale && input.failed_lists.count(kCrd) == 0;
  if (!crds_known) return;
  for (const auto& [key, record] : *input.inventory) {
    if (!IsCrd(key) || record.uid.empty() || context.LiveOf(key) != nullptr) continue;
    lost_crd_groups_.insert(key.name.substr(key.name.find('.') + 1));
  }
}

const ResourceKey* PruneFacts::AppliedAs(const std::string& uid, const ResourceKey& key) const {
  const auto found = desired_by_uid_.find(uid);
  return found == desired_by_uid_.end() || found->second == key ? nullptr : &found->second;
}

const GroupKind* PruneFacts::KindOf(const ResourceKey& crd) const {
  const auto found = kind_by_crd_.find(crd.name);
  return found == kind_by_crd_.end() ? nullptr : &found->second;
}

bool PruneFacts::GroupIsGone(const std::string& group) const {
  return lost_crd_groups_.count(group) > 0;
}

const std::vector<ResourceKey>* PruneFacts::Unrecorded(const std::string& part_of_id) const {
  const auto found = unrecorded_.find(part_of_id);
  return found == unrecorded_.end() ? nullptr : &found->second;
}

std::optional<Step> DecidePrune(const PlanContext& context, const PruneFacts& facts,
                                const InventoryRecord& record, Propagation propagation) {
  return PruneDecision(context, facts, record).Decide(propagation);
}

}  // namespace dunlin::plan
