#include "agent/plan/object_step.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/merge/normalize.h"
#include "agent/merge/originals.h"
#include "agent/plan/ownership.h"
#include "agent/plan/stamp.h"
#include "protocol/object/json.h"

namespace dunlin::plan {

namespace {

using object::ResourceKey;
using object::Value;

constexpr std::string_view kKubectlAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

// The JSON merge patch puts another list, or nothing, where live has one.
bool ReplacesList(const Value& patch, const Value& live) {
  if (live.is_array()) return true;
  if (!patch.is_object() || !live.is_object()) return false;
  for (const auto& member : patch.get_object()) {
    const Value* current = live.get_object().if_contains(member.key());
    if (current != nullptr && ReplacesList(member.value(), *current)) return true;
  }
  return false;
}

class ObjectDecision {
 public:
  ObjectDecision(const PlanContext& context, const DesiredPtr& desired, const LiveObject* live)
      : context_(context),
        desired_(*desired),
        live_(live),
        record_(context.RecordOf(desired->key)),
        app_(context.FindApp(desired->app)) {
    step_.key = desired->key;
    step_.api_version = desired->api_version;
    step_.app = desired->app;
    step_.desired = desired;
    if (live_ != nullptr) step_.uid = Uid(*live_);
  }

  Step Decide() {
    const std::string version = desired_.api_version.substr(desired_.api_version.find('/') + 1);
    if (!Serves(*context_.input().kinds, GroupKind::Of(desired_.key), version)) {
      return Done(Action::kWaitForCrd, "the cluster does not serve " + desired_.api_version + " " +
                                           desired_.key.kind + " yet");
    }
    if (const std::string holder = HolderAmongSharers(); holder != desired_.app) {
      return Done(Action::kConflict, "app " + holder + " wants this object, too, and holds it");
    }
    if (live_ == nullptr) return DecideMissing();
    // Before the skip test costs nothing and keeps a dying object from being taken for synced.
    if (IsTerminating(*live_)) {
      return Done(Action::kBlocked, "it is being deleted; it is made again once it is gone");
    }
    if (std::string owner = Obstacle(); !owner.empty()) {
      if (desired_.implied) return Skip("exists");
      return Done(Action::kConflict, std::move(owner));
    }
    if (Untouched()) return Skip("unchanged");
    if (live_->object == nullptr) return Done(Action::kRead, "changed");
    return DecideMerge();
  }

 private:
  Step Done(Action action, std::string reason) {
    step_.action = action;
    step_.reason = std::move(reason);
    return std::move(step_);
  }

  Step Skip(std::string reason) {
    step_.new_resource_version = ResourceVersion(*live_);
    return Done(Action::kSkip, std::move(reason));
  }

  // Of two apps that want one object, the one whose mark it carries keeps it; before it exists, the
  // one that is recorded, else the first by name. Never both, and never a silent change.
  std::string HolderAmongSharers() const {
    const auto shared = context_.input().desired->shared.find(desired_.key);
    if (shared == context_.input().desired->shared.end()) return desired_.app;
    const std::vector<std::string>& apps = shared->second;
    const auto wants = [&](const std::string& app) {
      return std::find(apps.begin(), apps.end(), app) != apps.end();
    };
    if (live_ != nullptr) {
      const Ownership owner = OwnerOf(live_->metadata, desired_.app, context_.Ours());
      if (owner.owner == Owner::kThisApp) return desired_.app;
      if (owner.owner == Owner::kOurs && wants(owner.by)) return owner.by;
    }
    if (record_ != nullptr && wants(record_->app)) return record_->app;
    return apps.front();
  }

  Step DecideMissing() {
    const bool was_there = record_ != nullptr && !record_->uid.empty() &&
                           record_->app == desired_.app && record_->desired_hash == desired_.hash;
    const bool list_known = context_.input().failed_lists.count(GroupKind::Of(desired_.key)) == 0;
    if (was_there && list_known && app_ != nullptr && !app_->policy.self_heal) {
      return Done(Action::kBlocked, std::string(kReasonDrift));
    }
    step_.merge.kind = merge::MergeKind::kCreate;
    step_.merge.body = desired_.object;
    merge::StripNulls(step_.merge.body);
    return Done(Action::kCreate, was_there ? "drift" : "new");
  }

  // Whose object it is, when we may not touch it; else empty.
  std::string Obstacle() const {
    if (object::FindString(live_->metadata, {"labels", kPartOfLabel}) ==
        context_.IdOf(desired_.app)) {
      return {};
    }
    const Ownership owner = OwnerOf(live_->metadata, desired_.app, context_.Ours());
    if (owner.owner == Owner::kNobody && AppliedByUs()) return {};  // somebody removed our label
    if (owner.owner == Owner::kOurs) {
      if (context_.GaveUp(owner.by, desired_.key)) return {};  // handed over
      return "app " + owner.by + " holds this object";
    }
    const Adoption adoption = app_ == nullptr ? Adoption::kMustMatch : app_->policy.adoption;
    if (MayAdopt(owner, adoption)) return {};
    if (owner.owner == Owner::kNobody) {
      return "it exists without our mark, and the app may not adopt objects (adopt: must-match)";
    }
    return "it belongs to " + owner.by + ", wanted by app " + desired_.app +
           "; remove it there, or set adopt: adopt-all";
  }

  bool AppliedByUs() const {
    return record_ != nullptr && record_->app == desired_.app && !record_->uid.empty() &&
           record_->uid == Uid(*live_);
  }

  // The skip test of merge.md 9.2: nothing to compute, nothing to send.
  bool Untouched() const {
    return AppliedByUs() && record_->desired_hash == desired_.hash &&
           !record_->observed_resource_version.empty() &&
           record_->observed_resource_version == ResourceVersion(*live_);
  }

  Step DecideMerge() {
    const PlanInput& input = context_.input();
    merge::MergeInput merge_input;
    merge_input.desired = &desired_.object;
    merge_input.live = live_->object;
    // Another UID: somebody made the object anew, and what we once applied says nothing about it.
    if (record_ != nullptr && record_->uid == Uid(*live_)) {
      merge_input.last = record_->last_applied;
      merge_input.memo = record_->memo;
    }
    std::optional<Value> kubectl;
    if (merge_input.last == nullptr) {
      kubectl = KubectlLastApplied();
      if (kubectl) merge_input.last = &*kubectl;
    }
    SchemaLookup schema;
    if (input.schemas) {
      const object::GroupVersion group_version = GroupVersionOf();
      schema = input.schemas({group_version.group, group_version.version, desired_.key.kind});
      merge_input.schema = schema.ref;
      merge_input.strategic = schema.strategic;
    }
    // Another UID: what was announced was not for this object.
    const std::optional<Value> joined = JoinAnnounced(merge_input);
    if (joined) merge_input.last = &*joined;
    merge_input.overwrite = app_ == nullptr || app_->policy.self_heal;
    auto outcome = merge::Merge(merge_input);
    if (!outcome) return Done(Action::kBlocked, std::move(outcome.error().message));
    if (outcome->kind == merge::MergeKind::kNone) {
      if (outcome->conflicts.empty()) return Skip("unchanged");
      // Drift that is only reported. No RV is recorded, so that the next plan reports it again.
      step_.merge.conflicts = std::move(outcome->conflicts);
      return Done(Action::kSkip, "changed in the cluster; not repaired because selfHeal is off");
    }
    if (schema.unavailable && ReplacesList(outcome->body, *live_->object)) {
      step_.code = kSchemaUnavailable;
      return Done(Action::kBlocked, "how the lists of " + desired_.api_version +
                                        " merge is not known: replacing one whole could remove "
                                        "what others put into it");
    }
    step_.merge = std::move(*outcome);
    const bool same = AppliedByUs() && record_->desired_hash == desired_.hash;
    return Done(Action::kPatch, same ? "drift" : "changed");
  }

  // Fields of a document that may have been applied are ours, too, or nobody would ever remove
  // them.
  std::optional<Value> JoinAnnounced(const merge::MergeInput& input) const {
    const std::vector<AnnouncedDocument>* announced = context_.AnnouncedOf(desired_.key);
    if (announced == nullptr || record_ == nullptr || record_->uid != Uid(*live_)) return {};
    std::vector<const Value*> originals;
    if (input.last != nullptr) originals.push_back(input.last);
    for (const AnnouncedDocument& one : *announced) {
      if (one.seq > record_->seq && MayHaveWritten(one.desired->app)) {
        originals.push_back(&one.desired->object);
      }
    }
    if (originals.empty()) return {};
    return merge::JoinOriginals(originals, *live_->object, input.schema);
  }

  // An app that wanted the object and never got it sent nothing: what its documents name may be
  // anybody's.
  bool MayHaveWritten(const std::string& app) const {
    return app == desired_.app || app == record_->app ||
           object::FindString(live_->metadata, {"labels", kPartOfLabel}) == context_.IdOf(app);
  }

  object::GroupVersion GroupVersionOf() const {
    const size_t slash = desired_.api_version.find('/');
    return {desired_.key.group,
            desired_.api_version.substr(slash == std::string::npos ? 0 : slash + 1)};
  }

  // What kubectl or Argo CD applied last, for an object that we adopt (merge.md 9.2, item 6b): the
  // fields that they set and Git no longer names are then removed.
  std::optional<Value> KubectlLastApplied() const {
    const std::string_view text =
        object::FindString(*live_->object, {"metadata", "annotations", kKubectlAnnotation});
    if (text.empty()) return std::nullopt;
    auto parsed = object::ParseJson(text);
    if (!parsed) return std::nullopt;
    const auto key = ResourceKey::Of(*parsed);
    const bool same = key && key->group == desired_.key.group && key->kind == desired_.key.kind &&
                      key->name == desired_.key.name &&
                      (key->namespace_.empty() || key->namespace_ == desired_.key.namespace_);
    if (!same) return std::nullopt;
    auto normalized = merge::Normalize(*parsed);
    if (!normalized) return std::nullopt;
    if (!desired_.key.namespace_.empty()) {
      normalized->get_object()["metadata"].get_object()["namespace"] = desired_.key.namespace_;
    }
    return std::move(*normalized);
  }

  const PlanContext& context_;
  const Desired& desired_;
  const LiveObject* live_;
  const InventoryRecord* record_;
  const PreparedApp* app_;
  Step step_;
};

}  // namespace

Step DecideObject(const PlanContext& context, const DesiredPtr& desired, const LiveObject* live) {
  return ObjectDecision(context, desired, live).Decide();
}

}  // namespace dunlin::plan
