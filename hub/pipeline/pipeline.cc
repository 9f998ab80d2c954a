#include "hub/pipeline/pipeline.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/object/json.h"
#include "protocol/wire/error.h"

namespace dunlin::hub {

namespace {

// A repository that does not answer is a matter of its source first; after so many looks in a row
// it is one of its targets too.
constexpr int kPatientFailures = 3;

FailureContext ContextOf(Stage stage, const catalog::TargetSpec& spec) {
  return {stage, spec.repo, spec.revision, spec.path, ""};
}

// Of a target that has nothing while a rollback holds its app.
wire::Problem NoPinnedCommit(const std::string& app) {
  return {"", std::string(Name(Errc::kNotFound)),
          "the app is rolled back to a history entry that is not kept any more, so the commit to "
          "render for this cluster is not known",
          "`dunlin app sync " + app + "` ends the rollback; then every cluster follows Git"};
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

void Pipeline::Restore(std::map<TargetKey, TargetMemory> targets, Pins pinned) {
  pinned_ = std::move(pinned);
  for (auto& [key, memory] : targets) {
    Target& target = targets_[key];
    target.memory = std::move(memory);
    const auto pin = pinned_.find(key.first);
    if (pin == pinned_.end()) continue;
    HoldBack(key, target);
    // The hub ended before the cluster had what the entry's commit gives.
    target.to_pin = !pin->second.commit.empty() && !pin->second.clusters.contains(key.second) &&
                    target.memory.bundle && target.memory.revision != pin->second.commit;
  }
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
    const std::string& rendered = Pinned(app) ? target.behind.key : target.memory.render_key;
    const bool same = rendered == RenderKey(input, Facts::kUnused) || rendered == RenderKey(input);
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

void Pipeline::OnFetched(const std::string& repo_key, const std::vector<ResolvedRef>& refs,
                         TimePoint noticed, TimePoint now) {
  std::set<std::string> answered;
  for (const ResolvedRef& resolved : refs) {
    if (!resolved.commit) {
      FailRef(repo_key, resolved.revision, resolved.commit.error());
      continue;
    }
    Ref& ref = refs_[{repo_key, resolved.revision}];
    if (ref.commit != *resolved.commit) {
      ref.commit = *resolved.commit;
      ref.noticed = noticed;
      ref.resolved = now;
    }
    ref.looked = begun_[repo_key];
    ref.error.reset();
    ref.failures = 0;
    answered.insert(resolved.revision);
  }
  for (auto& [key, target] : targets_) {
    if (target.spec == nullptr || target.spec->repo_key != repo_key) continue;
    if (answered.contains(target.spec->revision) && target.retry) target.dirty = true;
  }
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
    // What runs is what Git said last: SourceProblem, and no failure of the target.
    if (target.memory.bundle && (patient || !ref.commit.empty())) continue;
    target.retry = true;
    SetProblem(target, ProblemOf(error, ContextOf(Stage::kFetch, *target.spec)));
  }
}

std::optional<RevisionId> Pipeline::Due(const TargetKey& key, const Target& target) const {
  if (target.spec == nullptr) return std::nullopt;
  const auto pin = pinned_.find(key.first);
  const bool pinned = pin != pinned_.end();
  const auto unless_done = [&](const std::string& commit) -> std::optional<RevisionId> {
    if (commit.empty() || (!target.dirty && target.evaluated == commit)) return std::nullopt;
    return RevisionId(commit);
  };
  if (pinned && (!target.memory.bundle || target.to_pin)) return unless_done(pin->second.commit);
  // One that does not follow Git now, or cannot, gets its bundle back from the commit it is of.
  const bool behind = pinned || !MayAdvance(key, target) || !target.memory.failed_revision.empty();
  if (target.lost && target.dirty && behind) {
    return unless_done(target.memory.revision);
  }
  const Ref* ref = FindRef(target.spec->repo_key, target.spec->revision);
  const bool follows = pinned ? target.spec->spec->sync.automatic : MayAdvance(key, target);
  if (ref == nullptr || !follows) return std::nullopt;
  return unless_done(ref->commit.str());
}

std::optional<wire::Problem> Pipeline::LookProblem(const Target& target) const {
  if (target.spec == nullptr) return std::nullopt;
  const Ref* ref = FindRef(target.spec->repo_key, target.spec->revision);
  if (ref == nullptr || !ref->error) return std::nullopt;
  return ProblemOf(*ref->error, ContextOf(Stage::kFetch, *target.spec));
}

std::optional<wire::Problem> Pipeline::SourceProblem(const Target& target) const {
  auto problem = LookProblem(target);
  if (!problem) return std::nullopt;
  const Ref& ref = *FindRef(target.spec->repo_key, target.spec->revision);
  if (IsRetryable(ref.error->code) && ref.failures < kPatientFailures) return std::nullopt;
  return problem;
}

bool Pipeline::MayAdvance(const TargetKey& key, const Target& target) const {
  return !Pinned(key.first) && (target.spec->spec->sync.automatic || target.released);
}

std::optional<CommitTask> Pipeline::NextTask(const std::string& repo_key) {
  CommitTask task;
  task.repo_key = repo_key;
  for (auto& [key, target] : targets_) {
    if (target.spec == nullptr || target.spec->repo_key != repo_key) continue;
    const Ref* ref = FindRef(repo_key, target.spec->revision);
    const std::string newest = ref == nullptr ? "" : ref->commit.str();
    target.pending = !MayAdvance(key, target) && target.memory.revision != newest ? newest : "";
    const auto pin = pinned_.find(key.first);
    if (pin != pinned_.end() && pin->second.commit.empty() && !target.memory.bundle) {
      SetProblem(target, NoPinnedCommit(key.first));
    }
    const auto commit = Due(key, target);
    if (!commit) continue;
    if (task.members.empty()) task.commit = *commit;
    if (task.commit == *commit) task.members.push_back({key, target.generation});
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
    const Target& target = found->second;
    if (IsBehind(member.key, target, task.commit)) {
      memory.push_back(target.behind);
    } else if (target.lost) {
      // Whatever the files are now, they were not read: that of the bundle is gone.
      memory.push_back({target.memory.render_key, "lost"});
    } else {
      memory.push_back({target.memory.render_key, target.memory.reads});
    }
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
      // What was wrong with an earlier commit, or may be over, says nothing of this one.
      const auto code = wire::ErrcOfName(target->memory.problem.code);
      const bool may_be_over = code && IsRetryable(*code);
      if (may_be_over || target->memory.failed_revision != task.commit.str()) {
        SetProblem(*target, {});
      }
      target->pending = target->memory.revision == task.commit.str() ? "" : task.commit.str();
    }
  }
  for (const size_t member : plan.plan.unaffected) {
    Target* target = current(member);
    if (target == nullptr) continue;
    settle(*target);
    SetProblem(*target, {});
    if (IsBehind(task.members[member].key, *target, task.commit)) {
      std::optional<HeldBack>& known = target->memory.held_back;
      target->row_changed |= known && known->commit != task.commit.str();
      if (known) known->commit = task.commit.str();
      continue;
    }
    if (target->memory.revision != task.commit.str()) {
      target->memory.revision = task.commit.str();
      target->row_changed = true;
    }
  }
  // First which rollbacks end: what one target shows ends it for all targets of its app.
  const auto each = [&](const auto& act) {
    for (size_t i = 0; i < results.size(); ++i) {
      for (const size_t member : plan.plan.jobs[i].members) {
        if (Target* target = current(member)) {
          act(task.members[member].key, *target, results[i], plan.inputs[member]);
        }
      }
    }
  };
  std::set<std::string> ended;
  each([&](const TargetKey& key, const Target& target, const JobResult& result,
           const RenderInput& input) {
    if (!IsBehind(key, target, task.commit)) return;
    if (EndsRollback(target, result, input, task.commit)) ended.insert(key.first);
  });
  for (const std::string& app : ended) pinned_.erase(app);
  std::set<TargetKey> taken;
  each(
      [&](const TargetKey& key, Target& target, const JobResult& result, const RenderInput& input) {
        settle(target);
        if (!result.sealed) {
          FailureContext context =
              ContextOf(result.by_renderer ? Stage::kRender : Stage::kSeal, *target.spec);
          context.fault = result.fault;
          Fail(target, task.commit, *result.error, context);
        } else if (IsBehind(key, target, task.commit)) {
          TakeBehind(target, result, input, task.commit);
        } else {
          TakeBundle(key, result, input, task.commit, now);
          taken.insert(key);
        }
      });
  for (const std::string& app : ended) EndRollback(app, taken);
}

void Pipeline::TakeBundle(const TargetKey& key, const JobResult& result, const RenderInput& input,
                          const RevisionId& commit, TimePoint now) {
  Target& target = targets_.at(key);
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
  if (Pinned(key.first)) {  // what the rollback went back to, rendered again
    next.render_key.clear();
    next.reads.clear();
  } else {
    next.held_back.reset();
    target.behind = {};
  }
  target.lost = false;
  target.to_pin = false;
  if (next.bundle != target.memory.bundle) {
    target.bundle_changed = true;
    const Ref* ref = FindRef(target.spec->repo_key, target.spec->revision);
    if (ref != nullptr) target.times = {ref->noticed, ref->resolved, now, {}};
    target.cause = target.memory.revision == commit.str() ? "catalogue" : "commit";
    if (Pinned(key.first)) target.cause = "rollback";
  }
  target.row_changed |= next != target.memory;
  target.memory = std::move(next);
}

void Pipeline::Fail(Target& target, const RevisionId& commit, const Error& error,
                    const FailureContext& context) {
  target.retry = IsRetryable(error.code);
  // A lost bundle is made from the commit that it is of then; when that fails, too, the next agent
  // that asks tries.
  target.dirty = target.lost && !target.to_pin && target.memory.revision != commit.str();
  target.lost = target.dirty;
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
    Error cause = error;
    if (Pinned(member.key.first) && !target.memory.bundle) {
      cause.message +=
          " (the app is rolled back to it; `dunlin app sync " + member.key.first + "` ends that)";
    }
    Fail(target, task.commit, cause, ContextOf(stage, *target.spec));
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
    FollowAgain(target);
    if (allow_mass_prune && target.memory.bundle) {
      target.mass_prune = true;
      republish_.insert(key.second);
    }
    Reconsider(target);
  }
  if (!found) return MakeError(Errc::kNotFound, "the app " + app + " has no target");
  return {};
}

std::set<std::string> Pipeline::Lost(const std::set<BundleDigest>& bundles) {
  std::set<std::string> apps;
  for (auto& [key, target] : targets_) {
    if (target.lost || !target.memory.bundle) continue;
    if (!bundles.contains(*target.memory.bundle)) continue;
    target.lost = true;
    Reconsider(target);
    apps.insert(key.first);
  }
  return apps;
}

void Pipeline::ConfirmRemoval(const std::string& app, const ClusterId& cluster) {
  if (targets_.contains({app, cluster})) return;
  confirmed_.insert({app, cluster});
  republish_.insert(cluster);
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
