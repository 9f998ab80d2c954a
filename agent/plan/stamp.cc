#include "agent/plan/stamp.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/crypto/crypto.h"
#include "protocol/object/json.h"

namespace dunlin::plan {

namespace {

constexpr size_t kShortHash = 16;  // hex digits of the annotation
constexpr std::string_view kTooling = "dunlin/";

std::string Join(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ',';
    out += word;
  }
  return out;
}

// The map below metadata; absent or null becomes an empty one.
Result<object::Object*> MetadataMap(object::Object& metadata, std::string_view member) {
  object::Value& value = metadata[member];
  if (value.is_null()) value = object::Object{};
  if (!value.is_object()) {
    return MakeError(Errc::kInvalidArgument, "metadata." + std::string(member) + " is not a map");
  }
  return &value.get_object();
}

}  // namespace

std::string ParentName(std::string_view app) { return "dunlin-" + std::string(app); }

bool IsParentKey(const object::ResourceKey& key, std::string_view agent_namespace) {
  if (agent_namespace.empty()) agent_namespace = kDefaultAgentNamespace;
  return key.group.empty() && key.kind == "ConfigMap" && key.namespace_ == agent_namespace &&
         key.name.starts_with(ParentName(""));
}

std::string ApplySetId(std::string_view app, std::string_view agent_namespace) {
  if (agent_namespace.empty()) agent_namespace = kDefaultAgentNamespace;
  // name.namespace.kind.group; the group of a ConfigMap is empty.
  const std::string parent = ParentName(app) + "." + std::string(agent_namespace) + ".ConfigMap.";
  return "applyset-" + Base64UrlEncode(crypto::Sha256(parent).View()) + "-v1";
}

Result<Stamped> StampDesired(object::Value normalized, std::string_view app,
                             std::string_view agent_namespace) {
  Stamped out;
  out.object = std::move(normalized);
  object::Value* metadata =
      out.object.is_object() ? out.object.get_object().if_contains("metadata") : nullptr;
  if (metadata == nullptr || !metadata->is_object()) {
    return MakeError(Errc::kInvalidArgument, "object without metadata");
  }
  object::Object& fields = metadata->get_object();
  TRY(object::Object * labels, MetadataMap(fields, "labels"));
  if (labels->contains(kPartOfLabel)) {
    return MakeError(Errc::kPrecondition, "the manifest carries the label " +
                                              std::string(kPartOfLabel) +
                                              ", which says that another tool owns it: remove it");
  }
  labels->insert_or_assign(kPartOfLabel, ApplySetId(app, agent_namespace));
  // A hash that was copied from a cluster into the manifest is not part of the desired state.
  if (object::Value* found = fields.if_contains("annotations"); found != nullptr) {
    if (object::Object* annotations = found->if_object()) annotations->erase(kHashAnnotation);
  }
  out.hash = crypto::Sha256(object::CanonicalJson(out.object)).Hex();
  TRY(object::Object * annotations, MetadataMap(fields, "annotations"));
  annotations->insert_or_assign(kHashAnnotation, out.hash.substr(0, kShortHash));
  return out;
}

std::string Seal(object::Value& stamped) {
  object::Object& annotations =
      stamped.get_object()["metadata"].get_object()["annotations"].get_object();
  annotations.erase(kHashAnnotation);
  std::string hash = crypto::Sha256(object::CanonicalJson(stamped)).Hex();
  annotations[kHashAnnotation] = hash.substr(0, kShortHash);
  return hash;
}

bool CarriesHash(const object::Value& metadata, std::string_view hash) {
  return object::FindString(metadata, {"annotations", kHashAnnotation}) ==
         hash.substr(0, kShortHash);
}

object::Value ParentConfigMap(const ParentInput& input) {
  const std::string agent_namespace =
      input.agent_namespace.empty() ? std::string(kDefaultAgentNamespace) : input.agent_namespace;
  std::vector<std::string> kinds;
  for (const GroupKind& kind : input.group_kinds) kinds.push_back(kind.Text());
  std::vector<std::string> namespaces;
  for (const std::string& name : input.namespaces) {
    if (!name.empty() && name != agent_namespace) namespaces.push_back(name);
  }
  object::Object labels;
  labels[kApplySetIdLabel] = ApplySetId(input.app, agent_namespace);
  labels["app.kubernetes.io/managed-by"] = "dunlin";
  object::Object annotations;
  annotations[kToolingAnnotation] = std::string(kTooling) + input.agent_version;
  annotations[kGroupKindsAnnotation] = Join(std::move(kinds));
  annotations[kNamespacesAnnotation] = Join(std::move(namespaces));
  object::Object metadata;
  metadata["name"] = ParentName(input.app);
  metadata["namespace"] = agent_namespace;
  metadata["labels"] = std::move(labels);
  metadata["annotations"] = std::move(annotations);
  object::Object data;
  data["app"] = input.app;
  data["revision"] = input.revision;
  data["bundleDigest"] = input.bundle_digest;
  object::Object out;
  out["apiVersion"] = "v1";
  out["kind"] = "ConfigMap";
  out["metadata"] = std::move(metadata);
  out["data"] = std::move(data);
  return out;
}

bool IsParent(const object::Value& config_map, std::string_view id) {
  return object::FindString(config_map, {"metadata", "labels", kApplySetIdLabel}) == id &&
         object::FindString(config_map, {"metadata", "annotations", kToolingAnnotation})
             .starts_with(kTooling);
}

}  // namespace dunlin::plan
