#include "hub/catalog/objects.h"

#include <algorithm>

namespace dunlin::catalog {
namespace {

bool AnyOrListed(const std::vector<std::string>& list, const std::string& text) {
  return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string_view Name(RenderKind kind) {
  switch (kind) {
    case RenderKind::kAuto:
      return "auto";
    case RenderKind::kPlain:
      return "plain";
    case RenderKind::kKustomize:
      return "kustomize";
    case RenderKind::kHelm:
      return "helm";
    case RenderKind::kJsonnet:
      return "jsonnet";
  }
  return "auto";
}

std::string_view Name(ApplyMode mode) { return mode == ApplyMode::kSsa ? "ssa" : "merge3"; }

std::string_view Name(AdoptMode mode) {
  switch (mode) {
    case AdoptMode::kAdoptIfUnowned:
      return "adopt-if-unowned";
    case AdoptMode::kMustMatch:
      return "must-match";
    case AdoptMode::kAdoptAll:
      return "adopt-all";
  }
  return "adopt-if-unowned";
}

bool Selector::Matches(const Cluster& cluster) const {
  for (const auto& [key, value] : match_labels) {
    const auto label = cluster.labels.find(key);
    if (label == cluster.labels.end() || label->second != value) return false;
  }
  if (!server.empty() && server != cluster.server) return false;
  return AnyOrListed(regions, cluster.region) && AnyOrListed(names, cluster.name);
}

}  // namespace dunlin::catalog
