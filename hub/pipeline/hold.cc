// Targets that a rollback holds: what they run, what Git says of them, and when the two meet again.
#include <algorithm>

#include "hub/pipeline/pipeline.h"

namespace dunlin::hub {

void Pipeline::HoldBack(const TargetKey& key, Target& target) {
  TargetMemory& memory = target.memory;
  const TargetMemory before = memory;
  // Held already, never rendered, or not known what from: the next look finds what Git says.
  if (!memory.held_back && memory.bundle && !memory.render_key.empty()) {
    const bool known = target.spec != nullptr && !target.dirty;
    memory.held_back = HeldBack{*memory.bundle, memory.revision,
                                known ? RenderKey(InputOf(key, target), Facts::kUnused) : ""};
    target.behind = {memory.render_key, memory.reads};
  }
  memory.render_key.clear();
  memory.reads.clear();
  target.row_changed |= memory != before;
}

Status Pipeline::Rollback(const std::string& app, const std::map<ClusterId, OldBundle>& bundles,
                          const std::string& commit) {
  const auto is_target = [&](const auto& old) { return targets_.contains({app, old.first}); };
  if (std::none_of(bundles.begin(), bundles.end(), is_target)) {
    return MakeError(Errc::kNotFound, "no cluster of that entry is a target of app " + app);
  }
  for (auto& [key, target] : targets_) {
    if (key.first != app) continue;
    HoldBack(key, target);
    target.lost = false;
    Reconsider(target);
    const auto old = bundles.find(key.second);
    target.to_pin = old == bundles.end();
    if (target.to_pin) continue;
    target.bundle_changed |= target.memory.bundle != old->second.bundle;
    target.memory.bundle = old->second.bundle;
    target.memory.raw_bytes = old->second.raw_bytes;
    target.memory.objects = old->second.objects;
    target.memory.revision = old->second.revision;
    target.memory.failed_revision.clear();
    target.memory.problem = {};
    target.cause = "rollback";
    target.row_changed = true;
  }
  Pin& pin = pinned_[app];
  pin = {commit, {}};
  for (const auto& [cluster, old] : bundles) pin.clusters.insert(cluster);
  return {};
}

bool Pipeline::IsBehind(const TargetKey& key, const Target& target,
                        const RevisionId& commit) const {
  if (!Pinned(key.first) || !target.memory.bundle || target.to_pin) return false;
  return !(target.lost && commit.str() == target.memory.revision);
}

bool Pipeline::EndsRollback(const Target& target, const JobResult& result, const RenderInput& input,
                            const RevisionId& commit) const {
  const std::optional<HeldBack>& known = target.memory.held_back;
  if (!known || !result.sealed || result.sealed->digest == known->bundle) return false;
  if (result.uses_facts && !input.facts_known) return false;  // a guess shows nothing
  // The same files and the same App: the cluster was upgraded, or the renderer was.
  return known->commit != commit.str() || known->inputs != RenderKey(input, Facts::kUnused);
}

void Pipeline::TakeBehind(Target& target, const JobResult& result, const RenderInput& input,
                          const RevisionId& commit) {
  SetProblem(target, {});
  if (result.uses_facts && !input.facts_known) {
    target.waits_for_facts = true;
    return;
  }
  HeldBack now{result.sealed->digest, commit.str(), RenderKey(input, Facts::kUnused)};
  target.row_changed |= target.memory.held_back != now;
  target.memory.held_back = std::move(now);
  target.behind = {RenderKey(input, result.uses_facts ? Facts::kUsed : Facts::kUnused),
                   result.reads};
}

void Pipeline::FollowAgain(Target& target) {
  target.row_changed |= target.memory.held_back.has_value();
  target.memory.held_back.reset();
  target.behind = {};
  target.to_pin = false;
}

void Pipeline::EndRollback(const std::string& app, const std::set<TargetKey>& taken) {
  for (auto& [key, target] : targets_) {
    if (key.first != app || taken.contains(key)) continue;
    FollowAgain(target);
    Reconsider(target);
  }
}

}  // namespace dunlin::hub
