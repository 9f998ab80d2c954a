#include "agent/plan/ownership.h"

#include <algorithm>

#include "agent/plan/annotations.h"
#include "agent/plan/stamp.h"

namespace dunlin::plan {

namespace {

std::string_view Label(const object::Value& metadata, std::string_view name) {
  return object::FindString(metadata, {"labels", name});
}

std::string_view Annotation(const object::Value& metadata, std::string_view name) {
  return object::FindString(metadata, {"annotations", name});
}

// "namespace/name", or the name alone.
std::string Qualified(std::string_view namespace_, std::string_view name) {
  return namespace_.empty() ? std::string(name) : std::string(namespace_) + "/" + std::string(name);
}

// "app:group/kind:namespace/name". Controllers copy annotations to what they make, so the mark
// counts only on the object that it names. Empty when it names another one.
std::string_view ArgoApplication(const object::Value& metadata) {
  const std::string_view id = Annotation(metadata, "argocd.argoproj.io/tracking-id");
  const size_t last = id.rfind(':');
  if (last == std::string_view::npos) return id;
  const std::string_view named = id.substr(last + 1);
  const size_t slash = named.find('/');
  const std::string_view name = slash == std::string_view::npos ? named : named.substr(slash + 1);
  if (name != object::FindString(metadata, {"name"})) return {};
  return id.substr(0, id.find(':'));
}

std::string ForeignOwnerReference(const object::Value& metadata) {
  const object::Array* references = object::FindArray(metadata, {"ownerReferences"});
  if (references == nullptr) return {};
  for (const object::Value& reference : *references) {
    const std::string_view kind = object::FindString(reference, {"kind"});
    const std::string_view name = object::FindString(reference, {"name"});
    const bool our_parent = kind == "ConfigMap" && name.starts_with(ParentName(""));
    if (!our_parent) return "owner " + std::string(kind) + " " + std::string(name);
  }
  return {};
}

struct OptOut {
  std::string_view annotation;
  std::string_view value;
  bool list;  // the annotation is a comma-separated list of such values
};

constexpr OptOut kOptOuts[] = {
    {"dunlin.dev/prune", "disabled", false},
    {"cli-utils.sigs.k8s.io/on-remove", "keep", false},
    {"client.lifecycle.config.k8s.io/deletion", "detach", false},
    {"argocd.argoproj.io/sync-options", "Prune=false", true},
    {"kustomize.toolkit.fluxcd.io/prune", "disabled", false},
    {"helm.sh/resource-policy", "keep", false},
};

constexpr std::string_view kArgoOptions = "argocd.argoproj.io/sync-options";

bool ListHas(std::string_view list, std::string_view value) {
  bool found = false;
  ForEachWord(list, [&](std::string_view word) { found = found || word == value; });
  return found;
}

}  // namespace

std::string ForeignMark(const object::Value& metadata) {
  if (const auto helm = Annotation(metadata, "meta.helm.sh/release-name"); !helm.empty()) {
    return "Helm release " +
           Qualified(Annotation(metadata, "meta.helm.sh/release-namespace"), helm);
  }
  if (const auto argo = ArgoApplication(metadata); !argo.empty()) {
    return "Argo CD application " + std::string(argo);
  }
  if (const auto flux = Label(metadata, "kustomize.toolkit.fluxcd.io/name"); !flux.empty()) {
    return "Flux Kustomization " +
           Qualified(Label(metadata, "kustomize.toolkit.fluxcd.io/namespace"), flux);
  }
  if (const auto flux = Label(metadata, "helm.toolkit.fluxcd.io/name"); !flux.empty()) {
    return "Flux HelmRelease " +
           Qualified(Label(metadata, "helm.toolkit.fluxcd.io/namespace"), flux);
  }
  if (const auto cli = Annotation(metadata, "config.k8s.io/owning-inventory"); !cli.empty()) {
    return "inventory " + std::string(cli);
  }
  return ForeignOwnerReference(metadata);
}

Ownership OwnerOf(const object::Value& metadata, std::string_view app,
                  const std::map<std::string, std::string>& ours) {
  if (const std::string_view id = Label(metadata, kPartOfLabel); !id.empty()) {
    const auto found = ours.find(std::string(id));
    if (found == ours.end()) return {Owner::kForeign, "ApplySet " + std::string(id)};
    if (found->second == app) return {Owner::kThisApp, "app " + found->second};
    return {Owner::kOurs, found->second};
  }
  std::string mark = ForeignMark(metadata);
  if (!mark.empty()) return {Owner::kForeign, std::move(mark)};
  return {};
}

bool MayAdopt(const Ownership& ownership, Adoption adoption) {
  switch (ownership.owner) {
    case Owner::kThisApp:
      return true;
    case Owner::kOurs:
      return false;
    case Owner::kNobody:
      return adoption != Adoption::kMustMatch;
    case Owner::kForeign:
      return adoption == Adoption::kAdoptAll;
  }
  return false;
}

std::string_view PruneOptOut(const object::Value& metadata, bool app_removed) {
  for (const OptOut& row : kOptOuts) {
    const std::string_view value = Annotation(metadata, row.annotation);
    if (row.list ? ListHas(value, row.value) : value == row.value) return row.annotation;
  }
  const bool stays = app_removed && ListHas(Annotation(metadata, kArgoOptions), "Delete=false");
  return stays ? kArgoOptions : std::string_view();
}

bool PruneNeedsConfirmation(const object::Value& metadata, bool app_removed) {
  const std::string_view options = Annotation(metadata, kArgoOptions);
  return Annotation(metadata, "dunlin.dev/prune") == "confirm" ||
         ListHas(options, "Prune=confirm") || (app_removed && ListHas(options, "Delete=confirm"));
}

}  // namespace dunlin::plan
