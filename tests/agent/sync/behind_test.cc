// A bundle that cannot be fetched holds back its own app: what was accepted of it before stays in
// force, and everything else of the statement goes on.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

FakeHub::App Maps(std::initializer_list<std::string> names, const std::string& value) {
  FakeHub::App app;
  for (const std::string& name : names) app.objects.push_back(ConfigMapOf(name, value));
  return app;
}

class BehindTest : public SyncTest {
 public:
  // Both apps run their first state; of the second one the hub has lost the cart's bundle.
  void LoseCart() {
    Deploy({{"shop", Shop("web:1", 2)}, {"cart", Maps({"cart-0", "cart-1"}, "one")}});
    sim.hub.lost = {"cart"};
    Deploy({{"shop", Shop("web:2", 1)}, {"cart", Maps({"cart-0", "cart-2"}, "two")}});
  }
  void ExpectCartHeld() {
    EXPECT_EQ(sim.State("cart"), "Failed");
    EXPECT_EQ(Codes("cart"), std::vector<std::string>{"bundle_unavailable"});
    EXPECT_EQ(Value("cart-0"), "one");
    EXPECT_EQ(Value("cart-1"), "one");
    EXPECT_EQ(Value("cart-2"), "missing");
  }
  void ExpectCartMoved() {
    EXPECT_EQ(sim.State("cart"), "Synced") << testing::PrintToString(Codes("cart"));
    EXPECT_EQ(Value("cart-0"), "two");
    EXPECT_EQ(Value("cart-1"), "missing");
    EXPECT_EQ(Value("cart-2"), "two");
    EXPECT_FALSE(sim.HasProblem("bundle_unavailable"));
    EXPECT_TRUE(sim.disk.behind.empty());
  }
  size_t Deletes() {
    const std::vector<Request> writes = NewWrites();
    return static_cast<size_t>(
        std::count_if(writes.begin(), writes.end(),
                      [](const Request& write) { return write.verb == Verb::kDelete; }));
  }
  size_t Actions(const std::string& name) const {
    return static_cast<size_t>(std::count(sim.actions.begin(), sim.actions.end(), name));
  }
};

TEST_F(BehindTest, OtherAppsGoOnAndItsLastAcceptedStateIsEnforced) {
  LoseCart();
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(sim.State("shop"), "OutOfSync");  // something of it waits to be removed
  EXPECT_EQ(sim.disk.trusted.seq, sim.hub.seq());
  ExpectCartHeld();
  sim.cluster.Erase(ConfigMapKey("cart-1"));
  sim.Settle();
  EXPECT_EQ(Value("cart-1"), "one");
  sim.hub.lost.clear();
  sim.Run(Millis(70000));
  ExpectCartMoved();
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(BehindTest, NothingIsRemovedBeforeEveryBundleIsHere) {
  Deploy({{"shop", Shop("web:1", 2)}, {"cart", Maps({"cart-0"}, "one")}, {"old", Maps({"o"}, "")}});
  sim.hub.lost = {"cart"};
  Deploy({{"shop", Shop("web:1", 1)}, {"cart", Maps({"cart-0", "config-1"}, "two")}});
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_EQ(Deletes(), 0u);
  EXPECT_EQ(Value("config-1"), "one");
  EXPECT_NE(Value("o"), "missing");
  sim.hub.lost.clear();
  sim.Run(Millis(70000));
  EXPECT_EQ(Value("config-1"), "two");  // it had moved there: never deleted
  EXPECT_EQ(Value("o"), "missing");
  EXPECT_EQ(Deletes(), 1u);
  EXPECT_EQ(sim.State("cart"), "Synced") << testing::PrintToString(Codes("cart"));
}

TEST_F(BehindTest, AnObjectThatLeavesItStaysItsOwnUntilItsBundleSaysSo) {
  Deploy({{"shop", Shop("web:1", 0)}, {"cart", Maps({"cart-0", "cart-1"}, "one")}});
  FakeHub::App shop = Shop("web:2", 0);
  shop.objects.push_back(ConfigMapOf("cart-1", "shop's"));
  sim.hub.lost = {"cart"};
  NewWrites();
  Deploy({{"shop", shop}, {"cart", Maps({"cart-0"}, "two")}});
  EXPECT_EQ(Value("cart-1"), "one");
  EXPECT_EQ(Image("web"), "web:2");
  sim.hub.lost.clear();
  sim.Run(Millis(2 * 60 * 1000));
  EXPECT_EQ(Value("cart-1"), "shop's");
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
  EXPECT_EQ(sim.State("cart"), "Synced") << testing::PrintToString(Codes("cart"));
  EXPECT_EQ(Deletes(), 0u);
}

TEST_F(BehindTest, ARestartNeitherRemovesNorForgets) {
  LoseCart();
  NewWrites();
  sim.Boot();
  sim.Run(Millis(2000));
  ExpectCartHeld();
  EXPECT_EQ(Image("web"), "web:2");
  sim.hub_away = true;  // nor one that cannot ask
  sim.Boot();
  sim.cluster.Erase(ConfigMapKey("cart-1"));
  sim.Run(Millis(2000));
  ExpectCartHeld();
  EXPECT_EQ(Deletes(), 0u);
  sim.hub_away = false;
  sim.hub.lost.clear();
  sim.Run(Millis(70000));
  ExpectCartMoved();
}

TEST_F(BehindTest, ALaterStatementWithoutTheAppRemovesIt) {
  LoseCart();
  FakeHub::App shop = Shop("web:3", 1);
  sim.hub.removed = {AppName("cart")};
  sim.hub.lost.clear();
  Deploy({{"shop", shop}});
  EXPECT_EQ(Value("cart-0"), "missing");
  EXPECT_EQ(Value("cart-1"), "missing");
  EXPECT_FALSE(sim.HasProblem("bundle_unavailable"));
}

TEST_F(BehindTest, ALaterStatementThatWantsWhatIsInForceNeedsNoBundle) {
  LoseCart();
  Deploy({{"shop", Shop("web:3", 1)}, {"cart", Maps({"cart-0", "cart-1"}, "one")}});
  EXPECT_EQ(sim.State("cart"), "Synced") << testing::PrintToString(Codes("cart"));
  EXPECT_EQ(Image("web"), "web:3");
  EXPECT_EQ(Value("config-1"), "missing");
}

TEST_F(BehindTest, ANewAppWaitsAndWhatDependsOnItWaits) {
  sim.hub.lost = {"cart"};
  FakeHub::App shop = Shop("web:1", 1);
  shop.policy.depends_on = {"cart"};
  Deploy({{"shop", shop}, {"cart", Maps({"cart-0"}, "one")}, {"pay", Maps({"pay-0"}, "one")}});
  EXPECT_EQ(Codes("cart"), std::vector<std::string>{"bundle_unavailable"});
  EXPECT_EQ(Codes("shop"), std::vector<std::string>{"waits_for_app"});
  EXPECT_EQ(Image("web"), "missing");
  EXPECT_EQ(Value("pay-0"), "one");
  sim.Boot();
  sim.Run(Millis(5000));
  EXPECT_EQ(Codes("cart"), std::vector<std::string>{"bundle_unavailable"});
  sim.hub.lost.clear();
  sim.Run(Millis(70000));
  EXPECT_EQ(Value("cart-0"), "one");
  EXPECT_EQ(Image("web"), "web:1");
}

TEST_F(BehindTest, ItIsAskedForWithBackOffBesideTheHeldPoll) {
  LoseCart();
  const size_t polls = Actions("Poll");
  const size_t fetches = Actions("FetchBundle");
  const size_t stores = Actions("StoreIntent");
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_LE(Actions("Poll") - polls, 12u);
  // Quickly at first, then every 10 s, 20 % more or less.
  EXPECT_GE(Actions("FetchBundle") - fetches, 600u / 12);
  EXPECT_LE(Actions("FetchBundle") - fetches, 600u / 8 + 8);
  EXPECT_LE(Actions("StoreIntent") - stores, 2u);  // a renewed head, not each try
  ASSERT_TRUE(sim.poll());
  sim.hub.Publish({{"shop", Shop("web:3", 2)}, {"cart", Maps({"cart-0", "cart-2"}, "two")}},
                  sim.now);
  sim.Settle();  // at once
  EXPECT_EQ(Image("web"), "web:3");
  ExpectCartHeld();
}

TEST_F(BehindTest, ThePolicyOfABundleThatNeverCameIsForgottenWithItsStatement) {
  Deploy({{"shop", Shop("web:1", 1)}, {"cart", Maps({"cart-0"}, "one")}});
  FakeHub::App keep = Maps({"cart-0"}, "two");
  keep.policy.prune = false;
  sim.hub.lost = {"cart"};
  Deploy({{"shop", Shop("web:1", 1)}, {"cart", keep}});
  EXPECT_TRUE(sim.disk.keep_on_removal.contains("cart"));
  sim.hub.lost.clear();
  Deploy({{"shop", Shop("web:2", 1)}, {"cart", Maps({"cart-0"}, "one")}});
  EXPECT_FALSE(sim.disk.keep_on_removal.contains("cart"));
}

TEST_F(BehindTest, AnAppThatNeverRanIsNotSaidToRun) {
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.hub.lost = {"cart"};
  Deploy({{"shop", Shop("web:1", 1)}, {"cart", Maps({"cart-0"}, "one")}});
  Deploy({{"shop", Shop("web:1", 1)}, {"cart", Maps({"cart-0"}, "two")}});
  EXPECT_TRUE(sim.disk.behind.empty());
  ASSERT_FALSE(sim.Target("cart").problems.empty());
  EXPECT_NE(sim.Target("cart").problems[0].hint.find("nothing of the app is applied yet"),
            std::string::npos);
  sim.hub.lost.clear();
  sim.Run(Millis(70'000));
  EXPECT_EQ(Value("cart-0"), "two");
}

TEST_F(BehindTest, ABundleThatIsWrongRefusesTheStatement) {
  Deploy({{"shop", Shop("web:1", 1)}, {"cart", Maps({"cart-0"}, "one")}});
  sim.hub.damaged = {"cart"};
  Deploy({{"shop", Shop("web:2", 1)}, {"cart", Maps({"cart-0"}, "two")}});
  EXPECT_TRUE(sim.HasProblem("bundle_refused"));
  EXPECT_FALSE(sim.HasProblem("bundle_unavailable"));
  EXPECT_EQ(Image("web"), "web:1");
}

TEST_F(BehindTest, OneThatComesWrongAfterItsStatementWasAcceptedIsNotApplied) {
  LoseCart();
  sim.hub.lost.clear();
  sim.hub.damaged = {"cart"};
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_TRUE(sim.HasProblem("bundle_refused"));
  ExpectCartHeld();
  EXPECT_EQ(Image("web"), "web:2");
  sim.hub.damaged.clear();
  sim.Run(Millis(70000));
  ExpectCartMoved();
  EXPECT_FALSE(sim.HasProblem("bundle_refused"));
}

// Killed at every event from the lost bundle to its return, then a state without what it named.
TEST(BehindKilled, EveryKillConvergesAndLeavesNothingBehind) {
  bool more = true;
  for (int steps = 0; more; ++steps) {
    SCOPED_TRACE("killed after " + std::to_string(steps) + " events");
    Scenario run;
    run.Deploy({{"shop", Shop("web:1", 1)}, {"cart", Maps({"cart-0"}, "one")}});
    run.sim.hub.lost = {"cart"};
    FakeHub::App second = Maps({"cart-0", "cart-2"}, "one");
    second.objects[0].as_object()["data"].as_object()["second"] = "x";
    run.Publish({{"shop", Shop("web:2", 1)}, {"cart", second}});
    for (int i = 0; i < steps / 2; ++i) run.sim.Next();
    run.sim.Boot();
    run.sim.Run(Millis(2000));
    EXPECT_EQ(run.Value("cart-0"), "one");
    run.sim.hub.lost.clear();
    run.sim.now += Millis(70000);
    more = true;
    for (int i = 0; i < steps && more; ++i) more = run.sim.Next();
    run.sim.Boot();
    run.Publish({{"shop", Shop("web:3", 1)}, {"cart", Maps({"cart-0"}, "one")}});
    run.sim.Run(Millis(70000));
    EXPECT_EQ(run.Image("web"), "web:3");
    EXPECT_EQ(run.sim.State("cart"), "Synced") << testing::PrintToString(run.Codes("cart"));
    EXPECT_EQ(run.Live(ConfigMapKey("cart-0"), {"data", "second"}), "");
    EXPECT_EQ(run.Value("cart-2"), "missing");
    EXPECT_EQ(run.sim.disk.records.size(), 4u);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace dunlin::sync
