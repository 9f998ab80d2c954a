#include "agent/sync/target_report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/health/health.h"
#include "protocol/base/limits.h"

namespace dunlin::sync {

namespace {

using health::HealthStatus;

void Add(std::vector<wire::Problem>& list, wire::Problem problem) {
  if (list.size() < static_cast<size_t>(limits::kReportErrors)) list.push_back(std::move(problem));
}

std::string HintFor(const plan::Problem& problem) {
  if (problem.code == "prune_guard") {
    return "check that the removal is meant, then allow it for this one state: dunlin app sync " +
           problem.app + " --allow-mass-prune";
  }
  return {};
}

wire::Problem ToWire(const plan::Problem& problem) {
  return {problem.object, problem.code, problem.message, HintFor(problem)};
}

// Codes that leave nothing of the state unfulfilled.
bool IsWarning(const plan::Problem& problem) {
  return problem.code == "hook_ignored" || problem.code == "option_ignored" ||
         problem.code.starts_with("prune_");
}

// Of one app's objects, and of the first one (by key) in the state that decides.
struct ObjectsHealth {
  HealthStatus worst = HealthStatus::kCurrent;
  const object::ResourceKey* first = nullptr;
  const health::Health* why = nullptr;  // null: it is missing

  void Add(const object::ResourceKey& key, const health::Health* health) {
    const HealthStatus status = health == nullptr ? HealthStatus::kMissing : health->status;
    const HealthStatus both[] = {worst, status};
    const HealthStatus rolled = health::RollUp(both);
    if (rolled != status || (first != nullptr && rolled == worst)) return;
    worst = rolled;
    first = &key;
    why = health;
  }
};
using AppHealth = std::map<std::string, ObjectsHealth>;  // in one pass

AppHealth HealthOf(const World& world, const DesiredStore& desired) {
  AppHealth all;
  for (const auto& [key, wanted] : desired.wanted()) {
    const health::Health* health = world.live.HealthOf(key);
    if (health == nullptr && wanted.implied) continue;  // there, but not ours: not watched
    all[wanted.app].Add(key, health);
  }
  return all;
}

struct TargetInput {
  std::string app;
  const trust::StatementApp* entry = nullptr;  // null: not in the statement any more
  const AppRun* run = nullptr;                 // null: nothing of it was planned yet
};

// What is not known of the cluster cannot be called Synced. True when there is such a thing.
bool ListBlindness(const World& world, const AppRun* run, wire::TargetReport& out) {
  const size_t before = out.problems.size();
  if (const auto other = world.problems.find(kOtherCluster); other != world.problems.end()) {
    Add(out.problems, other->second);
  }
  if (run == nullptr) return out.problems.size() > before;
  bool away = false;
  for (const plan::GroupKind& kind : run->kinds) {
    const auto unreadable = world.unreadable.find(kind);
    if (unreadable == world.unreadable.end()) continue;
    if (unreadable->second.code != kUnreachable) {
      Add(out.problems, unreadable->second);
      continue;
    }
    if (std::exchange(away, true)) continue;  // one problem, however many kinds
    const auto said = world.problems.find(kUnreachable);
    Add(out.problems, said == world.problems.end() ? unreadable->second : said->second);
  }
  return out.problems.size() > before;
}

// Who it is stands in managedFields only, which are not kept.
wire::Problem Contested(const object::ResourceKey& key, const Contest& contest) {
  const auto pause = std::chrono::duration_cast<Seconds>(contest.pause()).count();
  return {key.Text(), "contested",
          "another controller or agent changes it again and again: set back " +
              std::to_string(contest.repairs()) + " times since " + FormatTime(contest.since()) +
              ", now at most every " + std::to_string(pause) + " s",
          kContestedHint};
}

wire::Problem BundleUnavailable(const Behind& behind) {
  return {"", kBundleUnavailable, "the app's newest bundle cannot be fetched: " + behind.why,
          std::string(behind.runs ? "the last accepted one stays in force"
                                  : "nothing of the app is applied yet") +
              ", nothing is removed, and the agent asks again by itself; the hub renders it once "
              "its source answers (dunlin source list)"};
}

// Lists everything that keeps the app from its state; true when a part of it has failed.
bool ListProblems(const World& world, const DesiredStore& desired, const TargetInput& input,
                  wire::TargetReport& out) {
  bool failed = ListBlindness(world, input.run, out);
  const auto behind = world.behind.find(AppName(input.app));
  if (behind != world.behind.end()) {
    failed = true;
    Add(out.problems, BundleUnavailable(behind->second));
  } else if (input.entry != nullptr && !world.bundles.contains(input.entry->bundle)) {
    failed = true;
    Add(out.problems, {"", "bundle_lost", "the app's bundle is damaged on disk",
                       "the agent asks the hub for it again; nothing to do"});
  }
  if (const plan::PreparedApp* prepared = desired.Find(input.app)) {
    for (const plan::Problem& problem : prepared->problems) {
      failed = failed || !IsWarning(problem);
      Add(IsWarning(problem) ? out.warnings : out.problems, ToWire(problem));
    }
  }
  if (const AppRules* rules = desired.Rules(input.app)) {
    for (const std::string& part : rules->unsupported) {
      Add(out.warnings, {"", "unsupported_policy",
                         "this agent does not honour " + part + "; the app is applied without it",
                         "it is not supported yet; take the setting out of the App"});
    }
  }
  if (input.run == nullptr) return failed;
  const AppRun& run = *input.run;
  for (const auto& [key, trouble] : run.troubles) {
    failed = failed || trouble.failed;
    Add(out.problems, trouble.problem);
  }
  for (const plan::Problem& problem : run.problems) {
    const plan::PreparedApp* prepared = desired.Find(input.app);
    const bool listed = prepared != nullptr &&
                        std::find(prepared->problems.begin(), prepared->problems.end(), problem) !=
                            prepared->problems.end();
    if (!listed) Add(out.warnings, ToWire(problem));
  }
  if (!run.prune_refused.empty() && run.problems.empty()) {
    Add(out.warnings, {"", "prune_refused", run.prune_refused, ""});
  }
  if (const plan::HookRun* hooks = world.hooks.Find(input.app)) {
    for (const plan::HookTask& task : hooks->tasks) {
      if (task.state != plan::HookState::kStarted) continue;
      Add(out.warnings, {task.key.Text(), "hook_running",
                         "waits for the " + std::string(plan::Name(task.phase)) + " hook to end",
                         "see the object's events and logs"});
    }
  }
  for (const std::string& name : run.waits_for) {
    Add(out.warnings,
        {"", "waits_for_app", "waits until app " + name + " is Synced and healthy here",
         "see app " + name + " of this cluster"});
  }
  for (const object::ResourceKey& key : run.drift) {
    Add(out.warnings, {key.Text(), "drift", "somebody changed it in the cluster",
                       "set sync.selfHeal: true to have it set back"});
  }
  for (const auto& [key, contest] : run.contests) {
    if (contest.contested()) Add(out.warnings, Contested(key, contest));
  }
  if (run.parent_problem) {
    // A run that has something to write waits for its parent.
    const bool blocks = run.parent_foreign || run.state == AppState::kAnnouncing;
    failed = failed || blocks;
    Add(blocks ? out.problems : out.warnings, *run.parent_problem);
  }
  for (const std::string& text : run.api_warnings) {
    Add(out.warnings, {"", "api_warning", text, ""});
  }
  return failed;
}

// Something is not as it should be, and is set back later.
bool Waits(const AppRun& run) {
  return std::any_of(run.contests.begin(), run.contests.end(),
                     [](const auto& item) { return item.second.waiting(); });
}

bool IsOpen(const World& world, const AppRun& run) {
  const bool done = run.state == AppState::kIdle || run.state == AppState::kPausing ||
                    run.state == AppState::kClosing;
  return !done || run.wants_plan || !run.repairs.empty() || !run.drift.empty() ||
         run.in_flight > 0 || Waits(run) || !run.troubles.empty() || !run.prune_refused.empty() ||
         run.removed || run.applied_seq != world.statement->seq;
}

std::string StateOf(const World& world, const AppRun* run, bool failed, HealthStatus health) {
  if (failed) return "Failed";
  if (run == nullptr || IsOpen(world, *run)) return "OutOfSync";
  switch (health) {
    case HealthStatus::kCurrent:
    case HealthStatus::kSuspended:
      return "Synced";
    case HealthStatus::kInProgress:
    case HealthStatus::kTerminating:
      return "Progressing";
    case HealthStatus::kMissing:
    case HealthStatus::kFailed:
    case HealthStatus::kUnknown:
      return "Degraded";
  }
  return "Degraded";
}

wire::TargetReport MakeTarget(const World& world, const DesiredStore& desired,
                              const TargetInput& input, const ObjectsHealth& objects) {
  wire::TargetReport out;
  out.app = input.app;
  out.seq = world.statement->seq;
  if (input.entry != nullptr) {
    out.bundle = input.entry->bundle.Hex();
    out.revision = input.entry->revision.str();
    out.objects = input.entry->objects;
  }
  out.received = world.received;
  out.verified = world.verified;
  const bool failed = ListProblems(world, desired, input, out);
  const bool planned = input.run != nullptr && desired.Find(input.app) != nullptr;
  const bool known = world.facts && (planned || input.entry == nullptr);
  const HealthStatus health = known ? objects.worst : HealthStatus::kUnknown;
  out.health = health::Name(health);
  out.state = StateOf(world, input.run, failed, health);
  // Applied, and not yet there: which object it is, and what is known of it.
  if (known && out.problems.empty() && (out.state == "Progressing" || out.state == "Degraded")) {
    Add(out.problems, {objects.first->Text(), "not_healthy",
                       objects.why == nullptr ? "it is not there" : health::Why(*objects.why), ""});
  }
  if (input.run == nullptr) return out;
  out.counts = input.run->last_counts;
  out.conflicts = input.run->last_conflicts;
  out.drift_repaired = input.run->drift_repaired;
  if (input.run->applied_seq == out.seq) out.applied = input.run->applied;
  return out;
}

}  // namespace

wire::Report MakeReport(const World& world, const DesiredStore& desired,
                        const std::map<std::string, AppRun>& runs) {
  wire::Report out;
  out.epoch = world.trusted.epoch;
  out.number = world.trusted.number;
  out.seq = world.trusted.seq;
  out.agent_version = world.config.agent_version;
  for (const auto& [code, problem] : world.problems) Add(out.problems, problem);
  if (!world.statement) return out;
  AppHealth healths = HealthOf(world, desired);
  for (const auto& [name, entry] : world.statement->apps) {
    const auto run = runs.find(name.str());
    const TargetInput input{name.str(), &entry, run == runs.end() ? nullptr : &run->second};
    out.targets.push_back(MakeTarget(world, desired, input, healths[name.str()]));
  }
  for (const auto& [name, run] : runs) {
    if (!run.removed || run.gone) continue;
    out.targets.push_back(MakeTarget(world, desired, {name, nullptr, &run}, {}));
  }
  return out;
}

}  // namespace dunlin::sync
