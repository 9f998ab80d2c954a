// The rules of Kubernetes' own kinds (the table of merge.md section 13), one family per file; those
// of custom resources are data (shipped/). A rule is asked only after the generic checks: not being
// deleted, generation observed, neither Reconciling nor Stalled.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/health/conditions.h"
#include "agent/health/health.h"
#include "protocol/object/value.h"

namespace dunlin::health {

struct Facts {
  const object::Value& live;
  const std::vector<Condition>& conditions;
  TimePoint now;
  const Options& options;

  int64_t Int(std::initializer_list<std::string_view> path, int64_t otherwise) const {
    return object::FindInt(live, path).value_or(otherwise);
  }
  std::string_view Text(std::initializer_list<std::string_view> path) const {
    return object::FindString(live, path);
  }
};

Health Current(std::string message = {});
Health InProgress(std::string_view reason, std::string message);
Health Failed(std::string_view reason, std::string message);
Health Suspended(std::string message);
Health Unknown(std::string message);

// "Ready: 1/3".
std::string Ratio(std::string_view what, int64_t have, int64_t want);

// Nothing: the rule says nothing, the generic conditions decide.
using Rule = std::optional<Health> (*)(const Facts& facts);
// Null: the kind has no rule.
Rule FindRule(std::string_view group, std::string_view kind);

// rules_workloads.cc
std::optional<Health> DeploymentRule(const Facts& facts);
std::optional<Health> StatefulSetRule(const Facts& facts);
std::optional<Health> DaemonSetRule(const Facts& facts);
std::optional<Health> ReplicaSetRule(const Facts& facts);
// rules_pods.cc
std::optional<Health> PodRule(const Facts& facts);
std::optional<Health> JobRule(const Facts& facts);
// rules_network.cc
std::optional<Health> ServiceRule(const Facts& facts);
std::optional<Health> IngressRule(const Facts& facts);
std::optional<Health> ApiServiceRule(const Facts& facts);
// rules_platform.cc
std::optional<Health> ClaimRule(const Facts& facts);
std::optional<Health> AutoscalerRule(const Facts& facts);
std::optional<Health> CrdRule(const Facts& facts);
std::optional<Health> NamespaceRule(const Facts& facts);
std::optional<Health> AlwaysCurrentRule(const Facts& facts);

}  // namespace dunlin::health
