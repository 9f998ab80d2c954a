// The pipeline's side of the catalogue: which targets exist, and which leave.
#include "hub/catalog/targets.h"
#include "hub/pipeline/pipeline.h"

namespace dunlin::hub {

namespace {

// Objects of the catalogue that are broken and have no last good version: they are not gone.
std::set<std::string> BrokenNames(const catalog::Catalogue& catalogue, catalog::ObjectKind kind) {
  std::set<std::string> names;
  for (const catalog::Problem& problem : catalogue.problems()) {
    if (problem.id && problem.id->kind == kind) names.insert(problem.id->name);
  }
  return names;
}

}  // namespace

void Pipeline::TakeTarget(const catalog::TargetSpec& spec) {
  Target& target = targets_[{spec.app.str(), spec.cluster_id}];
  removed_.erase({spec.app.str(), spec.cluster_id});
  target.cluster_name = spec.cluster;
  std::string inputs = catalog::RenderKey(spec) + spec.repo + PolicyText(*spec.spec);
  const bool had_spec = target.spec != nullptr;
  target.spec = std::make_shared<const catalog::TargetSpec>(spec);
  if (had_spec && inputs == target.inputs) return;
  target.inputs = std::move(inputs);
  Reconsider(target);
}

void Pipeline::RemoveUnwanted(const catalog::Catalogue& catalogue,
                              const std::set<TargetKey>& resolved,
                              const std::map<ClusterId, std::string>& names) {
  const auto broken_apps = BrokenNames(catalogue, catalog::ObjectKind::kApp);
  for (auto target = targets_.begin(); target != targets_.end();) {
    const auto& [app_name, cluster_id] = target->first;
    const auto name = names.find(cluster_id);
    const auto cluster = name == names.end() ? nullptr : catalogue.FindCluster(name->second);
    const auto app = catalogue.FindApp(app_name);
    // Without its Cluster object nobody can say what a cluster shall run: it keeps what it has.
    const bool decided = cluster != nullptr && !broken_apps.contains(app_name);
    const bool wanted = app != nullptr && cluster != nullptr && app->clusters.Matches(*cluster);
    if (resolved.contains(target->first) || !decided || wanted) {
      if (!resolved.contains(target->first)) target->second.spec = nullptr;
      ++target;
      continue;
    }
    if (target->second.memory.bundle) republish_.insert(cluster_id);
    removed_.insert(target->first);
    target = targets_.erase(target);
  }
}

void Pipeline::SetCatalogue(const catalog::Catalogue& catalogue,
                            const std::map<std::string, ClusterId>& ids) {
  const catalog::Resolution resolution = catalog::ResolveTargets(catalogue, ids);
  std::map<ClusterId, std::string> names;
  for (const auto& [name, id] : ids) names[id] = name;
  std::set<TargetKey> resolved;
  for (const catalog::TargetSpec& spec : resolution.targets) {
    if (spec.cluster_id.empty()) continue;
    resolved.insert({spec.app.str(), spec.cluster_id});
    TakeTarget(spec);
  }
  RemoveUnwanted(catalogue, resolved, names);
  app_problems_.clear();
  for (const catalog::TargetError& failure : resolution.errors) {
    const wire::Problem problem = ProblemOf(failure.error, {Stage::kCatalogue, "", "", "", ""});
    const auto id = ids.find(failure.cluster);
    if (failure.cluster.empty() || id == ids.end()) {
      app_problems_[failure.app.str()] = problem;
    }
    for (auto& [key, target] : targets_) {
      if (key.first != failure.app.str() || target.spec != nullptr) continue;
      if (failure.cluster.empty() || (id != ids.end() && key.second == id->second)) {
        SetProblem(target, problem);
      }
    }
    if (id == ids.end()) continue;
    // A target that never resolved must be seen too.
    Target& target = targets_[{failure.app.str(), id->second}];
    target.cluster_name = failure.cluster;
    if (target.spec == nullptr) SetProblem(target, problem);
  }
}

}  // namespace dunlin::hub
