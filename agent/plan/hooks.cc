#include "agent/plan/hooks.h"

#include <algorithm>
#include <charconv>

#include "agent/plan/annotations.h"
#include "protocol/object/json.h"

namespace dunlin::plan {

namespace {

using object::ResourceKey;
using object::Value;

constexpr size_t kLabelValue = 63;  // a Job's name becomes a label of its pods
constexpr size_t kShortRevision = 7;

struct PhaseWord {
  std::string_view word;
  HookPhase phase;
};
constexpr PhaseWord kArgoPhases[] = {{"PreSync", HookPhase::kPreSync},
                                     {"Sync", HookPhase::kSync},
                                     {"PostSync", HookPhase::kPostSync},
                                     {"SyncFail", HookPhase::kSyncFail}};
constexpr PhaseWord kHelmPhases[] = {{"pre-install", HookPhase::kPreSync},
                                     {"pre-upgrade", HookPhase::kPreSync},
                                     {"post-install", HookPhase::kPostSync},
                                     {"post-upgrade", HookPhase::kPostSync}};
// Not for a sync, and no loss: nobody expects them to run here.
constexpr std::string_view kHelmElsewhere[] = {"test", "test-success", "test-failure",
                                               "pre-rollback", "post-rollback"};

struct PolicyWord {
  std::string_view argo;
  std::string_view helm;
  bool DeletePolicy::*flag;
};
constexpr PolicyWord kPolicies[] = {
    {"BeforeHookCreation", "before-hook-creation", &DeletePolicy::before_creation},
    {"HookSucceeded", "hook-succeeded", &DeletePolicy::succeeded},
    {"HookFailed", "hook-failed", &DeletePolicy::failed}};

template <typename Rows>
bool AddPhase(const Rows& rows, std::string_view word, std::vector<HookPhase>& out) {
  for (const PhaseWord& row : rows) {
    if (row.word != word) continue;
    if (std::find(out.begin(), out.end(), row.phase) == out.end()) out.push_back(row.phase);
    return true;
  }
  return false;
}

void ReadPolicies(std::string_view list, std::string_view PolicyWord::*dialect, HookSpec& out) {
  ForEachWord(list, [&](std::string_view word) {
    const auto* row = std::find_if(std::begin(kPolicies), std::end(kPolicies),
                                   [&](const PolicyWord& one) { return one.*dialect == word; });
    if (row == std::end(kPolicies)) {
      out.not_done.emplace_back(word);
    } else {
      out.policy.*(row->flag) = true;
    }
  });
  if (out.policy == DeletePolicy{}) out.policy.before_creation = true;
}

HookSpec ArgoHook(const Value& object, std::string_view words) {
  HookSpec out;
  ForEachWord(words, [&](std::string_view word) {
    if (word != "Skip" && !AddPhase(kArgoPhases, word, out.phases)) out.not_done.emplace_back(word);
  });
  ReadPolicies(AnnotationOf(object, "argocd.argoproj.io/hook-delete-policy"), &PolicyWord::argo,
               out);
  return out;
}

HookSpec HelmHook(const Value& object, std::string_view words) {
  HookSpec out;
  bool crd = false;
  ForEachWord(words, [&](std::string_view word) {
    if (word == "crd-install") {
      crd = true;
    } else if (!AddPhase(kHelmPhases, word, out.phases) &&
               std::find(std::begin(kHelmElsewhere), std::end(kHelmElsewhere), word) ==
                   std::end(kHelmElsewhere)) {
      out.not_done.emplace_back(word);
    }
  });
  if (crd) return {};
  ReadPolicies(AnnotationOf(object, "helm.sh/hook-delete-policy"), &PolicyWord::helm, out);
  return out;
}

// "90s", "30m", "2h".
std::optional<Millis> Duration(std::string_view text) {
  int64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || number <= 0 || number > 1000000 || last - end != 1) return {};
  switch (*end) {
    case 's':
      return Seconds(number);
    case 'm':
      return std::chrono::minutes(number);
    case 'h':
      return std::chrono::hours(number);
    default:
      return {};
  }
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

Value ToValue(const ResourceKey& key) {
  return object::Array{key.group, key.kind, key.namespace_, key.name};
}

ResourceKey KeyOf(const Value& task, std::string_view member) {
  const object::Array* parts = object::FindArray(task, {member});
  if (parts == nullptr || parts->size() != 4) return {};
  const auto part = [&](size_t i) {
    return (*parts)[i].is_string() ? std::string((*parts)[i].get_string()) : std::string();
  };
  return {part(0), part(1), part(2), part(3)};
}

Value ToValue(const HookTask& task) {
  return object::Object{{"phase", static_cast<int64_t>(task.phase)},
                        {"declared", ToValue(task.declared)},
                        {"key", ToValue(task.key)},
                        {"apiVersion", task.api_version},
                        {"uid", task.uid},
                        {"before", task.policy.before_creation},
                        {"succeeded", task.policy.succeeded},
                        {"failed", task.policy.failed},
                        {"timeout", task.timeout.count()},
                        {"state", static_cast<int64_t>(task.state)},
                        {"why", task.why},
                        {"removed", task.removed}};
}

Result<HookTask> TaskOf(const Value& value) {
  HookTask out;
  const auto phase = object::FindInt(value, {"phase"});
  const auto state = object::FindInt(value, {"state"});
  const bool sound = phase && *phase >= 0 && *phase <= 3 && state && *state >= 0 && *state <= 2;
  if (!sound) return MakeError(Errc::kCorrupt, "a hook task without phase or state");
  const auto flag = [&](std::string_view name) {
    return object::FindBool(value, {name}).value_or(false);
  };
  out.phase = static_cast<HookPhase>(*phase);
  out.declared = KeyOf(value, "declared");
  out.key = KeyOf(value, "key");
  out.api_version = object::FindString(value, {"apiVersion"});
  out.uid = object::FindString(value, {"uid"});
  out.policy = {flag("before"), flag("succeeded"), flag("failed")};
  out.timeout = Millis(object::FindInt(value, {"timeout"}).value_or(kHookTimeout.count()));
  out.state = static_cast<HookState>(*state);
  out.why = object::FindString(value, {"why"});
  out.removed = flag("removed");
  if (out.key.name.empty()) return MakeError(Errc::kCorrupt, "a hook task without object");
  return out;
}

Value ToValue(const std::vector<HookTask>& tasks) {
  object::Array out;
  for (const HookTask& task : tasks) out.push_back(ToValue(task));
  return out;
}

Result<std::vector<HookTask>> TasksOf(const Value& run, std::string_view member) {
  std::vector<HookTask> out;
  const object::Array* tasks = object::FindArray(run, {member});
  if (tasks == nullptr) return out;
  for (const Value& value : *tasks) {
    TRY(HookTask task, TaskOf(value));
    out.push_back(std::move(task));
  }
  return out;
}

}  // namespace

std::string_view Name(HookPhase phase) { return kArgoPhases[static_cast<size_t>(phase)].word; }

HookSpec HookOf(const Value& object) {
  HookSpec out;
  if (const auto argo = AnnotationOf(object, "argocd.argoproj.io/hook"); !argo.empty()) {
    out = ArgoHook(object, argo);
  } else if (const auto helm = AnnotationOf(object, "helm.sh/hook"); !helm.empty()) {
    out = HelmHook(object, helm);
    if (out.policy == DeletePolicy{}) return {};  // crd-install
  } else {
    return {};
  }
  out.kind = out.phases.empty() ? HookKind::kIgnored : HookKind::kHook;
  std::sort(out.phases.begin(), out.phases.end());
  if (const auto text = AnnotationOf(object, kHookTimeoutAnnotation); !text.empty()) {
    const std::optional<Millis> timeout = Duration(text);
    if (timeout) {
      out.timeout = *timeout;
    } else {
      out.not_done.push_back(std::string(kHookTimeoutAnnotation) + ": " + std::string(text));
    }
  }
  return out;
}

const HookTask* HookRun::Find(HookPhase phase, const ResourceKey& declared) const {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const HookTask& task) {
    return task.phase == phase && task.declared == declared;
  });
  return found == tasks.end() ? nullptr : &*found;
}

const HookTask* HookRun::FirstFailed() const {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [](const HookTask& task) {
    return task.state == HookState::kFailed && task.phase != HookPhase::kSyncFail;
  });
  return found == tasks.end() ? nullptr : &*found;
}

Bytes EncodeHookRun(const HookRun& run) {
  return object::CanonicalJson(object::Object{{"content", run.content},
                                              {"seq", run.seq},
                                              {"ended", run.ended},
                                              {"failed", run.failed},
                                              {"tasks", ToValue(run.tasks)},
                                              {"leftovers", ToValue(run.leftovers)}});
}

Result<HookRun> DecodeHookRun(BytesView text) {
  TRY(const Value value, object::ParseJson(text));
  HookRun out;
  out.content = object::FindString(value, {"content"});
  out.seq = object::FindInt(value, {"seq"}).value_or(0);
  out.ended = object::FindBool(value, {"ended"}).value_or(false);
  out.failed = object::FindBool(value, {"failed"}).value_or(false);
  TRY(out.tasks, TasksOf(value, "tasks"));
  TRY(out.leftovers, TasksOf(value, "leftovers"));
  return out;
}

HookRun NextHookRun(const HookRun* before, std::string content, int64_t seq) {
  HookRun out;
  out.content = std::move(content);
  out.seq = seq;
  if (before == nullptr) return out;
  out.leftovers = before->leftovers;
  for (const HookTask& task : before->tasks) {
    std::erase_if(out.leftovers, [&](const HookTask& old) { return old.key == task.key; });
    if (!task.removed) out.leftovers.push_back(task);
  }
  if (out.leftovers.size() > kHookLeftovers) {
    out.leftovers.erase(out.leftovers.begin(),
                        out.leftovers.end() - static_cast<ptrdiff_t>(kHookLeftovers));
  }
  return out;
}

std::vector<HookTask> HooksToClear(const HookRun& run) {
  std::vector<HookTask> out;
  for (const HookTask& task : run.tasks) {
    const bool over = (task.state == HookState::kSucceeded && task.policy.succeeded) ||
                      (task.state == HookState::kFailed && task.policy.failed);
    if (over && !task.removed) out.push_back(task);
  }
  // A hook that Git no longer names is never created again, so nothing else would delete it.
  for (const HookTask& task : run.leftovers) {
    if (run.ended && task.policy.before_creation) out.push_back(task);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string GeneratedHookName(std::string_view prefix, std::string_view revision, HookPhase phase,
                              int64_t start) {
  const std::string rest = Lower(revision.substr(0, kShortRevision)) + "-" + Lower(Name(phase)) +
                           "-" + std::to_string(start);
  return std::string(prefix.substr(0, kLabelValue - std::min(kLabelValue, rest.size()))) + rest;
}

std::string HookMark(const HookRun& run, HookPhase phase) {
  return std::to_string(run.seq) + "-" + Lower(Name(phase));
}

std::optional<HookState> JudgeHook(const Value& live, const health::Health& health) {
  if (health.status == health::HealthStatus::kFailed) return HookState::kFailed;
  if (health.status != health::HealthStatus::kCurrent) return std::nullopt;
  const std::string_view kind = object::FindString(live, {"kind"});
  const std::string_view version = object::FindString(live, {"apiVersion"});
  if (kind == "Job" && version.starts_with("batch/") &&
      object::FindBool(live, {"spec", "suspend"}).value_or(false)) {
    return std::nullopt;
  }
  // A pod that is meant to end is not over when it is ready.
  const bool ends = kind == "Pod" && version == "v1" &&
                    object::FindString(live, {"spec", "restartPolicy"}) != "Always";
  if (ends && object::FindString(live, {"status", "phase"}) == "Running") return std::nullopt;
  return HookState::kSucceeded;
}

}  // namespace dunlin::plan
