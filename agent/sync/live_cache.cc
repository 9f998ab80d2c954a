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

LiveCache::Change LiveCache::Put(const object::ResourceKey& key, object::Value object,
                                 TimePoint now) {
  if (auto found = replacing_.find(plan::GroupKind::Of(key)); found != replacing_.end()) {
    found->second.erase(key);
  }
  Change change;
  health::Health judged = health::Evaluate(object, now);
  // A CRD's status is part of what the planner and the merge look at.
  if (judged.status == health::HealthStatus::kCurrent && object.is_object() &&
      key.kind != "CustomResourceDefinition") {
    object.as_object().erase("status");
  }
  object::Value metadata = TakeMetadata(object);
  plan::LiveObject& live = snapshot_[key];
  Body& body = bodies_[key];
  change.existed = !live.metadata.is_null();
  change.resource_moved =
      !change.existed ||
      ResourceVersionOf(live) != object::FindString(metadata, {"resourceVersion"});
  change.health_moved = !change.existed || body.health.status != judged.status;
  live.metadata = std::move(metadata);
  body.text = object::CanonicalJson(object);
  body.text.shrink_to_fit();
  body.health = std::move(judged);
  return change;
}

bool LiveCache::Remove(const object::ResourceKey& key) {
  bodies_.erase(key);
  return snapshot_.erase(key) > 0;
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
    health::Health judged = health::Evaluate(Join(snapshot_.at(key).metadata, body.text), now);
    moved = moved || judged.status != body.health.status;
    body.health = std::move(judged);
  }
  return moved;
}

}  // namespace dunlin::sync
