// What the machine takes from a hub, and what it refuses.
#include <algorithm>

#include "protocol/base/limits.h"
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using HubTest = SyncTest;

size_t Count(const std::vector<std::string>& actions, const std::string& name) {
  return static_cast<size_t>(std::count(actions.begin(), actions.end(), name));
}

TEST_F(HubTest, ChangesOfStatementAndBundleTravelAsDeltas) {
  Deploy({{"shop", Shop("web:1", 2)}});
  Deploy({{"shop", Shop("web:2", 2)}});
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(Count(sim.actions, "FetchBundle"), 0u);
}

TEST_F(HubTest, ABundleThatIsNotInTheAnswerIsFetched) {
  sim.hub.inline_bundles = false;
  Deploy({{"shop", Shop("web:1", 2)}});
  EXPECT_EQ(Count(sim.actions, "FetchBundle"), 1u);
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(HubTest, GoingBackMovesNoBundle) {
  Deploy({{"shop", Shop("web:1", 2)}});
  Deploy({{"shop", Shop("web:2", 2)}});
  sim.hub.inline_bundles = false;
  Deploy({{"shop", Shop("web:1", 2)}});
  EXPECT_EQ(Image("web"), "web:1");
  EXPECT_EQ(Count(sim.actions, "FetchBundle"), 0u);
  EXPECT_EQ(Count(sim.actions, "LoadBundles"), 1u);
}

// Bundles of former statements that the store still holds.
void AddOldBundles(Simulation& sim, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    BundleDigest digest{};
    digest.bytes[30] = static_cast<uint8_t>(i >> 8);
    digest.bytes[31] = static_cast<uint8_t>(i);
    sim.bundles[digest];
  }
}

TEST_F(HubTest, APollNamesOnlySoManyBundles) {
  Deploy({{"shop", Shop("web:1", 2)}});
  AddOldBundles(sim, limits::kNamedBundles - 1);
  for (const size_t held : {limits::kNamedBundles, limits::kNamedBundles + 1}) {
    ASSERT_EQ(sim.bundles.size(), held);
    sim.Boot();
    sim.Settle();
    ASSERT_TRUE(sim.poll());
    EXPECT_EQ(sim.poll()->bundles.size(), limits::kNamedBundles);
    AddOldBundles(sim, limits::kNamedBundles);
  }
}

TEST_F(HubTest, OfManyHeldBundlesTheOldestAreForgotten) {
  Deploy({{"shop", Shop("web:1", 2)}});
  AddOldBundles(sim, limits::kHeldBundles - 1);
  sim.Boot();
  sim.Settle();
  EXPECT_EQ(sim.machine().world().held.size(), limits::kHeldBundles);
  const BundleDigest oldest = sim.machine().world().held.back();
  Deploy({{"shop", Shop("web:2", 2)}});
  const std::vector<BundleDigest>& held = sim.machine().world().held;
  EXPECT_EQ(held.size(), limits::kHeldBundles);
  EXPECT_NE(held.back(), oldest);
}

TEST_F(HubTest, ThePollIsArmedBeforeAnythingIsApplied) {
  Deploy({{"shop", Shop("web:1", 2)}});
  const auto last_intent = std::find(sim.actions.begin(), sim.actions.end(), "StoreIntent");
  const auto poll = std::find(last_intent, sim.actions.end(), "Poll");
  const auto request = std::find(sim.actions.begin(), sim.actions.end(), "Request");
  EXPECT_LT(poll, request);
}

TEST_F(HubTest, ARefusedOfferIsAProblemWithTheReasonAndChangesNothing) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.hub.tamper = true;
  Deploy({{"shop", Shop("web:2", 2)}});
  EXPECT_TRUE(sim.HasProblem("proof"));
  EXPECT_EQ(Image("web"), "web:1");
  EXPECT_EQ(sim.State("shop"), "Synced");  // the last good state
  sim.Run(Millis(60000));
  EXPECT_LE(Count(sim.actions, "Poll"), 20u);  // asks again, with pauses
  sim.hub.tamper = false;
  sim.Run(Millis(60000));
  EXPECT_FALSE(sim.HasProblem("proof"));
  EXPECT_EQ(Image("web"), "web:2");
}

TEST_F(HubTest, AStaleHeadDoesNotAdvance) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.hub.Publish({{"shop", Shop("web:2", 2)}}, sim.now);
  sim.now += Millis(60 * 60 * 1000);  // it was on its way for an hour
  sim.Settle();
  EXPECT_TRUE(sim.HasProblem("stale_head"));
  EXPECT_EQ(Image("web"), "web:1");
}

TEST_F(HubTest, AStatementForAnotherClusterIsRefused) {
  sim.hub.kube_uid = "kube-9";
  Deploy({{"shop", Shop("web:1", 2)}});
  EXPECT_TRUE(sim.HasProblem("other_kube"));
  EXPECT_TRUE(sim.cluster.log.empty());
}

TEST_F(HubTest, ABundleThatIsLostOnDiskIsAskedForAgain) {
  Deploy({{"shop", Shop("web:1", 2)}});
  for (auto& [digest, bundle] : sim.bundles) bundle.blob = "damaged";
  sim.Boot();
  sim.Run(Millis(60000));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
  for (const Request& write : NewWrites()) EXPECT_NE(write.verb, Verb::kDelete);
}

TEST_F(HubTest, NothingToDoIsNothingDone) {
  sim.Boot();  // a hub that has nothing for us
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_LE(Count(sim.actions, "Poll"), 12u);
  EXPECT_LE(sim.actions.size(), 20u);
  EXPECT_LE(sim.events_fed, 40);
}

TEST(NoTransitionDeathTest, AnEventThatNobodyAskedForAborts) {
  Simulation sim;
  sim.hub.Publish({{"shop", Shop("web:1", 1)}}, sim.now);
  sim.Boot();
  sim.Run(Millis(1000));
  EXPECT_DEATH(sim.machine().Resume(Answered{4711, {}}, sim.now), "no transition for Answered");
  EXPECT_DEATH(sim.machine().Resume(IntentStored{}, sim.now), "no transition for IntentStored");
  EXPECT_DEATH(sim.machine().Resume(ReportSent{"x"}, sim.now), "no transition for ReportSent");
  EXPECT_DEATH(sim.machine().Resume(ParentWritten{"shop", {}}, sim.now), "no transition");
  EXPECT_DEATH(sim.machine().Resume(RecordsStored{}, sim.now), "no transition");
}

}  // namespace
}  // namespace dunlin::sync
