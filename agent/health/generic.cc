#include "agent/health/generic.h"

#include <array>

namespace dunlin::health {

namespace {

// A controller that says Ready=False for that long is not on its way any more.
constexpr Millis kNotReadyWindow{5 * 60 * 1000};

// What a condition says, by its type. The order of the table is the order of precedence: what is
// broken comes before what is paused, that before what is on its way, that before what is missing.
enum class Meaning {
  kFailure,   // True: failed
  kPause,     // True: suspended
  kProgress,  // True: in progress
  kResult,    // of something that ends: True: reached, False: failed, Unknown: in progress
  kGoal       // True: reached; else in progress, and failed when False for long
};
struct ConditionRow {
  std::string_view type;
  Meaning meaning;
};
constexpr std::array kConditions = {ConditionRow{"Failed", Meaning::kFailure},
                                    ConditionRow{"Failure", Meaning::kFailure},
                                    ConditionRow{"Degraded", Meaning::kFailure},
                                    ConditionRow{"Error", Meaning::kFailure},
                                    ConditionRow{"ErrorOccurred", Meaning::kFailure},
                                    ConditionRow{"ReconcileError", Meaning::kFailure},
                                    ConditionRow{"ReconcileFailed", Meaning::kFailure},
                                    ConditionRow{"InvalidSpec", Meaning::kFailure},
                                    ConditionRow{"ReplicaFailure", Meaning::kFailure},
                                    ConditionRow{"Conflicted", Meaning::kFailure},
                                    ConditionRow{"Suspended", Meaning::kPause},
                                    ConditionRow{"Paused", Meaning::kPause},
                                    ConditionRow{"Progressing", Meaning::kProgress},
                                    ConditionRow{"Updating", Meaning::kProgress},
                                    ConditionRow{"Upgrading", Meaning::kProgress},
                                    ConditionRow{"Provisioning", Meaning::kProgress},
                                    ConditionRow{"Creating", Meaning::kProgress},
                                    ConditionRow{"Pending", Meaning::kProgress},
                                    ConditionRow{"Initializing", Meaning::kProgress},
                                    ConditionRow{"Running", Meaning::kGoal},
                                    ConditionRow{"Succeeded", Meaning::kResult},
                                    ConditionRow{"Complete", Meaning::kGoal},
                                    ConditionRow{"Completed", Meaning::kGoal},
                                    ConditionRow{"Available", Meaning::kGoal},
                                    ConditionRow{"Healthy", Meaning::kGoal},
                                    ConditionRow{"Synced", Meaning::kGoal},
                                    ConditionRow{"Reconciled", Meaning::kGoal},
                                    ConditionRow{"ReconcileSuccess", Meaning::kGoal},
                                    ConditionRow{"Established", Meaning::kGoal},
                                    ConditionRow{"Installed", Meaning::kGoal},
                                    ConditionRow{"Deployed", Meaning::kGoal},
                                    ConditionRow{"Provisioned", Meaning::kGoal},
                                    ConditionRow{"Initialized", Meaning::kGoal},
                                    ConditionRow{"Active", Meaning::kGoal},
                                    ConditionRow{"Bound", Meaning::kGoal},
                                    ConditionRow{"Valid", Meaning::kGoal},
                                    ConditionRow{"Accepted", Meaning::kGoal},
                                    ConditionRow{"Programmed", Meaning::kGoal},
                                    ConditionRow{"ResolvedRefs", Meaning::kGoal}};

// Reasons by which a condition that would be in progress says that it has arrived, or failed.
constexpr std::array<std::string_view, 2> kArrivedReasons = {"NewReplicaSetAvailable",
                                                             "AsExpected"};
constexpr std::array<std::string_view, 1> kFailedReasons = {"ProgressDeadlineExceeded"};

// Words of status.phase, status.state and status.health, in small letters. What is not here says
// nothing: every project has words of its own.
struct WordRow {
  std::string_view word;
  HealthStatus status;
};
constexpr std::array kWords = {WordRow{"failed", HealthStatus::kFailed},
                               WordRow{"failure", HealthStatus::kFailed},
                               WordRow{"error", HealthStatus::kFailed},
                               WordRow{"errored", HealthStatus::kFailed},
                               WordRow{"degraded", HealthStatus::kFailed},
                               WordRow{"unhealthy", HealthStatus::kFailed},
                               WordRow{"invalid", HealthStatus::kFailed},
                               WordRow{"lost", HealthStatus::kFailed},
                               WordRow{"red", HealthStatus::kFailed},
                               WordRow{"suspended", HealthStatus::kSuspended},
                               WordRow{"paused", HealthStatus::kSuspended},
                               WordRow{"terminating", HealthStatus::kTerminating},
                               WordRow{"deleting", HealthStatus::kTerminating},
                               WordRow{"pending", HealthStatus::kInProgress},
                               WordRow{"creating", HealthStatus::kInProgress},
                               WordRow{"provisioning", HealthStatus::kInProgress},
                               WordRow{"initializing", HealthStatus::kInProgress},
                               WordRow{"progressing", HealthStatus::kInProgress},
                               WordRow{"inprogress", HealthStatus::kInProgress},
                               WordRow{"in progress", HealthStatus::kInProgress},
                               WordRow{"installing", HealthStatus::kInProgress},
                               WordRow{"deploying", HealthStatus::kInProgress},
                               WordRow{"reconciling", HealthStatus::kInProgress},
                               WordRow{"updating", HealthStatus::kInProgress},
                               WordRow{"upgrading", HealthStatus::kInProgress},
                               WordRow{"scaling", HealthStatus::kInProgress},
                               WordRow{"starting", HealthStatus::kInProgress},
                               WordRow{"waiting", HealthStatus::kInProgress},
                               WordRow{"yellow", HealthStatus::kInProgress}};

std::string_view ReasonOf(const Condition& condition, std::string_view otherwise) {
  return condition.reason.empty() ? otherwise : condition.reason;
}

bool IsOneOf(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A goal that is not reached: on its way, and after a while of False not any more.
Health Missed(const Facts& facts, const Condition& condition) {
  const std::string otherwise = "Not" + std::string(condition.type);
  const auto age = condition.Age(facts.now);
  const bool stuck = condition.status == "False" && age && *age >= kNotReadyWindow;
  const std::string message(condition.message);
  return stuck ? Failed(ReasonOf(condition, otherwise), message)
               : InProgress(ReasonOf(condition, otherwise), message);
}

// The condition is of an older generation: it says nothing about this one.
std::optional<Health> Outdated(const Facts& facts, const Condition& condition) {
  const auto generation = object::FindInt(facts.live, {"metadata", "generation"});
  if (!generation || !condition.observed_generation ||
      *condition.observed_generation >= *generation) {
    return std::nullopt;
  }
  return InProgress("LatestGenerationNotObserved",
                    "condition " + std::string(condition.type) + " is of generation " +
                        std::to_string(*condition.observed_generation) + " of " +
                        std::to_string(*generation));
}

std::optional<Health> ByMeaning(const Facts& facts, const Condition& condition, Meaning meaning) {
  switch (meaning) {
    case Meaning::kFailure:
      if (!condition.True()) return std::nullopt;
      return Failed(ReasonOf(condition, condition.type), std::string(condition.message));
    case Meaning::kPause:
      if (!condition.True()) return std::nullopt;
      return Suspended(std::string(condition.message));
    case Meaning::kProgress:
      if (IsOneOf(kFailedReasons, condition.reason)) {
        return Failed(condition.reason, std::string(condition.message));
      }
      if (!condition.True() || IsOneOf(kArrivedReasons, condition.reason)) return std::nullopt;
      return InProgress(ReasonOf(condition, condition.type), std::string(condition.message));
    case Meaning::kResult:
      if (condition.True()) return std::nullopt;
      if (condition.status == "False") {
        return Failed(ReasonOf(condition, "Not" + std::string(condition.type)),
                      std::string(condition.message));
      }
      return Missed(facts, condition);
    case Meaning::kGoal:
      if (condition.True()) return std::nullopt;
      return Missed(facts, condition);
  }
  return std::nullopt;
}

std::optional<Health> ByWord(const Facts& facts, std::string_view member) {
  const std::string_view word = facts.Text({"status", member});
  std::string small;
  for (const char c : word) small += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const WordRow& row : kWords) {
    if (row.word != small) continue;
    const std::string text = "status." + std::string(member) + " is " + std::string(word);
    const std::string_view message = facts.Text({"status", "message"});
    return Health{row.status, std::string(word), message.empty() ? text : std::string(message)};
  }
  return std::nullopt;
}

// Absent: fine. Something else than an integer: the object is not readable.
bool ReadInt(const object::Value& live, std::initializer_list<std::string_view> path,
             std::optional<int64_t>& out) {
  const object::Value* value = object::Find(live, path);
  if (value == nullptr) return true;
  out = object::FindInt(live, path);
  return out.has_value();
}

}  // namespace

std::optional<Health> BeingDeleted(const Facts& facts) {
  if (facts.Text({"metadata", "deletionTimestamp"}).empty()) return std::nullopt;
  return Health{HealthStatus::kTerminating, "Terminating", "it is being deleted"};
}

std::optional<Health> NotObserved(const Facts& facts) {
  std::optional<int64_t> generation, observed;
  if (!ReadInt(facts.live, {"metadata", "generation"}, generation)) {
    return Unknown("metadata.generation is not an integer");
  }
  if (generation && !ReadInt(facts.live, {"status", "observedGeneration"}, observed)) {
    return Unknown("status.observedGeneration is not an integer");
  }
  if (generation && observed && *generation != *observed) {
    return InProgress("LatestGenerationNotObserved", "the controller has seen generation " +
                                                         std::to_string(*observed) + " of " +
                                                         std::to_string(*generation));
  }
  return std::nullopt;
}

std::optional<Health> ByKstatusConditions(const Facts& facts) {
  for (const Condition& condition : facts.conditions) {
    if (!condition.True()) continue;
    if (condition.type == "Reconciling") {
      return InProgress(condition.reason, std::string(condition.message));
    }
    if (condition.type == "Stalled") {
      return Failed(condition.reason, std::string(condition.message));
    }
  }
  return std::nullopt;
}

std::optional<Health> ByReady(const Facts& facts) {
  for (const Condition& condition : facts.conditions) {
    if (condition.type != "Ready") continue;
    if (!condition.True() && condition.status != "False" && condition.status != "Unknown") continue;
    if (auto outdated = Outdated(facts, condition)) return outdated;
    if (condition.True()) return Current();
    return Missed(facts, condition);
  }
  return std::nullopt;
}

std::optional<Health> ByConvention(const Facts& facts) {
  bool reached = false;
  for (const ConditionRow& row : kConditions) {
    const Condition* condition = FindCondition(facts.conditions, row.type);
    if (condition == nullptr) continue;
    if (auto outdated = Outdated(facts, *condition)) return outdated;
    if (auto health = ByMeaning(facts, *condition, row.meaning)) return health;
    const bool goal = row.meaning == Meaning::kGoal || row.meaning == Meaning::kResult;
    reached = reached || (goal && condition->True());
  }
  // A condition is a promise, a phase often only the last thing that happened.
  if (reached) return Current();
  for (const std::string_view member : {"phase", "state", "health"}) {
    if (auto health = ByWord(facts, member)) return health;
  }
  return std::nullopt;
}

}  // namespace dunlin::health
