// Services, storage, autoscaling and what the apiserver itself offers.
#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

TEST(AlwaysCurrent, WithoutAnyStatus) {
  const Row odd = {"a status that means nothing",
                   R"("status":{"conditions":[{"type":"Ready","status":"False"}]})", kCurrent, ""};
  Check("batch/v1", "CronJob", {odd, {"empty", "", kCurrent, ""}});
  Check("v1", "Secret", {odd, {"empty", "", kCurrent, ""}});
  Check("v1", "ConfigMap", {odd, {"empty", "", kCurrent, ""}});
}

TEST(PodDisruptionBudget, CurrentOnceTheGenerationIsObserved) {
  Check("policy/v1", "PodDisruptionBudget",
        {{"not yet", R"("metadata":{"generation":2},"status":{"observedGeneration":1})",
          kInProgress, "LatestGenerationNotObserved"},
         {"observed",
          R"("metadata":{"generation":2},"status":{"observedGeneration":2,"conditions":[
             {"type":"DisruptionAllowed","status":"False"}]})",
          kCurrent, ""}});
}

TEST(PersistentVolumeClaim, Table) {
  Check("v1", "PersistentVolumeClaim",
        {{"bound", R"("status":{"phase":"Bound"})", kCurrent, ""},
         {"pending", R"("status":{"phase":"Pending"})", kInProgress, "NotBound"},
         {"nothing yet", "", kInProgress, "NotBound"},
         // Deviation from kstatus: InProgress there.
         {"lost", R"("status":{"phase":"Lost"})", kFailed, "VolumeLost"}});
}

TEST(Service, Table) {
  const Row no_ip = {"no cluster IP", R"("spec":{"type":"LoadBalancer"})", kInProgress,
                     "NoIPAssigned"};
  const Row with_address = {"address",
                            R"("spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"},
                               "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}})",
                            kCurrent, ""};
  constexpr std::string_view kNoAddress =
      R"("spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"},"status":{"loadBalancer":{}})";
  Check("v1", "Service",
        {{"ClusterIP by default", "", kCurrent, ""},
         {"NodePort", R"("spec":{"type":"NodePort"})", kCurrent, ""},
         no_ip,
         with_address,
         // Deviation from kstatus: Current there.
         {"no address", kNoAddress, kInProgress, "NoLoadBalancer"}});
  Check("v1", "Service", {no_ip, with_address, {"no address, ignored", kNoAddress, kCurrent, ""}},
        {.service_needs_load_balancer = false});
}

TEST(Ingress, CurrentUnlessTheStrictOptionIsOn) {
  constexpr std::string_view kAddress =
      R"("status":{"loadBalancer":{"ingress":[{"hostname":"lb"}]}})";
  for (const std::string_view api_version : {"networking.k8s.io/v1", "extensions/v1beta1"}) {
    Check(api_version, "Ingress", {{"no address", "", kCurrent, ""}});
    Check(api_version, "Ingress",
          {{"no address", "", kInProgress, "NoLoadBalancer"}, {"address", kAddress, kCurrent, ""}},
          {.ingress_needs_load_balancer = true});
  }
}

// Deviation from kstatus, which has no rule.
TEST(HorizontalPodAutoscaler, Table) {
  const std::vector<std::pair<std::string, std::string>> failures = {
      {"AbleToScale", "FailedGetScale"},
      {"AbleToScale", "FailedUpdateScale"},
      {"ScalingActive", "FailedGetResourceMetric"},
      {"ScalingActive", "FailedGetObjectMetric"},
      {"ScalingActive", "FailedGetPodsMetric"},
      {"ScalingActive", "FailedGetExternalMetric"},
      {"ScalingActive", "FailedComputeMetricsReplicas"},
      {"ScalingActive", "InvalidSelector"}};
  for (const auto& [type, reason] : failures) {
    const std::string members =
        R"("status":{"conditions":[{"type":"ScalingLimited","status":"True"},{"type":")" + type +
        R"(","status":"False","reason":")" + reason + "\"}]}";
    Check("autoscaling/v2", "HorizontalPodAutoscaler", {{reason, members, kFailed, reason}});
  }
  Check(
      "autoscaling/v2", "HorizontalPodAutoscaler",
      {{"nothing yet", "", kInProgress, "NotScaling"},
       {"able", R"("status":{"conditions":[{"type":"AbleToScale","status":"True"}]})", kCurrent,
        ""},
       {"limited", R"("status":{"conditions":[{"type":"ScalingLimited","status":"True"}]})",
        kCurrent, ""},
       {"unable for another reason",
        R"("status":{"conditions":[{"type":"AbleToScale","status":"False","reason":"BackoffBoth"}]})",
        kInProgress, "NotScaling"}});
}

// Deviation from kstatus: Current there.
TEST(ApiService, Table) {
  Check(
      "apiregistration.k8s.io/v1", "APIService",
      {{"not looked at", "", kInProgress, "NotAvailable"},
       {"available", R"("status":{"conditions":[{"type":"Available","status":"True"}]})", kCurrent,
        ""},
       {"down",
        R"("status":{"conditions":[{"type":"Available","status":"False","reason":"MissingEndpoints"}]})",
        kInProgress, "MissingEndpoints"}});
}

TEST(CustomResourceDefinition, Table) {
  Check(
      "apiextensions.k8s.io/v1", "CustomResourceDefinition",
      {{"nothing yet", "", kInProgress, "Installing"},
       {"name taken",
        R"("status":{"conditions":[{"type":"NamesAccepted","status":"False","reason":"MultipleNamesNotAllowed"}]})",
        kFailed, "MultipleNamesNotAllowed"},
       {"installing",
        R"("status":{"conditions":[{"type":"Established","status":"False","reason":"Installing"}]})",
        kInProgress, "Installing"},
       {"not accepted",
        R"("status":{"conditions":[{"type":"Established","status":"False","reason":"NotAccepted"}]})",
        kFailed, "NotAccepted"},
       {"established",
        R"("status":{"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]})",
        kCurrent, ""},
       {"established with a warning",
        R"("status":{"conditions":[{"type":"Established","status":"True"},
             {"type":"NonStructuralSchema","status":"True"}]})",
        kCurrent, "NonStructuralSchema"}});
}

// Deviation from kstatus: Current there.
TEST(Namespace, Table) {
  Check("v1", "Namespace",
        {{"active", R"("status":{"phase":"Active"})", kCurrent, ""},
         {"terminating", R"("status":{"phase":"Terminating"})", kTerminating, "Terminating"},
         {"nothing yet", "", kCurrent, ""}});
}

TEST(Certificate, ReadyAndBeforeItIssuing) {
  Check("cert-manager.io/v1", "Certificate",
        {{"ready", R"("status":{"conditions":[{"type":"Ready","status":"True"}]})", kCurrent, ""},
         // Deviation from kstatus: Current there.
         {"renewal", R"("status":{"conditions":[{"type":"Ready","status":"True"},
             {"type":"Issuing","status":"True","reason":"Renewing"}]})",
          kInProgress, "Renewing"},
         {"issued", R"("status":{"conditions":[{"type":"Issuing","status":"False"},
             {"type":"Ready","status":"True"}]})",
          kCurrent, ""},
         {"not ready for long",
          R"("status":{"conditions":[{"type":"Ready","status":"False","reason":"Denied",
             "lastTransitionTime":"2026-11-24T11:00:00Z"}]})",
          kFailed, "Denied"}});
}

TEST(Groups, ARuleIsForItsGroupOnly) {
  Check("example.io/v1", "Service",
        {{"no load balancer", R"("spec":{"type":"LoadBalancer"})", kCurrent, ""}});
  Check("batch.volcano.sh/v1", "Job", {{"other Job", "", kCurrent, ""}});
}

}  // namespace
}  // namespace dunlin::health
