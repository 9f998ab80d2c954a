// Our marks on objects, ApplySet-compatible (KEP-3659, prefix of kubectl's code), and the parent
// ConfigMap of an app (merge.md 9.2 item 5, section 11). Pure functions of their arguments, so that
// any two agents write the same bytes.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "agent/plan/kinds.h"
#include "protocol/base/result.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

inline constexpr std::string_view kPartOfLabel = "applyset.kubernetes.io/part-of";
inline constexpr std::string_view kApplySetIdLabel = "applyset.kubernetes.io/id";
inline constexpr std::string_view kToolingAnnotation = "applyset.kubernetes.io/tooling";
inline constexpr std::string_view kGroupKindsAnnotation =
    "applyset.kubernetes.io/contains-group-kinds";
inline constexpr std::string_view kNamespacesAnnotation =
    "applyset.kubernetes.io/additional-namespaces";
inline constexpr std::string_view kHashAnnotation = "dunlin.dev/hash";
inline constexpr std::string_view kDefaultAgentNamespace = "dunlin-system";

// "dunlin-<app>": name of the app's parent ConfigMap.
std::string ParentName(std::string_view app);
// Whether a ConfigMap of this key is, or could become, the parent of an app.
bool IsParentKey(const object::ResourceKey& key, std::string_view agent_namespace);
// "applyset-<base64url(sha256(name.namespace.kind.group))>-v1" of that ConfigMap.
std::string ApplySetId(std::string_view app, std::string_view agent_namespace);

struct Stamped {
  object::Value object;  // with part-of label and hash annotation
  std::string hash;      // 64 hex digits: SHA-256 of the canonical JSON without the hash annotation
};
// kPrecondition when the manifest carries a part-of label of its own: it belongs to another tool.
Result<Stamped> StampDesired(object::Value normalized, std::string_view app,
                             std::string_view agent_namespace);

// Hashes the stamped object again after a change; sets its annotation.
std::string Seal(object::Value& stamped);

// The object was last written as the stamped document with this hash.
bool CarriesHash(const object::Value& metadata, std::string_view hash);

struct ParentInput {
  std::string app;
  std::string agent_namespace{kDefaultAgentNamespace};
  std::string agent_version;
  std::string revision;
  std::string bundle_digest;         // hex
  std::set<GroupKind> group_kinds;   // superset while a run is under way
  std::set<std::string> namespaces;  // the same; the agent's own one is left out
};
// The parent ConfigMap: what an outsider needs to see which objects are ours, and what a new agent
// needs to recover the exact last-applied documents.
object::Value ParentConfigMap(const ParentInput& input);
// The ConfigMap is an ApplySet's parent with that id, made by an agent.
bool IsParent(const object::Value& config_map, std::string_view id);

}  // namespace dunlin::plan
