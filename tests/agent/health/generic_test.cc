// Kinds that no rule knows: what their conditions, phases and states mean.
#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

std::string Condition(std::string_view type, std::string_view status, std::string_view since = "",
                      std::string_view reason = "") {
  std::string out =
      R"({"type":")" + std::string(type) + R"(","status":")" + std::string(status) + '"';
  if (!since.empty()) out += R"(,"lastTransitionTime":")" + std::string(since) + '"';
  if (!reason.empty()) out += R"(,"reason":")" + std::string(reason) + '"';
  return out + "}";
}

Health Judged(const std::string& conditions, const std::string& rest = "",
              const std::string& metadata = "{}") {
  return Evaluate(Object("example.io/v1", "Thing",
                         R"("metadata":)" + metadata + R"(,"status":{"conditions":[)" + conditions +
                             "]" + rest + "}"),
                  Noon());
}

constexpr std::string_view kJustNow = "2026-11-24T11:55:01Z";
constexpr std::string_view kLongAgo = "2026-11-24T11:55:00Z";

TEST(Generic, GoalsAreReachedOrMissed) {
  for (const std::string_view type :
       {"Ready",       "Available",   "Healthy",     "Synced",       "Reconciled",
        "Established", "Accepted",    "Programmed",  "ResolvedRefs", "Installed",
        "Deployed",    "Provisioned", "Initialized", "Bound",        "Complete",
        "Completed",   "Active",      "Valid",       "Running",      "ReconcileSuccess"}) {
    EXPECT_EQ(Judged(Condition(type, "True")).status, kCurrent) << type;
    EXPECT_EQ(Judged(Condition(type, "Unknown", kLongAgo)).status, kInProgress) << type;
    EXPECT_EQ(Judged(Condition(type, "False")).status, kInProgress) << type;
    EXPECT_EQ(Judged(Condition(type, "False", kJustNow)).status, kInProgress) << type;
    const Health failed = Judged(Condition(type, "False", kLongAgo));
    EXPECT_EQ(failed.status, kFailed) << type;
    EXPECT_EQ(failed.reason, type == "Ready" ? "NotReady" : "Not" + std::string(type));
    EXPECT_EQ(Judged(Condition(type, "False", kLongAgo, "NoDisk")).reason, "NoDisk") << type;
  }
}

TEST(Generic, ResultsFailAtOnce) {
  EXPECT_EQ(Judged(Condition("Succeeded", "True")).status, kCurrent);
  EXPECT_EQ(Judged(Condition("Succeeded", "False", kJustNow)).status, kFailed);
  EXPECT_EQ(Judged(Condition("Succeeded", "Unknown", kLongAgo, "Running")).status, kInProgress);
}

TEST(Generic, FailuresPausesAndProgress) {
  for (const std::string_view type : {"Failed", "Failure", "Degraded", "Error", "ErrorOccurred",
                                      "ReconcileError", "InvalidSpec", "Conflicted", "Stalled"}) {
    EXPECT_EQ(Judged(Condition(type, "True", "", "X")).status, kFailed) << type;
    EXPECT_EQ(Judged(Condition(type, "False")).status, kCurrent) << type;
  }
  for (const std::string_view type : {"Suspended", "Paused"}) {
    EXPECT_EQ(Judged(Condition(type, "True")).status, kSuspended) << type;
    EXPECT_EQ(Judged(Condition(type, "False")).status, kCurrent) << type;
  }
  for (const std::string_view type : {"Progressing", "Updating", "Upgrading", "Reconciling",
                                      "Provisioning", "Creating", "Pending", "Initializing"}) {
    EXPECT_EQ(Judged(Condition(type, "True", "", "X")).status, kInProgress) << type;
    EXPECT_EQ(Judged(Condition(type, "False")).status, kCurrent) << type;
  }
  EXPECT_EQ(Judged(Condition("Progressing", "True", "", "NewReplicaSetAvailable")).status,
            kCurrent);
  EXPECT_EQ(Judged(Condition("Progressing", "False", "", "ProgressDeadlineExceeded")).status,
            kFailed);
}

TEST(Generic, WhatIsBrokenComesBeforeWhatIsPausedOnItsWayOrReached) {
  const std::string reached = Condition("Available", "True");
  const std::string missed = Condition("Synced", "False");
  const std::string progress = Condition("Updating", "True");
  const std::string pause = Condition("Paused", "True");
  const std::string failure = Condition("Degraded", "True");
  EXPECT_EQ(Judged(reached + "," + missed).reason, "NotSynced");
  EXPECT_EQ(Judged(reached + "," + missed + "," + progress).reason, "Updating");
  EXPECT_EQ(Judged(reached + "," + missed + "," + progress + "," + pause).status, kSuspended);
  EXPECT_EQ(Judged(reached + "," + progress + "," + pause + "," + failure).reason, "Degraded");
}

TEST(Generic, AConditionOfAnOlderGenerationSaysNothing) {
  const auto of = [](std::string_view type, int generation) {
    return R"({"type":")" + std::string(type) + R"(","status":"True","observedGeneration":)" +
           std::to_string(generation) + "}";
  };
  const std::string metadata = R"({"generation":3})";
  for (const std::string_view type : {"Ready", "Available", "Degraded"}) {
    const Health old = Judged(of(type, 2), "", metadata);
    EXPECT_EQ(old.status, kInProgress) << type;
    EXPECT_EQ(old.reason, "LatestGenerationNotObserved") << type;
    EXPECT_NE(Judged(of(type, 3), "", metadata).reason, "LatestGenerationNotObserved") << type;
  }
}

TEST(Generic, WordsOfPhaseStateAndHealth) {
  struct Word {
    std::string_view word;
    HealthStatus status;
  };
  const std::vector<Word> words = {{"Failed", kFailed},           {"ERROR", kFailed},
                                   {"degraded", kFailed},         {"red", kFailed},
                                   {"Suspended", kSuspended},     {"paused", kSuspended},
                                   {"Deleting", kTerminating},    {"Pending", kInProgress},
                                   {"Provisioning", kInProgress}, {"InProgress", kInProgress},
                                   {"yellow", kInProgress},       {"Running", kCurrent},
                                   {"Ready", kCurrent},           {"green", kCurrent},
                                   {"Whatever", kCurrent}};
  for (const Word& row : words) {
    for (const std::string_view member : {"phase", "state", "health"}) {
      const Health health = Judged("", R"(,")" + std::string(member) + R"(":")" +
                                           std::string(row.word) + R"(","message":"because")");
      EXPECT_EQ(health.status, row.status) << member << " " << row.word;
      if (row.status != kCurrent) {
        EXPECT_EQ(health.reason, row.word);
        EXPECT_EQ(health.message, "because");
      }
    }
  }
  // A condition is a promise, a phase often only the last thing that happened.
  EXPECT_EQ(Judged(Condition("Available", "True"), R"(,"phase":"Failed")").status, kCurrent);
  EXPECT_EQ(Judged(Condition("Other", "True"), R"(,"phase":"Failed")").status, kFailed);
}

}  // namespace
}  // namespace dunlin::health
