// The pipeline of a hub whose database is an older copy: what a cluster's statement waits for.
#include "hub/pipeline/pipeline.h"

namespace dunlin::hub {

bool Pipeline::Recover(const ClusterId& cluster, const std::string& fleet_repo_key) {
  if (recovering_.contains(cluster)) return false;
  recovering_[cluster] = {++moment_, fleet_repo_key};
  republish_.insert(cluster);
  if (!fleet_repo_key.empty()) triggers_.insert(fleet_repo_key);
  for (const auto& [key, target] : targets_) {
    if (key.second == cluster && target.spec != nullptr) triggers_.insert(target.spec->repo_key);
  }
  return true;
}

bool Pipeline::Recovered(const ClusterId& cluster) { return recovering_.erase(cluster) > 0; }

std::map<ClusterId, std::string> Pipeline::Recovering() const {
  std::map<ClusterId, std::string> out;
  std::set<ClusterId> without_app;
  for (const auto& [cluster, recovery] : recovering_) {
    const bool read = recovery.fleet_repo_key.empty() || catalogue_read_ >= recovery.since;
    out[cluster] = read ? "" : "the fleet repository, which was not read since";
    without_app.insert(cluster);
  }
  if (out.empty()) return out;
  for (const auto& [key, target] : targets_) {
    const auto waiting = out.find(key.second);
    if (waiting == out.end()) continue;
    without_app.erase(key.second);
    if (!waiting->second.empty()) continue;  // one reason is enough
    waiting->second = WaitsFor(key, target, recovering_.at(key.second).since);
  }
  for (const ClusterId& cluster : without_app) {
    if (out[cluster].empty()) out[cluster] = "an app: none that the hub knows selects it";
  }
  return out;
}

std::string Pipeline::WaitsFor(const TargetKey& key, const Target& target, uint64_t since) const {
  const std::string app = "app " + key.first;
  if (target.spec == nullptr) return app + ", which cannot be resolved now";
  const Ref* ref = FindRef(target.spec->repo_key, target.spec->revision);
  if (ref == nullptr || ref->looked < since || ref->error) {
    return target.spec->revision + " of " + target.spec->repo + ", which was not looked at since";
  }
  // What the copy holds it at may be long over: a person has to say what holds now.
  const bool done = !target.dirty && target.evaluated == ref->commit.str();
  if (Pinned(key.first) || (!MayAdvance(key, target) && !done)) {
    return app + ", which does not follow Git by itself: dunlin app sync " + key.first;
  }
  if (!done) return app + ", which is being rendered";
  if (target.waits_for_facts) return app + ", which needs the Kubernetes version of the cluster";
  if (target.memory.revision != ref->commit.str() || !target.memory.failed_revision.empty()) {
    return app + ", which cannot be rendered: " + target.memory.problem.message;
  }
  return {};
}

}  // namespace dunlin::hub
