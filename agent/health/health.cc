#include "agent/health/health.h"

#include "agent/health/conditions.h"
#include "agent/health/rules.h"
#include "protocol/object/resource_key.h"

namespace dunlin::health {

namespace {

// A controller that says Ready=False for that long is not on its way any more.
constexpr Millis kNotReadyWindow{5 * 60 * 1000};

// Absent: fine. Something else than an integer: the object is not readable.
bool ReadInt(const object::Value& live, std::initializer_list<std::string_view> path,
             std::optional<int64_t>& out) {
  const object::Value* value = object::Find(live, path);
  if (value == nullptr) return true;
  out = object::FindInt(live, path);
  return out.has_value();
}

// What holds for every kind before its own rule is asked (kstatus generic.go).
std::optional<Health> GenericBefore(const Facts& facts) {
  if (!facts.Text({"metadata", "deletionTimestamp"}).empty()) {
    return Health{HealthStatus::kTerminating, "Terminating", "it is being deleted"};
  }
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
    if (condition.True()) return Current();
    if (condition.status != "False" && condition.status != "Unknown") continue;
    const std::string_view reason = condition.reason.empty() ? "NotReady" : condition.reason;
    const auto age = condition.Age(facts.now);
    const bool stuck = condition.status == "False" && age && *age >= kNotReadyWindow;
    return stuck ? Failed(reason, std::string(condition.message))
                 : InProgress(reason, std::string(condition.message));
  }
  return std::nullopt;
}

// Words that controllers of custom kinds without Ready use (kstatus knows none of them).
std::optional<Health> ByOtherConditions(const Facts& facts) {
  const auto first = [&](std::initializer_list<std::string_view> types, bool is_true) {
    for (const std::string_view type : types) {
      const Condition* found = FindCondition(facts.conditions, type);
      if (found != nullptr && found->True() == is_true) return found;
    }
    return static_cast<const Condition*>(nullptr);
  };
  if (const Condition* bad = first({"Failed", "Degraded"}, true)) {
    return Failed(bad->reason.empty() ? bad->type : bad->reason, std::string(bad->message));
  }
  if (const Condition* paused = first({"Suspended"}, true)) {
    return Suspended(std::string(paused->message));
  }
  if (const Condition* open = first({"Available", "Healthy", "Synced", "Succeeded"}, false)) {
    return InProgress(
        open->reason.empty() ? "Not" + std::string(open->type) : std::string(open->reason),
        std::string(open->message));
  }
  return std::nullopt;
}

int Severity(HealthStatus status) {
  switch (status) {
    case HealthStatus::kCurrent:
      return 0;
    case HealthStatus::kSuspended:
      return 1;
    case HealthStatus::kInProgress:
      return 2;
    case HealthStatus::kTerminating:
      return 2;
    case HealthStatus::kMissing:
      return 3;
    case HealthStatus::kFailed:
      return 4;
    case HealthStatus::kUnknown:
      return 5;
  }
  return 5;
}

}  // namespace

std::string_view Name(HealthStatus status) {
  switch (status) {
    case HealthStatus::kCurrent:
      return "Current";
    case HealthStatus::kSuspended:
      return "Suspended";
    case HealthStatus::kInProgress:
      return "InProgress";
    case HealthStatus::kTerminating:
      return "Terminating";
    case HealthStatus::kMissing:
      return "Missing";
    case HealthStatus::kFailed:
      return "Failed";
    case HealthStatus::kUnknown:
      return "Unknown";
  }
  return "Unknown";
}

Health Evaluate(const object::Value& live, TimePoint now, const Options& options) {
  if (!live.is_object()) return Unknown("not an object");
  const auto conditions = ReadConditions(live);
  if (!conditions) return Unknown(conditions.error().message);
  const Facts facts{live, *conditions, now, options};
  if (auto health = GenericBefore(facts)) return *health;
  const auto version = object::GroupVersion::Parse(object::FindString(live, {"apiVersion"}));
  const std::string_view kind = object::FindString(live, {"kind"});
  const Rule rule = version ? FindRule(version->group, kind) : nullptr;
  if (rule != nullptr) {
    if (auto health = rule(facts)) return *health;
  }
  if (auto health = ByReady(facts)) return *health;
  if (rule == nullptr) {
    if (auto health = ByOtherConditions(facts)) return *health;
  }
  return Current();
}

bool HoldsWave(std::string_view group, std::string_view kind, HealthStatus status) {
  if (status == HealthStatus::kCurrent || status == HealthStatus::kSuspended) return false;
  const bool claim = group.empty() && kind == "PersistentVolumeClaim";
  return !(claim && status == HealthStatus::kInProgress);
}

std::string Why(const Health& health) {
  if (!health.message.empty()) return health.message;
  return health.reason.empty() ? std::string(Name(health.status)) : health.reason;
}

HealthStatus RollUp(std::span<const HealthStatus> statuses) {
  HealthStatus worst = HealthStatus::kCurrent;
  for (const HealthStatus status : statuses) {
    // Of equal weight the first word of the enum, so that the order of the objects does not matter.
    const bool worse = Severity(status) > Severity(worst) ||
                       (Severity(status) == Severity(worst) && status < worst);
    if (worse) worst = status;
  }
  return worst;
}

}  // namespace dunlin::health
