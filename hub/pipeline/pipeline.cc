#include "hub/pipeline/pipeline.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/object/json.h"

namespace dunlin::hub {

namespace {

// A repository that does not answer is a matter of its source first; after so many looks in a row
// it is one of its targets too.
constexpr int kPatientFailures = 3;

FailureContext ContextOf(Stage stage, const catalog::TargetSpec& spec) {
  return {stage, spec.repo, spec.revision, spec.path, ""};
}

trust::StatementApp EntryOf(const Pipeline::Target& target) {
  trust::StatementApp entry;
  entry.allow_mass_prune = target.mass_prune;
  entry.bundle = *target.memory.bundle;
  entry.objects = target.memory.objects;
  entry.prune = target.memory.prune;
  entry.raw = target.memory.raw_bytes;
  entry.revision = RevisionId(target.memory.revision);
  return entry;
}

}  // namespace

void Pipeline::Restore(std::map<TargetKey, TargetMemory> targets, std::set<std::string> pinned) {
  for (auto& [key, memory] : targets) targets_[key].memory = std::move(memory);
  pinned_ = std::move(pinned);
}

void Pipeline::RestoreRef(const std::string& repo_key, const std::string& revision,
                          RevisionId commit) {
  refs_[{repo_key, revision}].commit = std::move(commit);
}

void Pipeline::SetFacts(const ClusterId& cluster, const wire::Facts& facts) {
  if (facts.kube_version.empty()) return;
  const auto known = facts_.find(cluster);
  if (known != facts_.end() && known->second.kube_version == facts.kube_version &&
      known->second.api_versions == facts.api_versions) {
    return;
  }
  facts_[cluster] = facts;
  // The map is ordered by app: one look-up an app, not a walk over the whole fleet.
  for (auto it = targets_.begin(); it != targets_.end();) {
    const std::string app = it->first.first;
    const auto found = targets_.find({app, cluster});
    it = targets_.upper_bound({app, ClusterId("~")});  // behind every UUID
    if (found == targets_.end() || found->second.spec == nullptr) continue;
    Target& target = found->second;
    const RenderInput input = InputOf(found->first, target);
    const bool same = target.memory.render_key == RenderKey(input, Facts::kUnused) ||
                      target.memory.render_key == RenderKey(input);
    if (!same || target.dirty || target.waits_for_facts) Reconsider(target);
  }
}

void Pipeline::Enroll(const ClusterId& cluster) { republish_.insert(cluster); }

std::map<std::string, FollowedRepo> Pipeline::Followed() const {
  std::map<std::string, FollowedRepo> followed;
  for (const auto& [key, target] : targets_) {
    if (target.spec == nullptr) continue;
    FollowedRepo& repo = followed[target.spec->repo_key];
    repo.repo = target.spec->repo;
    repo.source = target.spec->source;
    repo.revisions.insert(target.spec->revision);
  }
  return followed;
}

std::set<std::string> Pipeline::TakeTriggers() { return std::exchange(triggers_, {}); }

const Pipeline::Ref* Pipeline::FindRef(const std::string& repo_key,
                                       const std::string& revision) const {
  const auto ref = refs_.find({repo_key, revision});
  return ref == refs_.end() ? nullptr : &ref->second;
}

std::vector<std::string> Pipeline::OnFetched(const std::string& repo_key,
                                             const std::vector<ResolvedRef>& refs,
                                             TimePoint noticed, TimePoint now) {
  std::set<std::string> moved;
  std::set<std::string> answered;
  for (const ResolvedRef& resolved : refs) {
    if (!resolved.commit) {
      FailRef(repo_key, resolved.revision, resolved.commit.error());
      continue;
    }
    Ref& ref = refs_[{repo_key, resolved.revision}];
    if (ref.commit != *resolved.commit) {
      if (!ref.commit.empty()) moved.insert(resolved.revision);
      ref.commit = *resolved.commit;
      ref.noticed = noticed;
      ref.resolved = now;
    }
    ref.looked = begun_[repo_key];
    ref.error.reset();
    ref.failures = 0;
    answered.insert(resolved.revision);
  }
  std::set<std::string> unpinned;
  for (auto& [key, target] : targets_) {
    if (target.spec == nullptr || target.spec->repo_key != repo_key) continue;
    if (!answered.contains(target.spec->revision)) continue;
    if (moved.contains(target.spec->revision) && pinned_.contains(key.first)) {
      unpinned.insert(key.first);
    }
    if (target.retry) target.dirty = true;
  }
  for (const std::string& app : unpinned) pinned_.erase(app);
  return {unpinned.begin(), unpinned.end()};
}

void Pipeline::OnFetchFailed(const std::string& repo_key, const Error& error) {
  const auto followed = Followed();
  const auto repo = followed.find(repo_key);
  if (repo == followed.end()) return;
  for (const std::string& revision : repo->second.revisions) FailRef(repo_key, revision, error);
}

void Pipeline::FailRef(const std::string& repo_key, const std::string& revision,
                       const Error& error) {
  Ref& ref = refs_[{repo_key, revision}];
  ref.error = error;
  ++ref.failures;
  const bool patient = IsRetryable(error.code) && ref.failures < kPatientFailures;
  for (auto& [key, target] : targets_) {
    if (target.spec == nullptr || target.spec->repo_key != repo_key ||
        target.spec->revision != revision) {
      continue;
    }
    if (patient && target.memory.bundle) continue;
    target.retry = true;
    SetProblem(target, ProblemOf(error, ContextOf(Stage::kFetch, *target.spec)));
  }
}

bool Pipeline::Wanted(const TargetKey& key, const Target& target) const {
  if (target.spec == nullptr) return false;
  const Ref* ref = FindRef(target.spec->repo_key, target.spec->revision);
  if (ref == nullptr || ref->commit.empty()) return false;
  return MayAdvance(key, target) && (target.dirty || target.evaluated != ref->commit.str());
}

bool Pipeline::MayAdvance(const TargetKey& key, const Target& target) const {
  return !pinned_.contains(key.first) && (target.spec->spec->sync.automatic || target.released);
}

std::optional<CommitTask> Pipeline::NextTask(const std::string& repo_key) {
  CommitTask task;
  task.repo_key = repo_key;
  for (auto& [key, target] : targets_) {
    if (target.spec == nullptr || target.spec->repo_key != repo_key) continue;
    const Ref* ref = FindRef(repo_key, target.spec->revision);
    if (ref == nullptr || ref->commit.empty()) continue;
    target.pending = !MayAdvance(key, target) && target.memory.revision != ref->commit.str()
                         ? ref->commit.str()
                         : "";
    if (!Wanted(key, target)) continue;
    if (task.members.empty()) task.commit = ref->commit;
    if (task.commit == ref->commit) task.members.push_back({key, target.generation});
  }
  if (task.members.empty()) return std::nullopt;
  return task;
}

RenderInput Pipeline::InputOf(const TargetKey& key, const Target& target) const {
  const catalog::TargetSpec& spec = *target.spec;
  RenderInput input;
  input.app = key.first;
  input.cluster = key.second;
  input.path = spec.path;
  input.kind = Name(spec.kind);
  input.options = object::CanonicalJson(spec.options);
  input.namespace_ = spec.namespace_;
  input.policy = PolicyText(*spec.spec);
  const auto facts = facts_.find(key.second);
  input.facts_known = facts != facts_.end() || !spec.kube_version.empty();
  input.kube_version = facts == facts_.end() ? config_.kube_version : facts->second.kube_version;
  if (facts != facts_.end()) input.api_versions = facts->second.api_versions;
  if (!spec.kube_version.empty()) input.kube_version = spec.kube_version;
  if (!spec.api_versions.empty()) input.api_versions = spec.api_versions;
  return input;
}

TaskPlan Pipeline::PlanTask(const CommitTask& task, const TreeIndex& tree) {
  TaskPlan out;
  std::vector<RenderMemory> memory;
  for (const CommitTask::Member& member : task.members) {
    const auto found = targets_.find(member.key);
    if (found == targets_.end() || found->second.spec == nullptr) {
      // It left while the tree was read: an input that nobody takes the result of.
      out.inputs.push_back({});
      memory.push_back({});
      continue;
    }
    out.inputs.push_back(InputOf(member.key, found->second));
    memory.push_back({found->second.memory.render_key, found->second.memory.reads});
  }
  out.plan = PlanRenders(out.inputs, memory, tree);
  std::erase_if(out.plan.jobs,
                [&](const RenderJob& job) { return out.inputs[job.representative].app.empty(); });
  for (const RenderJob& job : out.plan.jobs) {
    out.specs.push_back(targets_.at(task.members[job.representative].key).spec->spec);
  }
  return out;
}

void Pipeline::OnRendered(const CommitTask& task, const TaskPlan& plan,
                          const std::vector<JobResult>& results, TimePoint now) {
  CHECK(results.size() == plan.plan.jobs.size());
  // A target whose inputs changed meanwhile stays dirty: its result answers an old question.
  const auto current = [&](size_t member) -> Target* {
    const auto found = targets_.find(task.members[member].key);
    if (found == targets_.end() || found->second.spec == nullptr) return nullptr;
    return found->second.generation == task.members[member].generation ? &found->second : nullptr;
  };
  const auto settle = [&](Target& target) {
    target.evaluated = task.commit.str();
    target.dirty = false;
    target.retry = false;
    target.released = false;
    target.waits_for_facts = false;
  };
  for (const size_t member : plan.plan.deferred) {
    // The facts come with the agent's next poll, which looks again.
    if (Target* target = current(member)) {
      settle(*target);
      target->waits_for_facts = true;
      target->pending = target->memory.revision == task.commit.str() ? "" : task.commit.str();
    }
  }
  for (const size_t member : plan.plan.unaffected) {
    Target* target = current(member);
    if (target == nullptr) continue;
    settle(*target);
    if (target->memory.revision != task.commit.str()) {
      target->memory.revision = task.commit.str();
      target->row_changed = true;
    }
    SetProblem(*target, {});
  }
  for (size_t i = 0; i < results.size(); ++i) {
    for (const size_t member : plan.plan.jobs[i].members) {
      Target* target = current(member);
      if (target == nullptr) continue;
      settle(*target);
      if (results[i].sealed) {
        TakeBundle(*target, results[i], plan.inputs[member], task.commit, now);
        continue;
      }
      FailureContext context =
          ContextOf(results[i].by_renderer ? Stage::kRender : Stage::kSeal, *target->spec);
      context.fault = results[i].fault;
      Fail(*target, task.commit, *results[i].error, context);
    }
  }
}

void Pipeline::TakeBundle(Target& target, const JobResult& result, const RenderInput& input,
                          const RevisionId& commit, TimePoint now) {
  TargetMemory next = target.memory;
  next.revision = commit.str();
  next.bundle = result.sealed->digest;
  next.raw_bytes = static_cast<int64_t>(result.sealed->canonical.size());
  next.objects = result.sealed->objects;
  next.prune = target.spec->spec->sync.prune;
  next.render_key = RenderKey(input, result.uses_facts ? Facts::kUsed : Facts::kUnused);
  next.reads = result.reads;
  next.failed_revision.clear();
  next.problem = {};
  if (next.bundle != target.memory.bundle) {
    target.bundle_changed = true;
    const Ref* ref = FindRef(target.spec->repo_key, target.spec->revision);
    target.times = {ref->noticed, ref->resolved, now, {}};
    target.cause = target.memory.revision == commit.str() ? "catalogue" : "commit";
  }
  target.row_changed |= next != target.memory;
  target.memory = std::move(next);
}

void Pipeline::Fail(Target& target, const RevisionId& commit, const Error& error,
                    const FailureContext& context) {
  target.retry = IsRetryable(error.code);
  if (target.memory.failed_revision != commit.str()) {
    target.memory.failed_revision = commit.str();
    target.row_changed = true;
  }
  SetProblem(target, ProblemOf(error, context));
}

void Pipeline::OnTaskFailed(const CommitTask& task, Stage stage, const Error& error) {
  for (const CommitTask::Member& member : task.members) {
    const auto found = targets_.find(member.key);
    if (found == targets_.end() || found->second.spec == nullptr) continue;
    Target& target = found->second;
    if (target.generation != member.generation) continue;
    target.evaluated = task.commit.str();
    target.dirty = false;
    Fail(target, task.commit, error, ContextOf(stage, *target.spec));
  }
}

void Pipeline::SetProblem(Target& target, wire::Problem problem) {
  if (problem.code.empty() && !target.memory.failed_revision.empty()) {
    target.memory.failed_revision.clear();
    target.row_changed = true;
  }
  if (target.memory.problem == problem) return;
  target.memory.problem = std::move(problem);
  target.row_changed = true;
}

void Pipeline::Reconsider(Target& target) {
  ++target.generation;
  target.dirty = true;
  if (target.spec != nullptr) triggers_.insert(target.spec->repo_key);
}

Status Pipeline::Sync(const std::string& app, bool allow_mass_prune) {
  bool found = false;
  pinned_.erase(app);
  for (auto& [key, target] : targets_) {
    if (key.first != app) continue;
    found = true;
    target.released = true;
    if (allow_mass_prune && target.memory.bundle) {
      target.mass_prune = true;
      republish_.insert(key.second);
    }
    Reconsider(target);
  }
  if (!found) return MakeError(Errc::kNotFound, "the app " + app + " has no target");
  return {};
}

void Pipeline::ConfirmRemoval(const std::string& app, const ClusterId& cluster) {
  if (targets_.contains({app, cluster})) return;
  confirmed_.insert({app, cluster});
  republish_.insert(cluster);
}

Status Pipeline::Rollback(const std::string& app, const std::map<ClusterId, OldBundle>& bundles) {
  bool found = false;
  for (auto& [key, target] : targets_) {
    const auto old = bundles.find(key.second);
    if (key.first != app || old == bundles.end()) continue;
    found = true;
    target.bundle_changed |= target.memory.bundle != old->second.bundle;
    target.memory.bundle = old->second.bundle;
    target.memory.raw_bytes = old->second.raw_bytes;
    target.memory.objects = old->second.objects;
    target.memory.revision = old->second.revision;
    // What the old bundle was rendered from is not remembered: the next look renders.
    target.memory.render_key.clear();
    target.memory.reads.clear();
    target.memory.failed_revision.clear();
    target.memory.problem = {};
    target.cause = "rollback";
    target.row_changed = true;
    target.dirty = true;
    ++target.generation;
  }
  if (!found) {
    return MakeError(Errc::kNotFound, "no cluster of that entry is a target of app " + app);
  }
  pinned_.insert(app);
  return {};
}

Publication Pipeline::Collect() const {
  Publication out;
  std::set<ClusterId> clusters = republish_;
  // What is held back is not stored either: the rows and the statement that they are of belong
  // into one transaction.
  std::set<ClusterId> held;
  for (const auto& [cluster, waits_for] : Recovering()) {
    if (!waits_for.empty()) held.insert(cluster);
  }
  for (const ClusterId& cluster : held) clusters.erase(cluster);
  for (const auto& [key, target] : targets_) {
    if (held.contains(key.second)) continue;
    if (target.bundle_changed) {
      clusters.insert(key.second);
      out.history[key.first] = target.cause;
    }
    if (target.row_changed || target.bundle_changed) out.changed.push_back(key);
  }
  for (const TargetKey& key : removed_) {
    if (!held.contains(key.second)) out.removed.push_back(key);
  }
  for (const ClusterId& cluster : clusters) out.contents[cluster];
  for (const auto& [key, target] : targets_) {
    const auto content = out.contents.find(key.second);
    if (content == out.contents.end() || !target.memory.bundle) continue;
    content->second[AppName(key.first)] = EntryOf(target);
  }
  for (const auto& [app, cluster] : confirmed_) {
    const auto content = out.contents.find(cluster);
    if (content == out.contents.end() || content->second.contains(AppName(app))) continue;
    out.confirmed[cluster].insert(AppName(app));
  }
  // Nothing is rendered yet for a cluster that has just enrolled: that is no order to run nothing.
  std::erase_if(out.contents, [&](const auto& content) {
    return content.second.empty() && !out.confirmed.contains(content.first) &&
           std::none_of(removed_.begin(), removed_.end(),
                        [&](const TargetKey& key) { return key.second == content.first; });
  });
  for (const auto& [cluster, content] : out.contents) {
    if (recovering_.contains(cluster)) out.restored.insert(cluster);
  }
  return out;
}

void Pipeline::Published(const Publication& publication, TimePoint now) {
  for (const TargetKey& key : publication.changed) {
    Target& target = targets_.at(key);
    if (target.bundle_changed) target.times.published = now;
    target.row_changed = false;
    target.bundle_changed = false;
  }
  for (auto& [key, target] : targets_) {
    if (publication.contents.contains(key.second)) target.mass_prune = false;
  }
  for (const TargetKey& key : publication.removed) removed_.erase(key);
  std::erase_if(confirmed_,
                [&](const TargetKey& key) { return publication.contents.contains(key.second); });
  for (const auto& [cluster, content] : publication.contents) republish_.erase(cluster);
}

}  // namespace dunlin::hub
