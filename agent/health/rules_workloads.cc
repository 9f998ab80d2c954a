// Controllers that keep a number of Pods, after kstatus' core.go. The order of the comparisons is
// part of the rule: it decides which reason people see.
#include <limits>

#include "agent/health/rules.h"

namespace dunlin::health {

namespace {

constexpr std::string_view kLessReplicas = "LessReplicas";
constexpr std::string_view kLessUpdated = "LessUpdated";
constexpr std::string_view kLessAvailable = "LessAvailable";
constexpr std::string_view kLessReady = "LessReady";
constexpr std::string_view kLessCurrent = "LessCurrent";

Health ExtraPods(int64_t count) {
  return InProgress("ExtraPods", std::to_string(count) + " old replicas still to end");
}

struct Replicas {
  explicit Replicas(const Facts& facts)
      : spec(facts.Int({"spec", "replicas"}, 1)),  // the controllers' default
        status(facts.Int({"status", "replicas"}, 0)),
        updated(facts.Int({"status", "updatedReplicas"}, 0)),
        ready(facts.Int({"status", "readyReplicas"}, 0)),
        available(facts.Int({"status", "availableReplicas"}, 0)) {}
  int64_t spec, status, updated, ready, available;
};

}  // namespace

std::optional<Health> DeploymentRule(const Facts& facts) {
  // Argo CD's word for what kstatus calls in progress for ever.
  if (object::FindBool(facts.live, {"spec", "paused"}).value_or(false)) {
    return Suspended("the Deployment is paused");
  }
  // Without a deadline the controller never sets Progressing; MaxInt32 is its way to say "none".
  constexpr int64_t kNoDeadline = std::numeric_limits<int32_t>::max();
  bool progressed = facts.Int({"spec", "progressDeadlineSeconds"}, kNoDeadline) == kNoDeadline;
  bool available = false;
  for (const Condition& condition : facts.conditions) {
    if (condition.type == "Progressing") {
      if (condition.reason == "ProgressDeadlineExceeded") {
        return Failed(condition.reason, std::string(condition.message));
      }
      if (condition.True() && condition.reason == "NewReplicaSetAvailable") progressed = true;
    } else if (condition.type == "Available" && condition.True()) {
      available = true;
    }
  }
  const Replicas is(facts);
  if (is.spec > is.status)
    return InProgress(kLessReplicas, Ratio("replicas made", is.status, is.spec));
  if (is.spec > is.updated)
    return InProgress(kLessUpdated, Ratio("replicas updated", is.updated, is.spec));
  if (is.status > is.spec) return ExtraPods(is.status - is.spec);
  if (is.updated > is.available) {
    return InProgress(kLessAvailable, Ratio("replicas available", is.available, is.updated));
  }
  if (is.spec > is.ready) return InProgress(kLessReady, Ratio("replicas ready", is.ready, is.spec));
  if (!progressed)
    return InProgress("ReplicaSetNotAvailable", "the new ReplicaSet is not available");
  if (!available) return InProgress("DeploymentNotAvailable", "the Deployment is not available");
  return Current();
}

std::optional<Health> StatefulSetRule(const Facts& facts) {
  if (facts.Text({"spec", "updateStrategy", "type"}) == "OnDelete") return Current();
  const Replicas is(facts);
  const int64_t current = facts.Int({"status", "currentReplicas"}, 0);
  if (is.spec > is.status)
    return InProgress(kLessReplicas, Ratio("replicas made", is.status, is.spec));
  if (is.spec > is.ready) return InProgress(kLessReady, Ratio("replicas ready", is.ready, is.spec));
  if (is.status > is.spec) return ExtraPods(is.status - is.spec);
  const int64_t partition = facts.Int({"spec", "updateStrategy", "rollingUpdate", "partition"}, -1);
  if (partition != -1) {
    const int64_t wanted = is.spec - partition;
    if (is.updated < wanted) {
      return InProgress("PartitionRollout", Ratio("replicas updated", is.updated, wanted));
    }
    return Current();
  }
  if (is.spec > current)
    return InProgress(kLessCurrent, Ratio("replicas current", current, is.spec));
  if (facts.Text({"status", "currentRevision"}) != facts.Text({"status", "updateRevision"})) {
    return InProgress("RevisionMismatch", "not every Pod has the new revision yet");
  }
  return Current();
}

std::optional<Health> DaemonSetRule(const Facts& facts) {
  // Other kinds may leave these out; this controller always sets them.
  if (!object::FindInt(facts.live, {"metadata", "generation"})) {
    return InProgress("NoGeneration", "metadata.generation is not set");
  }
  if (!object::FindInt(facts.live, {"status", "observedGeneration"})) {
    return InProgress("NoObservedGeneration", "the controller has not seen it yet");
  }
  if (facts.Text({"spec", "updateStrategy", "type"}) == "OnDelete") return Current();
  const auto desired = object::FindInt(facts.live, {"status", "desiredNumberScheduled"});
  if (!desired || *desired == -1) {
    return InProgress("NoDesiredNumber", "status.desiredNumberScheduled is not set");
  }
  struct Row {
    std::string_view field, reason, what;
  };
  constexpr Row kRows[] = {{"currentNumberScheduled", kLessCurrent, "Pods scheduled"},
                           {"updatedNumberScheduled", kLessUpdated, "Pods updated"},
                           {"numberAvailable", kLessAvailable, "Pods available"},
                           {"numberReady", kLessReady, "Pods ready"}};
  for (const Row& row : kRows) {
    const int64_t have = facts.Int({"status", row.field}, 0);
    if (*desired > have) return InProgress(row.reason, Ratio(row.what, have, *desired));
  }
  return Current();
}

std::optional<Health> ReplicaSetRule(const Facts& facts) {
  for (const Condition& condition : facts.conditions) {
    // kstatus: InProgress. But the controller could not make the Pods: quota, admission.
    if (condition.type == "ReplicaFailure" && condition.True()) {
      return Failed("ReplicaFailure", std::string(condition.message));
    }
  }
  const Replicas is(facts);
  const int64_t labelled = facts.Int({"status", "fullyLabeledReplicas"}, 0);
  if (is.spec > labelled)
    return InProgress("LessLabelled", Ratio("replicas labelled", labelled, is.spec));
  if (is.spec > is.available) {
    return InProgress(kLessAvailable, Ratio("replicas available", is.available, is.spec));
  }
  if (is.spec > is.ready) return InProgress(kLessReady, Ratio("replicas ready", is.ready, is.spec));
  if (is.status > is.spec) return ExtraPods(is.status - is.spec);
  return Current();
}

}  // namespace dunlin::health
