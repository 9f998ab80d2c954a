#include "hub/rollout/status.h"

#include <gtest/gtest.h>

namespace dunlin::hub {
namespace {

const TimePoint kNow{Millis(1795400000000)};

TargetFacts Facts(const std::string& state) {
  TargetFacts facts;
  facts.agent.last = kNow;
  facts.rendered = true;
  facts.desired_bundle = "aa";
  wire::TargetReport report;
  report.state = state;
  report.bundle = "aa";
  facts.report = report;
  return facts;
}

TargetState StateOf(const TargetFacts& facts) { return RollUp(facts, {}, kNow).state; }

TEST(RollUp, TheAgentsWordHoldsForTheNewestBundle) {
  EXPECT_EQ(StateOf(Facts("Synced")), TargetState::kSynced);
  EXPECT_EQ(StateOf(Facts("Progressing")), TargetState::kProgressing);
  EXPECT_EQ(StateOf(Facts("Degraded")), TargetState::kDegraded);
  EXPECT_EQ(StateOf(Facts("OutOfSync")), TargetState::kOutOfSync);
  EXPECT_EQ(StateOf(Facts("Failed")), TargetState::kFailed);
  EXPECT_EQ(StateOf(Facts("Dancing")), TargetState::kUnknown);
}

TEST(RollUp, ASyncedReportOnAnOlderBundleIsOutOfSync) {
  TargetFacts facts = Facts("Synced");
  facts.desired_bundle = "bb";
  EXPECT_EQ(StateOf(facts), TargetState::kOutOfSync);
}

TEST(RollUp, AnAgentThatRefusesTheNewestStatementIsFailedWithItsReason) {
  TargetFacts facts = Facts("Synced");
  facts.desired_bundle = "bb";
  facts.agent_problems = {{"", "signature", "the head's signature does not hold", ""}};
  const TargetStatus status = RollUp(facts, {}, kNow);
  EXPECT_EQ(status.state, TargetState::kFailed);
  EXPECT_NE(status.reason.find("signature does not hold"), std::string::npos);
}

TEST(RollUp, OutOfSyncNamesWhatTheAgentHoldsBackOrWaitsFor) {
  const auto reason = [](const TargetFacts& facts) { return RollUp(facts, {}, kNow).reason; };
  TargetFacts facts = Facts("OutOfSync");
  EXPECT_EQ(reason(facts), "");
  facts.agent_problems = {{"", "state_reset", "the agent's database was lost", "it starts anew"}};
  EXPECT_EQ(reason(facts), "agent: the agent's database was lost; it starts anew");
  facts.report->warnings = {{"Job.batch shop/init", "hook_ignored", "PostDelete is not known", ""},
                            {"", "api_warning", "v1beta1 is deprecated", ""}};
  EXPECT_EQ(reason(facts), "agent: the agent's database was lost; it starts anew")
      << "a remark explains nothing";
  for (const char* code : {"prune_guard", "prune_refused", "prune_unrecorded", "waits_for_app",
                           "drift", "a word of a newer agent"}) {
    TargetFacts warned = facts;
    warned.report->warnings.push_back({"", code, "11 of 12 objects would go", "allow it"});
    EXPECT_EQ(reason(warned), "11 of 12 objects would go; allow it") << code;
    warned.report->problems = {{"Service shop/web", "invalid", "port 0", ""}};
    EXPECT_EQ(reason(warned), "Service shop/web: port 0") << "the target's own problem first";
  }
}

TEST(RollUp, SilenceIsStaleAfter90SecondsAndUnknownAfter10Minutes) {
  TargetFacts facts = Facts("Synced");
  facts.agent.last = kNow - Millis(89'999);
  EXPECT_EQ(StateOf(facts), TargetState::kSynced);
  facts.agent.last = kNow - Millis(90'000);
  EXPECT_EQ(StateOf(facts), TargetState::kStale);
  facts.agent.last = kNow - Millis(599'999);
  EXPECT_EQ(StateOf(facts), TargetState::kStale);
  facts.agent.last = kNow - Millis(600'000);
  EXPECT_EQ(StateOf(facts), TargetState::kUnknown);
  facts.agent.last.reset();
  EXPECT_EQ(StateOf(facts), TargetState::kUnknown);
}

TEST(RollUp, AConnectionThatEndedIsStaleOnceAReconnectWouldHaveCome) {
  TargetFacts facts = Facts("Synced");
  facts.agent.ended = kNow - Millis(2'999);
  EXPECT_EQ(StateOf(facts), TargetState::kSynced);
  facts.agent.ended = facts.agent.last = kNow - Millis(5'000);
  const TargetStatus gone = RollUp(facts, {}, kNow);
  EXPECT_EQ(gone.state, TargetState::kStale);
  EXPECT_EQ(gone.reason, "the agent's connection ended 5 s ago");
  facts.agent.ended = facts.agent.last = kNow - Millis(600'000);
  EXPECT_EQ(StateOf(facts), TargetState::kUnknown);
  facts.agent = {kNow - Millis(90'000), std::nullopt};
  EXPECT_EQ(RollUp(facts, {}, kNow).reason, "no contact with the agent for 90 s");
  facts.agent = {kNow, kNow + Millis(3'600'000)};  // the clock went back
  EXPECT_EQ(StateOf(facts), TargetState::kSynced);
}

TEST(Presence, AnAgentIsConnectedUntilItsSilenceOrTheEndOfItsConnectionSaysOtherwise) {
  const auto presence = [](const AgentSeen& seen) { return PresenceOf(seen, {}, kNow); };
  EXPECT_EQ(presence({}), Presence::kNever);
  EXPECT_EQ(presence({std::nullopt, kNow - Millis(9'000)}), Presence::kNever);
  EXPECT_EQ(presence({kNow, std::nullopt}), Presence::kConnected);
  EXPECT_EQ(presence({kNow - Millis(3'000), kNow - Millis(3'000)}), Presence::kStale);
  EXPECT_EQ(presence({kNow - Millis(600'000), std::nullopt}), Presence::kUnknown);
}

TEST(RollUp, ARenderErrorIsFailedEvenWhileTheOldBundleIsSynced) {
  TargetFacts facts = Facts("Synced");
  facts.render_problem = {"", "not_found", "path overlays/eu does not exist",
                          "check spec.source.path"};
  const TargetStatus status = RollUp(facts, {}, kNow);
  EXPECT_EQ(status.state, TargetState::kFailed);
  EXPECT_EQ(status.reason, "path overlays/eu does not exist; check spec.source.path");
}

TEST(RollUp, AClockThatWentBackIsNotSilence) {
  TargetFacts facts = Facts("Synced");
  facts.agent.last = kNow + Millis(3'600'000);
  EXPECT_EQ(StateOf(facts), TargetState::kSynced);
}

TEST(RollUp, TheWorstStateSpeaksForAnApp) {
  EXPECT_EQ(Worst({}), TargetState::kSynced);
  EXPECT_EQ(Worst({TargetState::kSynced, TargetState::kProgressing}), TargetState::kProgressing);
  EXPECT_EQ(Worst({TargetState::kStale, TargetState::kFailed, TargetState::kSynced}),
            TargetState::kFailed);
}

}  // namespace
}  // namespace dunlin::hub
