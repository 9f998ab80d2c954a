// What the hub does when a rollback holds an app, when its own files are gone, and when Git is
// away.
#include <gtest/gtest.h>

#include "tests/hub/app/hub_world.h"

namespace dunlin::hub {
namespace {

class ConductTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.Start();
    world.PushShop("1");
    world.PushFleet({AppText("shop")});
    agent = world.Enroll("c1");
    ASSERT_OK(world.Refresh());
    ASSERT_TRUE(world.Poll(agent).statement);
  }

  BundleDigest Bundle(const std::string& cluster = "c1") {
    const object::Value target = world.Target("shop", cluster);
    const auto digest = Digest::FromHex(object::FindString(target, {"bundle"}));
    EXPECT_OK(digest);
    return digest ? *digest : BundleDigest{};
  }
  void LoseBundles() { std::filesystem::remove_all(world.dir + "/bundles"); }
  std::string Text(const object::Value& document) { return object::CanonicalJson(document); }
  object::Value Shop() { return world.hub->admin().App("shop").value(); }

  HubWorld world;
  HubWorld::Agent agent;
};

TEST_F(ConductTest, OtherDirectoriesOfTheRepositoryDoNotEndARollback) {
  const BundleDigest good = Bundle();
  world.PushShop("bad");
  ASSERT_OK(world.Refresh());
  world.Poll(agent);
  const auto rolled = world.Run(world.hub->admin().Rollback("shop", 0));
  ASSERT_OK(rolled);
  EXPECT_NE(object::FindString(*rolled, {"message"}).find("dunlin app sync shop"),
            std::string_view::npos);
  world.Poll(agent);
  for (const bool restart : {false, true}) {
    if (restart) world.Restart();
    auto held = world.BeginPoll(agent);
    world.PushShop("bad");  // another commit with the same app
    ASSERT_OK(world.Refresh());
    EXPECT_EQ(Bundle(), good);
    EXPECT_FALSE(held.done());
    EXPECT_EQ(object::FindString(Shop(), {"pinned_entry"}), "1");
    EXPECT_NE(object::FindString(Shop(), {"note"}).find("a commit that changes"),
              std::string_view::npos);
  }
  world.PushShop("fixed");
  ASSERT_OK(world.Refresh());
  EXPECT_NE(Bundle(), good);
  EXPECT_EQ(object::FindString(Shop(), {"pinned_entry"}), "");
  world.Restart();
  EXPECT_EQ(object::FindString(Shop(), {"pinned_entry"}), "") << "on the disk, too";
}

TEST_F(ConductTest, AClusterThatJoinsDuringARollbackGetsTheEntry) {
  const BundleDigest good = Bundle();
  world.PushShop("bad");
  ASSERT_OK(world.Refresh());
  ASSERT_OK(world.Run(world.hub->admin().Rollback("shop", 0)));
  HubWorld::Agent joined = world.Enroll("c2");
  ASSERT_OK(world.Refresh());
  const Polled polled = world.Poll(joined);
  ASSERT_TRUE(polled.statement);
  EXPECT_EQ(polled.statement->apps.at(AppName("shop")).bundle, good);
  EXPECT_EQ(object::FindString(Shop(), {"pinned_entry"}), "1");
}

TEST_F(ConductTest, ALostBundleIsRenderedAgainWhenAnAgentNeedsIt) {
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  const BundleDigest wanted = Bundle();
  LoseBundles();
  agent.bundles.clear();
  const auto before = world.hub->agents().Bundle(agent.identity, wanted, std::nullopt);
  ASSERT_FALSE(before.has_value());
  EXPECT_EQ(before.error().message.find(world.dir), std::string::npos);
  ASSERT_OK(world.Refresh());
  EXPECT_OK(world.hub->agents().Bundle(agent.identity, wanted, std::nullopt));
}

TEST_F(ConductTest, BundlesThatWereLostWhileTheHubWasDownAreMadeAtItsStart) {
  const BundleDigest wanted = Bundle();
  world.Stop();
  LoseBundles();
  world.Start();
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.bundles->Has(wanted));
}

TEST_F(ConductTest, ABundleThatIsLostWhileItsRepositoryIsAwayIsMadeOnceThatIsBack) {
  const BundleDigest wanted = Bundle();
  world.Stop();
  LoseBundles();
  world.git.repos[kShopUrl].error = MakeError(Errc::kUnavailable, "connection refused");
  auto fetched = std::exchange(world.git.repos[kShopUrl].commits, {});
  world.Start();
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(world.bundles->Has(wanted));
  world.git.repos[kShopUrl].error.reset();
  world.git.repos[kShopUrl].commits = std::move(fetched);
  ASSERT_OK(world.Refresh());
  EXPECT_TRUE(world.bundles->Has(wanted));
}

TEST_F(ConductTest, ARollbackToLostBundlesIsRefusedBeforeAnythingChanges) {
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  const BundleDigest newest = Bundle();
  LoseBundles();
  const auto rolled = world.Run(world.hub->admin().Rollback("shop", 1));
  ASSERT_FALSE(rolled.has_value());
  EXPECT_EQ(rolled.error().code, Errc::kPrecondition);
  EXPECT_NE(rolled.error().message.find("entry 1"), std::string::npos);
  EXPECT_EQ(Bundle(), newest);
  EXPECT_EQ(object::FindString(Shop(), {"pinned_entry"}), "");
}

TEST_F(ConductTest, AGitOutageIsSaidAndFailsNoTarget) {
  const auto state = [&] { return world.Target("shop", "c1"); };
  world.git.repos[kShopUrl].error = MakeError(Errc::kUnavailable, "connection refused");
  for (int look = 0; look < 3; ++look) ASSERT_OK(world.Refresh());
  EXPECT_NE(object::FindString(state(), {"state"}), "Failed");
  EXPECT_NE(Text(state()).find("connection refused"), std::string::npos);
  EXPECT_NE(Text(world.Status_()).find("1 target(s) wait for it"), std::string::npos);
  const auto refreshed = world.Run(world.hub->admin().Refresh(kShopUrl));
  ASSERT_OK(refreshed);
  const object::Array& rows = *object::FindArray(*refreshed, {"items"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(object::FindString(rows[0], {"result"}), "failed");
  EXPECT_EQ(object::FindString(rows[0], {"code"}), "unavailable");
  EXPECT_EQ(object::FindString(rows[0], {"used_by"}), "app shop");
  const auto synced = world.Run(world.hub->admin().Sync("shop", false));
  ASSERT_OK(synced);
  const object::Array& failures = *object::FindArray(*synced, {"failures"});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(object::FindString(failures[0], {"code"}), "unavailable");
  world.git.repos[kShopUrl].error.reset();
  ASSERT_OK(world.Refresh());
  EXPECT_EQ(Text(world.Status_()).find("connection refused"), std::string::npos);
}

TEST_F(ConductTest, RowsAreSortedByNameAndAReferenceHasOne) {
  for (const char* name : {"b2", "a9", "b1"}) ASSERT_OK(world.Add(name));
  ASSERT_OK(world.Refresh());
  std::string names;
  const object::Value shop = Shop();
  for (const object::Value& target : *object::FindArray(shop, {"targets"})) {
    names += std::string(object::FindString(target, {"cluster"})) + " ";
  }
  EXPECT_EQ(names, "a9 b1 b2 c1 ");
  // The catalogue's repository holds an app, too.
  std::string own = AppText("own", "", "catalogue");
  own.replace(own.find("git.example/shop"), 16, "git.example/fleet");
  world.PushFleet({AppText("shop"), own});
  (void)world.Refresh();
  const std::string sources = Text(world.hub->admin().Sources());
  EXPECT_NE(sources.find(R"("used_by":"catalogue, app own")"), std::string::npos) << sources;
}

TEST_F(ConductTest, AServerThatIsNoUrlIsRefused) {
  NewCluster cluster;
  cluster.name = "c9";
  cluster.region = "eu";
  cluster.server = "notaurl";
  const auto added = world.hub->admin().AddCluster(cluster);
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code, Errc::kInvalidArgument);
}

TEST_F(ConductTest, ARenderFailureIsTheOutcomeOfARefreshAndASync) {
  world.PushShop("2", "{not json");
  const auto refreshed = world.Run(world.hub->admin().Refresh(""));
  ASSERT_OK(refreshed);
  EXPECT_NE(Text(*refreshed).find(R"("result":"failed")"), std::string::npos);
  EXPECT_NE(Text(*refreshed).find("app shop on c1: "), std::string::npos);
  const auto synced = world.Run(world.hub->admin().Sync("shop", false));
  ASSERT_OK(synced);
  EXPECT_NE(Text(*object::Find(*synced, {"failures"})).find("cluster c1"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::hub
