// Kinds and names that pruning treats with care (merge.md section 11 rules 3 and 8).
#pragma once

#include <string_view>

#include "protocol/object/resource_key.h"

namespace dunlin::plan {

inline bool IsNamespace(const object::ResourceKey& key) {
  return key.group.empty() && key.kind == "Namespace";
}

inline bool IsCrd(const object::ResourceKey& key) {
  return key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition";
}

// Removing one of these takes data or other people's objects along.
inline bool TakesOthersAlong(const object::ResourceKey& key) {
  if (IsNamespace(key) || IsCrd(key)) return true;
  if (key.group == "storage.k8s.io") return key.kind == "StorageClass";
  return key.group.empty() &&
         (key.kind == "PersistentVolume" || key.kind == "PersistentVolumeClaim");
}

// Namespaces that come with the cluster: default, kube-system, kube-public, kube-node-lease and
// whatever Kubernetes adds under its prefix. Never made, never deleted.
inline bool IsProtectedNamespace(std::string_view name) {
  return name == "default" || name.starts_with("kube-");
}

}  // namespace dunlin::plan
