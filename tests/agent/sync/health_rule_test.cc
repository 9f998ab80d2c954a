// HealthRules of the fleet: they come in a bundle's policy and judge what is there already.
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using HealthRuleTest = SyncTest;

// By the status, which the agent does not keep of what is Current.
bundle::HealthRule RuleFor(const std::string& status) {
  return {"fleet-deployments",
          Json(R"({"match":[{"group":"apps","kinds":["Deployment"]}],"cases":[
      {"status":")" +
               status + R"(","reason":"ByFleet","when":{"pointer":"/status/replicas","ge":1}}]})")};
}

FakeHub::App ShopWith(std::vector<bundle::HealthRule> rules) {
  FakeHub::App shop = Shop("web:1", 1);
  shop.policy.health_rules = std::move(rules);
  return shop;
}

TEST_F(HealthRuleTest, ANewRuleJudgesWhatWasCurrentAnew) {
  Deploy({{"shop", ShopWith({})}});
  EXPECT_EQ(sim.State("shop"), "Synced");
  NewWrites();
  Deploy({{"shop", ShopWith({RuleFor("Failed")})}});
  EXPECT_EQ(sim.Target("shop").health, "Failed");
  EXPECT_EQ(sim.State("shop"), "Degraded");
  Deploy({{"shop", ShopWith({RuleFor("Suspended")})}});
  EXPECT_EQ(sim.Target("shop").health, "Suspended");
  Deploy({{"shop", ShopWith({})}});
  EXPECT_EQ(sim.Target("shop").health, "Current");
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_TRUE(NewWrites().empty()) << "judging writes nothing";
}

TEST_F(HealthRuleTest, ARuleIsThereAgainAfterARestart) {
  Deploy({{"shop", ShopWith({RuleFor("Failed")})}});
  sim.Kill();
  sim.hub_away = true;
  sim.Boot();
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.Target("shop").health, "Failed");
}

TEST_F(HealthRuleTest, ABrokenRuleMakesItsObjectsUnknownAndStopsNothing) {
  bundle::HealthRule broken = RuleFor("Failed");
  broken.spec.as_object()["later"] = true;
  Deploy({{"shop", ShopWith({broken})}, {"other", {{ConfigMapOf("a", "1")}, {}}}});
  EXPECT_EQ(sim.Target("shop").health, "Unknown");
  EXPECT_EQ(Image("web"), "web:1");
  EXPECT_EQ(sim.State("other"), "Synced");
}

}  // namespace
}  // namespace dunlin::sync
