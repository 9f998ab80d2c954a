// Which app goes to which cluster, and what exactly is rendered there: the template variables
// filled in, the repository's Source found, the paths checked. Pure and total: the same catalogue
// gives the same targets in the same order (app, then cluster), and a target that cannot be
// resolved is an error of that target alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hub/catalog/catalogue.h"
#include "protocol/base/ids.h"

namespace dunlin::catalog {

// One (app, cluster) pair, ready to be fetched and rendered.
struct TargetSpec {
  AppName app;
  std::string cluster;   // Cluster.metadata.name
  ClusterId cluster_id;  // empty before the cluster has enrolled
  std::string repo;      // what to fetch: the Source's URL when one names the repository
  std::string repo_key;  // RepoKey of it
  std::string source;    // name of the Source, or empty: no credentials
  std::string revision;  // branch, tag, commit id or HEAD, as written
  std::string path;      // clean; empty = the root of the repository
  RenderKind kind = RenderKind::kAuto;
  object::Object options;  // for the worker, variables filled in
  std::string namespace_;
  std::string kube_version;               // "": the cluster's
  std::vector<std::string> api_versions;  // empty: the cluster's
  std::shared_ptr<const App> spec;  // policy, priority, dependsOn, the fleet's HealthRules, …
};

struct TargetError {
  AppName app;
  std::string cluster;  // empty: the app as a whole
  Error error;
};

struct Resolution {
  std::vector<TargetSpec> targets;
  std::vector<TargetError> errors;
};

// `ids` maps the name of every enrolled cluster to its UUID.
Resolution ResolveTargets(const Catalogue& catalogue, const std::map<std::string, ClusterId>& ids);

// Targets with equal keys give equal objects at one commit (and one Kubernetes version), so that
// they are rendered once.
std::string RenderKey(const TargetSpec& target);

}  // namespace dunlin::catalog
