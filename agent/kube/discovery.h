// What an apiserver serves: discovery documents → the kind table of the planner. Pure.
//
// Aggregated discovery (APIGroupDiscoveryList, GA in Kubernetes 1.30) tells everything in two
// requests, /api and /apis. An older server answers with an APIVersions or APIGroupList document;
// then each group-version is asked for its APIResourceList.
#pragma once

#include <string>
#include <vector>

#include "agent/plan/kinds.h"
#include "protocol/base/result.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::kube {

// The Accept header that asks for the aggregated form and takes the old one.
inline constexpr const char* kDiscoveryAccept =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

// Collects documents in any order that keeps preferred versions of one group first.
class Discovery {
 public:
  // The answer of /api or /apis. Returns the group-versions that have to be asked one by one: none
  // when the document was aggregated. kCorrupt: none of the three known documents.
  Result<std::vector<object::GroupVersion>> AddRoot(const object::Value& document);
  // The answer of /api/v1 or /apis/<group>/<version>.
  Status AddResources(const object::GroupVersion& version, const object::Value& document);
  // A group-version that could not be read (its extension apiserver is away): kinds known from
  // other versions of the group are stale, too.
  void AddStale(const object::GroupVersion& version);

  // The first resource of a kind in each version counts; kinds of a stale group are stale.
  plan::KindTable Kinds() const;
  // "apps/v1" and "apps/v1/Deployment", sorted: Helm's Capabilities.APIVersions.
  std::vector<std::string> ApiVersions() const;

 private:
  struct Resource {
    std::string plural;
    std::string kind;
    bool namespaced = true;
    std::vector<std::string> verbs;
  };
  struct Version {
    object::GroupVersion version;
    bool stale = false;
    std::vector<Resource> resources;
  };
  Status AddAggregatedGroup(const object::Value& group);

  std::vector<Version> versions_;  // of one group: preferred first
};

}  // namespace dunlin::kube
