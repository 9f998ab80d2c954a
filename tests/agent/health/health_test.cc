// The rules for every kind: generic conditions, deletion, generation, roll-up.
#include <algorithm>
#include <array>

#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

TEST(Generic, BeforeTheRuleOfTheKind) {
  const std::vector<Row> rows = {
      {"being deleted, whatever the rest says",
       R"("metadata":{"deletionTimestamp":"2026-11-24T11:00:00Z","generation":2},
          "status":{"observedGeneration":1,"conditions":[{"type":"Stalled","status":"True"}]})",
       kTerminating, "Terminating"},
      {"generation not observed",
       R"("metadata":{"generation":2},"status":{"observedGeneration":1,
          "conditions":[{"type":"Stalled","status":"True"}]})",
       kInProgress, "LatestGenerationNotObserved"},
      {"no generation to compare with", R"("status":{"observedGeneration":1})", kCurrent, ""},
      {"controller without observedGeneration", R"("metadata":{"generation":2})", kCurrent, ""},
      {"reconciling",
       R"("status":{"conditions":[{"type":"Reconciling","status":"True","reason":"R"}]})",
       kInProgress, "R"},
      {"not reconciling", R"("status":{"conditions":[{"type":"Reconciling","status":"False"}]})",
       kCurrent, ""},
      {"stalled", R"("status":{"conditions":[{"type":"Stalled","status":"True","reason":"S"}]})",
       kFailed, "S"},
      {"the first of the two decides",
       R"("status":{"conditions":[{"type":"Stalled","status":"True","reason":"S"},
          {"type":"Reconciling","status":"True","reason":"R"}]})",
       kFailed, "S"},
      {"generation that is no integer", R"("metadata":{"generation":"2"})", kUnknown, "Unreadable"},
      {"observed generation that is no integer",
       R"("metadata":{"generation":2},"status":{"observedGeneration":2.5})", kUnknown,
       "Unreadable"},
  };
  Check("example.com/v1", "Widget", rows);
  Check("v1", "ConfigMap", rows);
}

TEST(Generic, Ready) {
  Check(
      "example.com/v1", "Widget",
      {{"true", R"("status":{"conditions":[{"type":"Ready","status":"True"}]})", kCurrent, ""},
       {"false", R"("status":{"conditions":[{"type":"Ready","status":"False","reason":"Wait"}]})",
        kInProgress, "Wait"},
       {"unknown", R"("status":{"conditions":[{"type":"Ready","status":"Unknown"}]})", kInProgress,
        "NotReady"},
       {"a status that nobody knows",
        R"("status":{"conditions":[{"type":"Ready","status":"Maybe"}]})", kCurrent, ""},
       {"true beats the other words",
        R"("status":{"conditions":[{"type":"Degraded","status":"True"},{"type":"Ready","status":"True"}]})",
        kCurrent, ""}});
}

// Deviation from kstatus: not ready for five minutes without a change is a failure.
TEST(Generic, ReadyFalseFailsAfterFiveMinutes) {
  Check(
      "example.com/v1", "Widget",
      {{"one second before",
        R"("status":{"conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-11-24T11:55:01Z"}]})",
        kInProgress, "NotReady"},
       {"at five minutes",
        R"("status":{"conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-11-24T11:55:00Z"}]})",
        kFailed, "NotReady"},
       {"Unknown never fails",
        R"("status":{"conditions":[{"type":"Ready","status":"Unknown","lastTransitionTime":"2026-11-24T01:00:00Z"}]})",
        kInProgress, "NotReady"},
       {"without a time it is not known how long",
        R"("status":{"conditions":[{"type":"Ready","status":"False"}]})", kInProgress,
        "NotReady"}});
}

// Deviation from kstatus, which says Current for all of these.
TEST(Generic, OtherWordsOfCustomKinds) {
  Check(
      "example.com/v1", "Widget",
      {{"failed", R"("status":{"conditions":[{"type":"Failed","status":"True","reason":"Boom"}]})",
        kFailed, "Boom"},
       {"degraded",
        R"("status":{"conditions":[{"type":"Available","status":"True"},{"type":"Degraded","status":"True"}]})",
        kFailed, "Degraded"},
       {"not degraded", R"("status":{"conditions":[{"type":"Degraded","status":"False"}]})",
        kCurrent, ""},
       {"suspended", R"("status":{"conditions":[{"type":"Suspended","status":"True"}]})",
        kSuspended, "Suspended"},
       {"not available", R"("status":{"conditions":[{"type":"Available","status":"False"}]})",
        kInProgress, "NotAvailable"},
       {"not healthy",
        R"("status":{"conditions":[{"type":"Healthy","status":"Unknown","reason":"Wait"}]})",
        kInProgress, "Wait"},
       {"not synced", R"("status":{"conditions":[{"type":"Synced","status":"False"}]})",
        kInProgress, "NotSynced"},
       {"succeeded", R"("status":{"conditions":[{"type":"Succeeded","status":"True"}]})", kCurrent,
        ""},
       {"none of them", R"("status":{"conditions":[{"type":"Foo","status":"False"}]})", kCurrent,
        ""}});
}

TEST(Generic, SomethingThatIsNoObjectIsUnknown) {
  for (const object::Value& value : {object::Value(), object::Value("x"), object::Value(1)}) {
    EXPECT_EQ(Evaluate(value, Noon()).status, kUnknown);
  }
}

TEST(Generic, AnObjectWithoutKindIsJudgedByItsConditions) {
  EXPECT_EQ(Evaluate(Object("", "", ""), Noon()).status, kCurrent);
}

TEST(RollUp, TheWorstDecides) {
  const std::array<HealthStatus, 6> ascending = {kCurrent, kSuspended, kInProgress,
                                                 kMissing, kFailed,    kUnknown};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      const std::array<HealthStatus, 2> both = {ascending[i], ascending[j]};
      EXPECT_EQ(RollUp(both), ascending[std::max(i, j)]);
    }
  }
}

TEST(RollUp, NothingIsCurrent) { EXPECT_EQ(RollUp({}), kCurrent); }

TEST(RollUp, TerminatingWeighsAsMuchAsInProgress) {
  const std::array<HealthStatus, 2> a = {kTerminating, kInProgress},
                                    b = {kInProgress, kTerminating};
  EXPECT_EQ(RollUp(a), RollUp(b));
  const std::array<HealthStatus, 2> c = {kTerminating, kSuspended}, d = {kTerminating, kMissing};
  EXPECT_EQ(RollUp(c), kTerminating);
  EXPECT_EQ(RollUp(d), kMissing);
}

TEST(HoldsWave, EverythingButCurrentAndSuspended) {
  for (const HealthStatus status : {kInProgress, kTerminating, kMissing, kFailed, kUnknown}) {
    EXPECT_TRUE(HoldsWave("apps", "Deployment", status)) << Name(status);
  }
  EXPECT_FALSE(HoldsWave("apps", "Deployment", kCurrent));
  EXPECT_FALSE(HoldsWave("apps", "Deployment", kSuspended));
}

TEST(HoldsWave, AClaimThatWaitsForItsFirstConsumerDoesNot) {
  EXPECT_FALSE(HoldsWave("", "PersistentVolumeClaim", kInProgress));
  EXPECT_TRUE(HoldsWave("", "PersistentVolumeClaim", kFailed));
  EXPECT_TRUE(HoldsWave("example.com", "PersistentVolumeClaim", kInProgress));
}

TEST(Names, AreTheWordsOfReports) {
  EXPECT_EQ(Name(kCurrent), "Current");
  EXPECT_EQ(Name(kSuspended), "Suspended");
  EXPECT_EQ(Name(kInProgress), "InProgress");
  EXPECT_EQ(Name(kTerminating), "Terminating");
  EXPECT_EQ(Name(kMissing), "Missing");
  EXPECT_EQ(Name(kFailed), "Failed");
  EXPECT_EQ(Name(kUnknown), "Unknown");
}

TEST(Why, SaysTheMessageElseTheReasonElseTheStatus) {
  EXPECT_EQ(Why({HealthStatus::kInProgress, "LessReady", "1 of 3 replicas ready"}),
            "1 of 3 replicas ready");
  EXPECT_EQ(Why({HealthStatus::kInProgress, "LessReady", ""}), "LessReady");
  EXPECT_EQ(Why({HealthStatus::kTerminating, "", ""}), "Terminating");
}

}  // namespace
}  // namespace dunlin::health
