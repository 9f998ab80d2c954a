#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

std::string Waiting(std::string_view phase, std::string_view list, std::string_view reason) {
  return R"("status":{"phase":")" + std::string(phase) + "\",\"" + std::string(list) +
         R"(":[{"name":"web","state":{"waiting":{"reason":")" + std::string(reason) + "\"}}}]}";
}

TEST(Pod, Table) {
  const std::string looping = Waiting("Running", "containerStatuses", "CrashLoopBackOff");
  const std::string creating = Waiting("Running", "containerStatuses", "ContainerCreating");
  Check(
      "v1", "Pod",
      {{"not observed", "", kInProgress, "PodNotObserved"},
       {"completed", R"("status":{"phase":"Succeeded"})", kCurrent, ""},
       {"ready", R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})",
        kCurrent, ""},
       {"not ready",
        R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}]})",
        kInProgress, "PodRunningNotReady"},
       {"crash loop", looping, kFailed, "ContainerCrashLooping"},
       {"container starts", creating, kInProgress, "PodRunningNotReady"},
       {"pending", R"("status":{"phase":"Pending"})", kInProgress, "PodPending"},
       {"a phase that nobody knows", R"("status":{"phase":"Lost"})", kUnknown, "Unreadable"}});
}

TEST(Pod, UnschedulableFailsAfterFifteenSeconds) {
  const auto row = [](std::string_view created, std::string_view reason) {
    return R"("metadata":{"creationTimestamp":")" + std::string(created) +
           R"("},"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":")" +
           std::string(reason) + "\"}]}";
  };
  const std::string early = row("2026-11-24T11:59:46Z", "Unschedulable");
  const std::string late = row("2026-11-24T11:59:45Z", "Unschedulable");
  const std::string gated = row("2026-11-24T11:00:00Z", "SchedulingGated");
  Check("v1", "Pod",
        {{"14 s", early, kInProgress, "PodNotScheduled"},
         {"15 s", late, kFailed, "PodUnschedulable"},
         {"held back on purpose", gated, kInProgress, "PodPending"}});
}

// Deviation from kstatus: Current there, because it has ended.
TEST(Pod, FailedIsFailed) {
  Check("v1", "Pod", {{"failed", R"("status":{"phase":"Failed"})", kFailed, "PodFailed"}});
}

// Deviation from kstatus: InProgress there.
TEST(Pod, AnImageThatCannotBePulledIsFailed) {
  for (const std::string_view reason : {"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull"}) {
    for (const std::string_view list : {"containerStatuses", "initContainerStatuses"}) {
      for (const std::string_view phase : {"Pending", "Running"}) {
        Check("v1", "Pod", {{reason, Waiting(phase, list, reason), kFailed, "ImagePull"}});
      }
    }
  }
}

TEST(Pod, OddContainerStatusesDoNotMatter) {
  Check("v1", "Pod",
        {{"no map", R"("status":{"phase":"Pending","containerStatuses":[1,{"state":"x"},{}]})",
          kInProgress, "PodPending"}});
}

TEST(Job, Table) {
  Check(
      "batch/v1", "Job",
      {{"not started", "", kInProgress, "JobNotStarted"},
       {"complete",
        R"("status":{"startTime":"2026-11-24T11:00:00Z","conditions":[{"type":"Complete","status":"True"}]})",
        kCurrent, ""},
       {"failed",
        R"("status":{"startTime":"2026-11-24T11:00:00Z","conditions":[{"type":"Failed","status":"True"}]})",
        kFailed, "JobFailed"},
       {"suspended",
        R"("spec":{"suspend":true},"status":{"conditions":[{"type":"Suspended","status":"True"}]})",
        kCurrent, ""},
       {"resumed, not yet noticed",
        R"("spec":{"suspend":false},"status":{"conditions":[{"type":"Suspended","status":"True"}]})",
        kInProgress, "JobNotStarted"},
       {"once suspended",
        R"("status":{"startTime":"2026-11-24T11:00:00Z","conditions":[{"type":"Suspended","status":"False"},
             {"type":"Complete","status":"True"}]})",
        kCurrent, ""}});
}

// Deviation from kstatus: Current there, as soon as it runs.
TEST(Job, RunningIsInProgress) {
  Check("batch/v1", "Job",
        {{"running", R"("status":{"startTime":"2026-11-24T11:00:00Z","active":1})", kInProgress,
          "JobRunning"}});
}

}  // namespace
}  // namespace dunlin::health
