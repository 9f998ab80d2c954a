#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

constexpr std::string_view kDone =
    R"("conditions":[{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"},
       {"type":"Available","status":"True"}])";

std::string Deployment(std::string_view spec, std::string_view counts,
                       std::string_view conditions) {
  std::string out = R"("spec":{"progressDeadlineSeconds":600)";
  if (!spec.empty()) out += "," + std::string(spec);
  out += R"(},"status":{)" + std::string(conditions);
  if (!counts.empty()) out += "," + std::string(counts);
  return out + "}";
}

TEST(Deployment, Table) {
  const std::string three = R"("replicas":3)";
  const auto row = [&](std::string_view counts) { return Deployment(three, counts, kDone); };
  const std::string less_replicas = row(R"("replicas":2,"updatedReplicas":2)");
  const std::string less_updated = row(R"("replicas":3,"updatedReplicas":2)");
  const std::string extra = row(R"("replicas":4,"updatedReplicas":3)");
  const std::string less_available =
      row(R"("replicas":3,"updatedReplicas":3,"availableReplicas":2,"readyReplicas":3)");
  const std::string less_ready =
      row(R"("replicas":3,"updatedReplicas":3,"availableReplicas":3,"readyReplicas":2)");
  const std::string full =
      R"("replicas":3,"updatedReplicas":3,"availableReplicas":3,"readyReplicas":3)";
  const std::string done = row(full);
  const std::string not_progressed =
      Deployment(three, full, R"("conditions":[{"type":"Available","status":"True"}])");
  const std::string not_available = Deployment(
      three, full,
      R"("conditions":[{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}])");
  const std::string exceeded = Deployment(
      three, full,
      R"("conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}])");
  const std::string default_one = Deployment(
      "", R"("replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1)", kDone);
  for (const std::string_view api_version : {"apps/v1", "extensions/v1beta1"}) {
    Check(api_version, "Deployment",
          {{"fewer than wanted", less_replicas, kInProgress, "LessReplicas"},
           {"old ones left", less_updated, kInProgress, "LessUpdated"},
           {"surplus ends", extra, kInProgress, "ExtraPods"},
           {"not available", less_available, kInProgress, "LessAvailable"},
           {"not ready", less_ready, kInProgress, "LessReady"},
           {"done", done, kCurrent, ""},
           {"no word that the ReplicaSet is there", not_progressed, kInProgress,
            "ReplicaSetNotAvailable"},
           {"not Available", not_available, kInProgress, "DeploymentNotAvailable"},
           {"deadline exceeded", exceeded, kFailed, "ProgressDeadlineExceeded"},
           {"one replica by default", default_one, kCurrent, ""},
           {"nothing yet", R"("spec":{})", kInProgress, "LessReplicas"}});
  }
}

TEST(Deployment, WithoutADeadlineProgressingIsNotAsked) {
  Check("apps/v1", "Deployment",
        {{"no deadline",
          R"("status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1,
             "conditions":[{"type":"Available","status":"True"}]})",
          kCurrent, ""},
         {"the controller's none",
          R"("spec":{"progressDeadlineSeconds":2147483647},
             "status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1,
             "conditions":[{"type":"Available","status":"True"}]})",
          kCurrent, ""}});
}

// Deviation from kstatus: InProgress there.
TEST(Deployment, PausedIsSuspended) {
  Check("apps/v1", "Deployment",
        {{"paused", R"("spec":{"paused":true,"replicas":3})", kSuspended, "Suspended"},
         {"not paused", R"("spec":{"paused":false,"replicas":3})", kInProgress, "LessReplicas"}});
}

TEST(StatefulSet, Table) {
  Check("apps/v1", "StatefulSet",
        {{"user-managed", R"("spec":{"replicas":3,"updateStrategy":{"type":"OnDelete"}})", kCurrent,
          ""},
         {"fewer", R"("spec":{"replicas":3},"status":{"replicas":2})", kInProgress, "LessReplicas"},
         {"not ready", R"("spec":{"replicas":3},"status":{"replicas":3,"readyReplicas":2})",
          kInProgress, "LessReady"},
         {"surplus", R"("spec":{"replicas":1},"status":{"replicas":2,"readyReplicas":1})",
          kInProgress, "ExtraPods"},
         {"partition not reached",
          R"("spec":{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":1}}},
             "status":{"replicas":3,"readyReplicas":3,"updatedReplicas":1})",
          kInProgress, "PartitionRollout"},
         {"partition reached",
          R"("spec":{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":1}}},
             "status":{"replicas":3,"readyReplicas":3,"updatedReplicas":2})",
          kCurrent, ""},
         {"fewer current",
          R"("spec":{"replicas":2},"status":{"replicas":2,"readyReplicas":2,"currentReplicas":1})",
          kInProgress, "LessCurrent"},
         {"two revisions",
          R"("spec":{"replicas":1},"status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,
             "currentRevision":"a","updateRevision":"b"})",
          kInProgress, "RevisionMismatch"},
         {"done",
          R"("status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,
             "currentRevision":"a","updateRevision":"a"})",
          kCurrent, ""}});
}

TEST(DaemonSet, Table) {
  const auto row = [](std::string_view status) {
    return R"("metadata":{"generation":1},"status":{"observedGeneration":1)" + std::string(status) +
           "}";
  };
  const std::string none = row("");
  const std::string current = row(R"(,"desiredNumberScheduled":2,"currentNumberScheduled":1)");
  const std::string updated =
      row(R"(,"desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":1)");
  const std::string three =
      R"(,"desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":2)";
  const std::string available = row(three + R"(,"numberAvailable":1,"numberReady":2)");
  const std::string ready = row(three + R"(,"numberAvailable":2,"numberReady":1)");
  const std::string done = row(three + R"(,"numberAvailable":2,"numberReady":2)");
  const std::string no_nodes = row(R"(,"desiredNumberScheduled":0)");
  const std::string on_delete = none + R"(,"spec":{"updateStrategy":{"type":"OnDelete"}})";
  for (const std::string_view api_version : {"apps/v1", "extensions/v1beta1"}) {
    Check(api_version, "DaemonSet",
          {{"no generation", R"("status":{"observedGeneration":1})", kInProgress, "NoGeneration"},
           {"not observed", R"("metadata":{"generation":1})", kInProgress, "NoObservedGeneration"},
           {"no number", none, kInProgress, "NoDesiredNumber"},
           {"fewer current", current, kInProgress, "LessCurrent"},
           {"fewer updated", updated, kInProgress, "LessUpdated"},
           {"fewer available", available, kInProgress, "LessAvailable"},
           {"fewer ready", ready, kInProgress, "LessReady"},
           {"done", done, kCurrent, ""},
           {"no node wants it", no_nodes, kCurrent, ""},
           // Deviation from kstatus: InProgress there.
           {"user-managed", on_delete, kCurrent, ""}});
  }
}

TEST(ReplicaSet, Table) {
  for (const std::string_view api_version : {"apps/v1", "extensions/v1beta1"}) {
    Check(
        api_version, "ReplicaSet",
        {{"fewer labelled", R"("spec":{"replicas":2},"status":{"fullyLabeledReplicas":1})",
          kInProgress, "LessLabelled"},
         {"fewer available", R"("status":{"fullyLabeledReplicas":1})", kInProgress,
          "LessAvailable"},
         {"fewer ready", R"("status":{"fullyLabeledReplicas":1,"availableReplicas":1})",
          kInProgress, "LessReady"},
         {"surplus",
          R"("status":{"replicas":2,"fullyLabeledReplicas":1,"availableReplicas":1,"readyReplicas":1})",
          kInProgress, "ExtraPods"},
         {"done",
          R"("status":{"replicas":1,"fullyLabeledReplicas":1,"availableReplicas":1,"readyReplicas":1})",
          kCurrent, ""},
         // Deviation from kstatus: InProgress there.
         {"cannot make Pods",
          R"("status":{"conditions":[{"type":"ReplicaFailure","status":"True"}]})", kFailed,
          "ReplicaFailure"}});
  }
}

}  // namespace
}  // namespace dunlin::health
