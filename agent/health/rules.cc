#include "agent/health/rules.h"

#include <utility>

namespace dunlin::health {

namespace {

struct Row {
  std::string_view group;
  std::string_view kind;
  Rule rule;
};

constexpr Row kRules[] = {
    {"apps", "Deployment", DeploymentRule},
    {"extensions", "Deployment", DeploymentRule},
    {"apps", "StatefulSet", StatefulSetRule},
    {"apps", "DaemonSet", DaemonSetRule},
    {"extensions", "DaemonSet", DaemonSetRule},
    {"apps", "ReplicaSet", ReplicaSetRule},
    {"extensions", "ReplicaSet", ReplicaSetRule},
    {"", "Pod", PodRule},
    {"batch", "Job", JobRule},
    {"batch", "CronJob", AlwaysCurrentRule},
    {"", "Secret", AlwaysCurrentRule},
    {"", "ConfigMap", AlwaysCurrentRule},
    {"policy", "PodDisruptionBudget", AlwaysCurrentRule},
    {"", "PersistentVolumeClaim", ClaimRule},
    {"", "Service", ServiceRule},
    {"networking.k8s.io", "Ingress", IngressRule},
    {"extensions", "Ingress", IngressRule},
    {"autoscaling", "HorizontalPodAutoscaler", AutoscalerRule},
    {"apiregistration.k8s.io", "APIService", ApiServiceRule},
    {"apiextensions.k8s.io", "CustomResourceDefinition", CrdRule},
    {"", "Namespace", NamespaceRule},
};

}  // namespace

Rule FindRule(std::string_view group, std::string_view kind) {
  for (const Row& row : kRules) {
    if (row.kind == kind && row.group == group) return row.rule;
  }
  return nullptr;
}

Health Current(std::string message) { return {HealthStatus::kCurrent, {}, std::move(message)}; }

Health InProgress(std::string_view reason, std::string message) {
  return {HealthStatus::kInProgress, std::string(reason), std::move(message)};
}

Health Failed(std::string_view reason, std::string message) {
  return {HealthStatus::kFailed, std::string(reason), std::move(message)};
}

Health Suspended(std::string message) {
  return {HealthStatus::kSuspended, "Suspended", std::move(message)};
}

Health Unknown(std::string message) {
  return {HealthStatus::kUnknown, "Unreadable", std::move(message)};
}

std::string Ratio(std::string_view what, int64_t have, int64_t want) {
  return std::to_string(have) + " of " + std::to_string(want) + " " + std::string(what);
}

std::optional<Health> AlwaysCurrentRule(const Facts&) { return Current(); }

}  // namespace dunlin::health
