#include "agent/health/rules.h"

namespace dunlin::health {

namespace {

// How long the scheduler (and an autoscaler behind it) may look for a node.
constexpr Millis kScheduleWindow{15'000};

// "name (reason)" of the containers that wait for a reason that `matches`; empty: none.
template <typename Matches>
std::string Waiting(const Facts& facts, std::string_view list, Matches matches) {
  std::string out;
  const object::Array* statuses = object::FindArray(facts.live, {"status", list});
  if (statuses == nullptr) return out;
  for (const object::Value& status : *statuses) {
    const std::string_view reason = object::FindString(status, {"state", "waiting", "reason"});
    if (!matches(reason)) continue;
    if (!out.empty()) out += ", ";
    out += std::string(object::FindString(status, {"name"})) + " (" + std::string(reason) + ")";
  }
  return out;
}

// kstatus: in progress. But an image that cannot be pulled stays so until somebody acts.
std::optional<Health> ImageFailure(const Facts& facts) {
  const auto pull = [](std::string_view reason) {
    return reason.starts_with("ImagePull") || reason.starts_with("ErrImage");
  };
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    const std::string names = Waiting(facts, list, pull);
    if (!names.empty()) return Failed("ImagePull", "the image cannot be pulled: " + names);
  }
  return std::nullopt;
}

Health RunningPod(const Facts& facts) {
  for (const Condition& condition : facts.conditions) {
    if (condition.type == "Ready" && condition.True()) return Current();
  }
  const std::string looping = Waiting(facts, "containerStatuses", [](std::string_view reason) {
    return reason == "CrashLoopBackOff";
  });
  if (!looping.empty()) {
    return Failed("ContainerCrashLooping", "containers crash again and again: " + looping);
  }
  if (auto failure = ImageFailure(facts)) return *failure;
  return InProgress("PodRunningNotReady", "the Pod runs but is not ready");
}

Health PendingPod(const Facts& facts) {
  for (const Condition& condition : facts.conditions) {
    if (condition.type != "PodScheduled" || condition.status != "False") continue;
    if (condition.reason != "Unschedulable") break;
    const auto created = ParseTime(facts.Text({"metadata", "creationTimestamp"}));
    if (created && facts.now - kScheduleWindow < *created) {
      return InProgress("PodNotScheduled", "no node has been found yet");
    }
    return Failed("PodUnschedulable", std::string(condition.message));
  }
  if (auto failure = ImageFailure(facts)) return *failure;
  return InProgress("PodPending", "the Pod is pending");
}

}  // namespace

std::optional<Health> PodRule(const Facts& facts) {
  const std::string_view phase = facts.Text({"status", "phase"});
  if (phase == "Succeeded") return Current("completed");
  if (phase == "Failed") {
    // kstatus: Current, because it has come to an end.
    return Failed("PodFailed", std::string(facts.Text({"status", "message"})));
  }
  if (phase == "Running") return RunningPod(facts);
  if (phase == "Pending") return PendingPod(facts);
  if (phase.empty()) return InProgress("PodNotObserved", "the Pod has no phase yet");
  return Unknown("phase " + std::string(phase) + " is not known");
}

std::optional<Health> JobRule(const Facts& facts) {
  const int64_t completions =
      facts.Int({"spec", "completions"}, facts.Int({"spec", "parallelism"}, 1));
  for (const Condition& condition : facts.conditions) {
    if (!condition.True()) continue;
    if (condition.type == "Complete") {
      return Current(Ratio("Pods succeeded", facts.Int({"status", "succeeded"}, 0), completions));
    }
    if (condition.type == "Failed") {
      return Failed("JobFailed",
                    Ratio("Pods failed", facts.Int({"status", "failed"}, 0), completions));
    }
    if (condition.type == "Suspended" &&
        object::FindBool(facts.live, {"spec", "suspend"}).value_or(false)) {
      return Current("suspended");
    }
  }
  if (facts.Text({"status", "startTime"}).empty()) {
    return InProgress("JobNotStarted", "the Job has not started");
  }
  // kstatus: Current. But a wave that waits for a migration must wait until it is done.
  return InProgress("JobRunning",
                    Ratio("Pods succeeded", facts.Int({"status", "succeeded"}, 0), completions));
}

}  // namespace dunlin::health
