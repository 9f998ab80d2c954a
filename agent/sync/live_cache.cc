#include "agent/sync/live_cache.h"

#include "protocol/base/check.h"
#include "protocol/object/json.h"

namespace dunlin::sync {

namespace {

constexpr std::string_view kKubectlAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

void TrimMetadata(object::Value& metadata) {
  if (!metadata.is_object()) {
    metadata = object::Object{};
    return;
  }
  object::Object& fields = metadata.as_object();
  fields.erase("managedFields");
  if (auto* annotations = fields.if_contains("annotations");
      annotations != nullptr && annotations->is_object()) {
    annotations->as_object().erase(kKubectlAnnotation);
  }
}

// Splits the metadata off; what is left of `object` is the body.
object::Value TakeMetadata(object::Value& object) {
  object::Value metadata = object::Object{};
  if (object.is_object()) {
    if (auto* found = object.as_object().if_contains("metadata")) metadata = std::move(*found);
    object.as_object().erase("metadata");
  }
  TrimMetadata(metadata);
  return metadata;
}

bool SameMember(const object::Value& a, const object::Value& b, std::string_view member) {
  const object::Value* left = object::Find(a, {member});
  const object::Value* right = object::Find(b, {member});
  if (left == nullptr || right == nullptr) return left == right;
  return object::Equal(*left, *right);
}

bool ContentMoved(const object::Value& before, const object::Value& after) {
  const auto generation = object::FindInt(after, {"generation"});
  if (!generation) return true;
  for (const std::string_view member :
       {"generation", "labels", "annotations", "uid", "deletionTimestamp", "ownerReferences"}) {
    if (!SameMember(before, after, member)) return true;
  }
  return false;
}

// Deep copy on the heap of its own size: a moved-in tree may be part of a page's larger allocation.
object::Value Join(const object::Value& metadata, BytesView body) {
  auto parsed = object::ParseJson(body);
  CHECK(parsed.has_value() && parsed->is_object());
  parsed->as_object()["metadata"] = metadata;
  return std::move(*parsed);
}

}  // namespace

std::string_view ResourceVersionOf(const plan::LiveObject& live) {
  return object::FindString(live.metadata, {"resourceVersion"});
}

std::string_view UidOf(const plan::LiveObject& live) {
  return object::FindString(live.metadata, {"uid"});
}

std::set<plan::GroupKind> LiveCache::SetHealthRules(std::vector<health::FleetRule> rules) {
  std::set<plan::GroupKind> moved;
  if (rules == rules_) return moved;
  const auto add_named = [&] {
    for (const auto& [key, body] : bodies_) {
      if (judge_.HasFleetRule(key.group, key.kind)) moved.insert(plan::GroupKind::Of(key));
    }
  };
  add_named();
  rules_ = std::move(rules);
  judge_.SetFleetRules(rules_);
  add_named();
  return moved;
}

bool LiveCache::IsOlder(const object::ResourceKey& key, const object::Value& object) const {
  const plan::LiveObject* live = Find(key);
  if (live == nullptr) return false;
  const std::string_view held = ResourceVersionOf(*live);
  const std::string_view other = object::FindString(object, {"metadata", "resourceVersion"});
  // Comparable as decimal integers since Kubernetes 1.35 (KEP-5504), in practice always. A restored
  // etcd counts from behind, but then the watch is gone, too, and a LIST replaces everything.
  const auto digits = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!digits(held) || !digits(other)) return false;
  return other.size() != held.size() ? other.size() < held.size() : other < held;
}

LiveCache::Change LiveCache::Put(const object::ResourceKey& key, object::Value object,
                                 TimePoint now) {
  if (auto found = replacing_.find(plan::GroupKind::Of(key)); found != replacing_.end()) {
    found->second.erase(key);
  }
  Change change;
  health::Health judged = judge_.Evaluate(object, now);
  // A CRD's status is part of what planner and merge look at; a pod's says whether it ended.
  if (judged.status == health::HealthStatus::kCurrent && object.is_object() &&
      key.kind != "CustomResourceDefinition" && key.kind != "Pod") {
    object.as_object().erase("status");
  }
  object::Value metadata = TakeMetadata(object);
  plan::LiveObject& live = snapshot_[key];
  Body& body = bodies_[key];
  change.existed = !live.metadata.is_null();
  change.resource_moved = !change.existed || ResourceVersionOf(live) !=
                                                 object::FindString(metadata, {"resourceVersion"});
  change.content_moved = !change.existed || ContentMoved(live.metadata, metadata);
  change.health_moved = !change.existed || body.health.status != judged.status;
  live.metadata = std::move(metadata);
  body.text = object::CanonicalJson(object);
  body.text.shrink_to_fit();
  Judged(body, std::move(judged));
  return change;
}

void LiveCache::Judged(Body& body, health::Health judged) {
  const auto open = [](const health::Health& health) {
    return health.status != health::HealthStatus::kCurrent ? 1 : 0;
  };
  unsettled_ += static_cast<size_t>(open(judged));
  unsettled_ -= static_cast<size_t>(open(body.health));
  body.health = std::move(judged);
}

bool LiveCache::Remove(const object::ResourceKey& key) {
  const auto body = bodies_.find(key);
  if (body == bodies_.end()) return false;
  Judged(body->second, {});
  bodies_.erase(body);
  snapshot_.erase(key);
  return true;
}

void LiveCache::BeginReplace(const plan::GroupKind& kind) {
  std::set<object::ResourceKey>& left = replacing_[kind];
  left.clear();
  for (const auto& [key, live] : snapshot_) {
    if (plan::GroupKind::Of(key) == kind) left.insert(key);
  }
}

std::vector<object::ResourceKey> LiveCache::EndReplace(const plan::GroupKind& kind) {
  auto found = replacing_.find(kind);
  if (found == replacing_.end()) return {};
  std::vector<object::ResourceKey> gone(found->second.begin(), found->second.end());
  replacing_.erase(found);
  for (const object::ResourceKey& key : gone) Remove(key);
  return gone;
}

void LiveCache::DropKind(const plan::GroupKind& kind) {
  BeginReplace(kind);
  EndReplace(kind);
}

const plan::LiveObject* LiveCache::Find(const object::ResourceKey& key) const {
  const auto found = snapshot_.find(key);
  return found == snapshot_.end() ? nullptr : &found->second;
}

std::optional<object::Value> LiveCache::Full(const object::ResourceKey& key) const {
  const auto live = snapshot_.find(key);
  if (live == snapshot_.end()) return std::nullopt;
  return Join(live->second.metadata, bodies_.at(key).text);
}

const health::Health* LiveCache::HealthOf(const object::ResourceKey& key) const {
  const auto found = bodies_.find(key);
  return found == bodies_.end() ? nullptr : &found->second.health;
}

bool LiveCache::Reevaluate(TimePoint now) {
  bool moved = false;
  for (auto& [key, body] : bodies_) {
    if (body.health.status == health::HealthStatus::kCurrent) continue;
    health::Health judged = judge_.Evaluate(Join(snapshot_.at(key).metadata, body.text), now);
    moved = moved || judged.status != body.health.status;
    Judged(body, std::move(judged));
  }
  return moved;
}

}  // namespace dunlin::sync
