#include "agent/health/rules.h"

namespace dunlin::health {

namespace {

bool HasLoadBalancerAddress(const Facts& facts) {
  const object::Array* addresses =
      object::FindArray(facts.live, {"status", "loadBalancer", "ingress"});
  return addresses != nullptr && !addresses->empty();
}

}  // namespace

std::optional<Health> ServiceRule(const Facts& facts) {
  if (facts.Text({"spec", "type"}) != "LoadBalancer") return Current();
  if (facts.Text({"spec", "clusterIP"}).empty()) {
    return InProgress("NoIPAssigned", "no cluster IP yet");
  }
  if (facts.options.service_needs_load_balancer && !HasLoadBalancerAddress(facts)) {
    return InProgress("NoLoadBalancer", "no load balancer has given it an address yet");
  }
  return Current();
}

std::optional<Health> IngressRule(const Facts& facts) {
  if (facts.options.ingress_needs_load_balancer && !HasLoadBalancerAddress(facts)) {
    return InProgress("NoLoadBalancer", "no load balancer has given it an address yet");
  }
  return Current();
}

std::optional<Health> ApiServiceRule(const Facts& facts) {
  const Condition* available = FindCondition(facts.conditions, "Available");
  if (available == nullptr) return InProgress("NotAvailable", "not looked at yet");
  if (available->True()) return Current();
  return InProgress(available->reason, std::string(available->message));
}

}  // namespace dunlin::health
