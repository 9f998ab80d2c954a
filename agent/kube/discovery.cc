#include "agent/kube/discovery.h"

#include <algorithm>
#include <set>
#include <utility>

namespace dunlin::kube {

namespace {

std::vector<std::string> Strings(const object::Value& value, std::string_view member) {
  std::vector<std::string> out;
  const object::Array* array = object::FindArray(value, {member});
  if (array == nullptr) return out;
  for (const object::Value& entry : *array) {
    if (entry.is_string()) out.emplace_back(object::View(entry.as_string()));
  }
  return out;
}

std::vector<const object::Value*> Elements(const object::Value& value, std::string_view member) {
  std::vector<const object::Value*> out;
  const object::Array* array = object::FindArray(value, {member});
  if (array == nullptr) return out;
  for (const object::Value& entry : *array) out.push_back(&entry);
  return out;
}

Error NoDiscovery(std::string_view kind) {
  return MakeError(Errc::kCorrupt, "the apiserver answered discovery with a document of kind '" +
                                       std::string(kind) +
                                       "'; is the kubeconfig's server an apiserver?");
}

// The preferred version first, the others as the server orders them.
std::vector<object::GroupVersion> VersionsOfGroup(const object::Value& group) {
  const std::string name(object::FindString(group, {"name"}));
  const std::string preferred(object::FindString(group, {"preferredVersion", "version"}));
  std::vector<object::GroupVersion> out;
  for (const object::Value* entry : Elements(group, "versions")) {
    const std::string version(object::FindString(*entry, {"version"}));
    if (version.empty()) continue;
    const auto place = version == preferred ? out.begin() : out.end();
    out.insert(place, {name, version});
  }
  return out;
}

}  // namespace

Status Discovery::AddAggregatedGroup(const object::Value& group) {
  const std::string name(object::FindString(group, {"metadata", "name"}));
  for (const object::Value* entry : Elements(group, "versions")) {
    Version version;
    version.version = {name, std::string(object::FindString(*entry, {"version"}))};
    if (version.version.version.empty()) {
      return MakeError(Errc::kCorrupt, "discovery names a version of '" + name + "' without name");
    }
    version.stale = object::FindString(*entry, {"freshness"}) == "Stale";
    for (const object::Value* resource : Elements(*entry, "resources")) {
      Resource out;
      out.plural = object::FindString(*resource, {"resource"});
      // An entry that exists for its subresources only has no kind of its own.
      out.kind = object::FindString(*resource, {"responseKind", "kind"});
      out.namespaced = object::FindString(*resource, {"scope"}) == "Namespaced";
      out.verbs = Strings(*resource, "verbs");
      if (!out.plural.empty() && !out.kind.empty()) version.resources.push_back(std::move(out));
    }
    versions_.push_back(std::move(version));
  }
  return {};
}

Result<std::vector<object::GroupVersion>> Discovery::AddRoot(const object::Value& document) {
  const std::string_view kind = object::FindString(document, {"kind"});
  std::vector<object::GroupVersion> open;
  if (kind == "APIGroupDiscoveryList") {
    for (const object::Value* group : Elements(document, "items")) {
      TRY_VOID(AddAggregatedGroup(*group));
    }
  } else if (kind == "APIVersions") {
    for (std::string& version : Strings(document, "versions")) open.push_back({"", version});
  } else if (kind == "APIGroupList") {
    for (const object::Value* group : Elements(document, "groups")) {
      for (object::GroupVersion& version : VersionsOfGroup(*group)) {
        open.push_back(std::move(version));
      }
    }
  } else {
    return NoDiscovery(kind);
  }
  return open;
}

Status Discovery::AddResources(const object::GroupVersion& version, const object::Value& document) {
  const std::string_view kind = object::FindString(document, {"kind"});
  if (kind != "APIResourceList") return NoDiscovery(kind);
  Version out;
  out.version = version;
  for (const object::Value* entry : Elements(document, "resources")) {
    Resource resource;
    resource.plural = object::FindString(*entry, {"name"});
    resource.kind = object::FindString(*entry, {"kind"});
    resource.namespaced = object::FindBool(*entry, {"namespaced"}).value_or(false);
    resource.verbs = Strings(*entry, "verbs");
    const bool subresource = resource.plural.find('/') != std::string::npos;
    if (!subresource && !resource.kind.empty()) out.resources.push_back(std::move(resource));
  }
  versions_.push_back(std::move(out));
  return {};
}

void Discovery::AddStale(const object::GroupVersion& version) {
  versions_.push_back({version, true, {}});
}

plan::KindTable Discovery::Kinds() const {
  plan::KindTable out;
  std::set<std::string> stale_groups;
  for (const Version& version : versions_) {
    if (version.stale) stale_groups.insert(version.version.group);
    std::set<std::string> seen;  // in this version
    for (const Resource& resource : version.resources) {
      if (!seen.insert(resource.kind).second) continue;
      plan::KindInfo& info = out[{version.version.group, resource.kind}];
      if (info.versions.empty()) {
        info.plural = resource.plural;
        info.namespaced = resource.namespaced;
        info.verbs = resource.verbs;
      }
      info.versions.push_back(version.version.version);
    }
  }
  for (auto& [kind, info] : out) info.stale = stale_groups.contains(kind.group);
  return out;
}

std::vector<std::string> Discovery::ApiVersions() const {
  std::set<std::string> out;
  for (const Version& version : versions_) {
    const std::string api_version = version.version.ApiVersion();
    if (!version.stale || !version.resources.empty()) out.insert(api_version);
    for (const Resource& resource : version.resources) {
      out.insert(api_version + "/" + resource.kind);
    }
  }
  return {out.begin(), out.end()};
}

}  // namespace dunlin::kube
