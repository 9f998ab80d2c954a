#include "agent/health/rules.h"

namespace dunlin::health {

std::optional<Health> ClaimRule(const Facts& facts) {
  const std::string_view phase = facts.Text({"status", "phase"});
  if (phase == "Bound") return Current();
  // kstatus: in progress. But the volume is gone, and its data with it.
  if (phase == "Lost") return Failed("VolumeLost", "the bound volume no longer exists");
  return InProgress("NotBound",
                    "not bound; phase " + (phase.empty() ? "unknown" : std::string(phase)));
}

// Argo CD's rule; kstatus has none.
std::optional<Health> AutoscalerRule(const Facts& facts) {
  struct Row {
    std::string_view type, reason;
  };
  constexpr Row kFailures[] = {{"AbleToScale", "FailedGetScale"},
                               {"AbleToScale", "FailedUpdateScale"},
                               {"ScalingActive", "FailedGetResourceMetric"},
                               {"ScalingActive", "FailedGetObjectMetric"},
                               {"ScalingActive", "FailedGetPodsMetric"},
                               {"ScalingActive", "FailedGetExternalMetric"},
                               {"ScalingActive", "FailedComputeMetricsReplicas"},
                               {"ScalingActive", "InvalidSelector"}};
  bool working = false;
  for (const Condition& condition : facts.conditions) {
    for (const Row& row : kFailures) {
      if (condition.type == row.type && condition.reason == row.reason && !condition.True()) {
        return Failed(condition.reason, std::string(condition.message));
      }
    }
    const bool counts = condition.type == "AbleToScale" || condition.type == "ScalingLimited";
    if (counts && condition.True()) working = true;
  }
  if (working) return Current();
  return InProgress("NotScaling", "the autoscaler has not begun");
}

std::optional<Health> CrdRule(const Facts& facts) {
  for (const Condition& condition : facts.conditions) {
    if (condition.type == "NamesAccepted" && condition.status == "False") {
      return Failed(condition.reason, std::string(condition.message));
    }
    if (condition.type != "Established") continue;
    if (condition.status == "False" && condition.reason != "Installing") {
      return Failed(condition.reason, std::string(condition.message));
    }
    if (!condition.True()) continue;
    const Condition* schema = FindCondition(facts.conditions, "NonStructuralSchema");
    if (schema == nullptr || !schema->True()) return Current();
    // It works, but the apiserver neither prunes nor defaults its resources.
    return Health{HealthStatus::kCurrent, "NonStructuralSchema", std::string(schema->message)};
  }
  return InProgress("Installing", "the apiserver does not serve it yet");
}

std::optional<Health> NamespaceRule(const Facts& facts) {
  const std::string_view phase = facts.Text({"status", "phase"});
  if (phase == "Active") return Current();
  if (phase == "Terminating") {
    return Health{HealthStatus::kTerminating, "Terminating", "the namespace is being deleted"};
  }
  return std::nullopt;
}

}  // namespace dunlin::health
