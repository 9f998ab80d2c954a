#include "agent/plan/namespace_contents.h"

#include <algorithm>

namespace dunlin::plan {

namespace {

bool CanBeListed(const KindInfo& info) {
  return info.namespaced && !info.versions.empty() &&
         std::find(info.verbs.begin(), info.verbs.end(), "list") != info.verbs.end();
}

bool ComesWithEveryNamespace(const object::ResourceKey& key) {
  if (!key.group.empty()) return false;
  return (key.kind == "ServiceAccount" && key.name == "default") ||
         (key.kind == "ConfigMap" && key.name == "kube-root-ca.crt") || key.kind == "Endpoints";
}

bool HasNamespacedOwner(const object::Value& metadata, const KindTable& kinds) {
  const object::Array* owners = object::FindArray(metadata, {"ownerReferences"});
  if (owners == nullptr) return false;
  return std::any_of(owners->begin(), owners->end(), [&](const object::Value& owner) {
    const std::string_view version = object::FindString(owner, {"apiVersion"});
    const size_t slash = version.find('/');
    const auto found =
        kinds.find({std::string(slash == std::string_view::npos ? "" : version.substr(0, slash)),
                    std::string(object::FindString(owner, {"kind"}))});
    return found != kinds.end() && found->second.namespaced;
  });
}

}  // namespace

Result<std::vector<ListedKind>> KindsInNamespaces(const KindTable& kinds) {
  std::vector<ListedKind> out;
  for (const auto& [kind, info] : kinds) {
    if (kind.kind == "Event" && (kind.group.empty() || kind.group == "events.k8s.io")) continue;
    if (info.stale && info.namespaced) {
      return MakeError(Errc::kUnavailable, "discovery of " + kind.Text() + " is stale");
    }
    if (CanBeListed(info)) out.push_back({kind, info.versions.front(), info.plural});
  }
  return out;
}

bool GoesWithItsNamespace(const object::ResourceKey& key, const object::Value& metadata,
                          const KindTable& kinds) {
  return object::FindString(metadata, {"uid"}).empty() ||
         !object::FindString(metadata, {"deletionTimestamp"}).empty() ||
         ComesWithEveryNamespace(key) || HasNamespacedOwner(metadata, kinds);
}

}  // namespace dunlin::plan
