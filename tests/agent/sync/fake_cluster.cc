#include "tests/agent/sync/fake_cluster.h"

#include "agent/merge/apply.h"
#include "agent/merge/merge.h"
#include "agent/plan/stamp.h"
#include "protocol/base/check.h"
#include "protocol/object/json.h"

namespace dunlin::sync {

object::Value Json(std::string_view text) {
  auto parsed = object::ParseJson(text);
  CHECK(parsed.has_value());
  return std::move(*parsed);
}

ApiFailure Refusal(int http, std::string reason, std::string message) {
  ApiFailure failure;
  failure.http = http;
  failure.code = http == 0 ? Errc::kUnavailable : Errc::kInvalidArgument;
  failure.reason = std::move(reason);
  failure.message = std::move(message);
  return failure;
}

namespace {

ApiAnswer Refuse(int http, std::string reason, std::string message) {
  ApiAnswer answer;
  answer.failure = Refusal(http, std::move(reason), std::move(message));
  return answer;
}

bool IsCrd(const object::ResourceKey& key) { return key.kind == "CustomResourceDefinition"; }

}  // namespace

FakeCluster::FakeCluster() = default;

ClusterFacts FakeCluster::Facts() const {
  ClusterFacts facts;
  facts.kube_uid = kube_uid;
  facts.version = "v1.36.3";
  const std::vector<std::string> verbs = {"create", "delete", "get", "list", "patch", "watch"};
  const auto add = [&](std::string group, std::string kind, std::string plural, bool namespaced) {
    facts.kinds[{std::move(group), std::move(kind)}] = {
        std::move(plural), namespaced, {"v1"}, verbs, false};
  };
  add("", "Namespace", "namespaces", false);
  add("", "ConfigMap", "configmaps", true);
  add("", "Service", "services", true);
  add("apps", "Deployment", "deployments", true);
  add("batch", "Job", "jobs", true);
  add("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false);
  facts.kinds[{"", "ConfigMap"}].versions = {map_version};
  for (const auto& [key, object] : objects_) {
    if (!IsCrd(key)) continue;
    add(std::string(object::FindString(object, {"spec", "group"})),
        std::string(object::FindString(object, {"spec", "names", "kind"})),
        std::string(object::FindString(object, {"spec", "names", "plural"})), true);
  }
  facts.api_versions = {"apps/v1", "v1"};
  return facts;
}

const object::Value* FakeCluster::Find(const object::ResourceKey& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : &found->second;
}

object::Value& FakeCluster::Store(const object::ResourceKey& key, object::Value object,
                                  bool content) {
  object::Object& metadata = object.as_object()["metadata"].as_object();
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    metadata["uid"] = "uid-" + std::to_string(++uid_);
    metadata["generation"] = 1;
  } else {
    const object::Value& before = found->second;
    metadata["uid"] = std::string(object::FindString(before, {"metadata", "uid"}));
    metadata["generation"] =
        object::FindInt(before, {"metadata", "generation"}).value_or(1) + (content ? 1 : 0);
  }
  if (key.kind == "ConfigMap") metadata.erase("generation");
  if (content && admit) admit(object);
  metadata["resourceVersion"] = std::to_string(++version_);
  if (auto_ready && key.kind == "Deployment") {
    object.as_object()["status"] = Json(
        R"({"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,"conditions":[
            {"type":"Available","status":"True"},
            {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]})");
    object.as_object()["status"].as_object()["observedGeneration"] = metadata["generation"];
  }
  if (IsCrd(key)) {
    object.as_object()["status"] = Json(
        R"({"conditions":[{"type":"NamesAccepted","status":"True"},
                          {"type":"Established","status":"True"}]})");
  }
  if (key.kind == "Namespace") object.as_object()["status"] = Json(R"({"phase":"Active"})");
  object::Value& stored = objects_[key];
  stored = std::move(object);
  Tell(key);
  return stored;
}

void FakeCluster::Tell(const object::ResourceKey& key) {
  const plan::GroupKind kind = plan::GroupKind::Of(key);
  if (!watched_.contains(kind)) return;
  const object::Value* object = Find(key);
  const bool ours =
      object != nullptr &&
      !object::FindString(*object, {"metadata", "labels", plan::kPartOfLabel}).empty();
  if (ours) {
    events_.push_back(LiveChanged{kind, {key, *object}});
  } else {
    events_.push_back(LiveDeleted{kind, key});
  }
}

std::deque<Event> FakeCluster::TakeEvents() { return std::exchange(events_, {}); }

Listed FakeCluster::List(const plan::GroupKind& kind) const {
  Listed listed{kind, true, true, {}};
  for (const auto& [key, object] : objects_) {
    const bool ours =
        !object::FindString(object, {"metadata", "labels", plan::kPartOfLabel}).empty();
    if (ours && plan::GroupKind::Of(key) == kind) listed.items.push_back({key, object});
  }
  return listed;
}

void FakeCluster::Put(const object::Value& object) {
  Store(*object::ResourceKey::Of(object), object, true);
}

void FakeCluster::Edit(const object::ResourceKey& key,
                       const std::function<void(object::Value&)>& edit) {
  object::Value copy = objects_.at(key);
  edit(copy);
  Store(key, std::move(copy), true);
}

void FakeCluster::SetStatus(const object::ResourceKey& key, object::Value status) {
  object::Value copy = objects_.at(key);
  copy.as_object()["status"] = std::move(status);
  const bool ready = std::exchange(auto_ready, false);
  Store(key, std::move(copy), false);
  auto_ready = ready;
}

void FakeCluster::Erase(const object::ResourceKey& key) {
  objects_.erase(key);
  Tell(key);
}

std::vector<Request> FakeCluster::Writes() const {
  std::vector<Request> writes;
  for (const Request& request : log) {
    if (request.verb != Verb::kGet) writes.push_back(request);
  }
  return writes;
}

ApiAnswer FakeCluster::Answer(const Request& request) {
  log.push_back(request);
  if (fault) {
    if (auto failure = fault(request)) {
      ApiAnswer answer;
      answer.failure = std::move(*failure);
      return answer;
    }
  }
  switch (request.verb) {
    case Verb::kGet: {
      const object::Value* found = Find(request.key);
      if (found == nullptr) return Refuse(404, "NotFound", "not found");
      ApiAnswer answer;
      answer.object = *found;
      return answer;
    }
    case Verb::kCreate:
      return Create(request);
    case Verb::kPatch:
      return Patch(request);
    case Verb::kDelete:
      return Delete(request);
  }
  return {};
}

ApiAnswer FakeCluster::Create(const Request& request) {
  if (objects_.contains(request.key)) return Refuse(409, "AlreadyExists", "already exists");
  const std::string& space = request.key.namespace_;
  if (namespaces_matter && !space.empty() && !objects_.contains({"", "Namespace", "", space})) {
    return Refuse(404, "NotFound", "namespaces \"" + space + "\" not found");
  }
  ApiAnswer answer;
  answer.object = Store(request.key, Json(request.body), true);
  return answer;
}

ApiAnswer FakeCluster::Patch(const Request& request) {
  const auto found = objects_.find(request.key);
  if (found == objects_.end()) return Refuse(404, "NotFound", "not found");
  const object::Value patch = Json(request.body);
  const std::string_view expected = object::FindString(patch, {"metadata", "resourceVersion"});
  if (!expected.empty() &&
      expected != object::FindString(found->second, {"metadata", "resourceVersion"})) {
    return Refuse(409, "Conflict", "the object has been modified");
  }
  const std::string_view uid = object::FindString(patch, {"metadata", "uid"});
  if (!uid.empty() && uid != object::FindString(found->second, {"metadata", "uid"})) {
    return Refuse(409, "Conflict", "the UID is another one");
  }
  merge::SchemaRef schema;
  auto type = merge::PatchType::kMerge;
  if (request.content_type == merge::ContentType(merge::MergeKind::kStrategic)) {
    const auto held = schemas.find({request.key.group, "v1"});
    if (held == schemas.end()) return Refuse(415, "UnsupportedMediaType", "no strategic patch");
    schema = {held->second.get(), *held->second->Root({request.key.group, "v1", request.key.kind})};
    type = merge::PatchType::kStrategic;
  }
  auto patched = merge::Apply(found->second, patch, type, schema);
  CHECK(patched.has_value());
  ApiAnswer answer;
  if (object::Equal(*patched, found->second)) {
    answer.object = found->second;
    return answer;
  }
  answer.object = Store(request.key, std::move(*patched), true);
  return answer;
}

ApiAnswer FakeCluster::Delete(const Request& request) {
  const auto found = objects_.find(request.key);
  if (found == objects_.end()) return Refuse(404, "NotFound", "not found");
  const object::Value options = Json(request.body);
  if (object::FindString(options, {"preconditions", "uid"}) !=
      object::FindString(found->second, {"metadata", "uid"})) {
    return Refuse(409, "Conflict", "the UID is another one");
  }
  const std::string_view version =
      object::FindString(options, {"preconditions", "resourceVersion"});
  if (!version.empty() &&
      version != object::FindString(found->second, {"metadata", "resourceVersion"})) {
    return Refuse(409, "Conflict", "the resourceVersion is another one");
  }
  ApiAnswer answer;
  answer.object = found->second;
  Erase(request.key);
  return answer;
}

}  // namespace dunlin::sync
