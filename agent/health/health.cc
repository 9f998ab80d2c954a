#include "agent/health/health.h"

#include "agent/health/judge.h"

namespace dunlin::health {

namespace {

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
  Judge judge(options);
  return judge.Evaluate(live, now);
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
