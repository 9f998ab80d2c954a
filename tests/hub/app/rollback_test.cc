// Going back to an earlier entry of the history, and what ends it.
#include "tests/hub/app/hub_case.h"

namespace dunlin::hub {
namespace {

TEST_F(HubTest, RollbackIsANewStatementWithTheOldBundleUntilANewerCommit) {
  HubWorld::Agent agent = Shop();
  const BundleDigest old = agent.bundles.at(0);
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  const Polled second = world.Poll(agent);
  ASSERT_TRUE(second.statement);
  const auto rolled = world.Run(world.hub->admin().Rollback("shop", 0));
  ASSERT_OK(rolled);
  const Polled back = world.Poll(agent);
  ASSERT_TRUE(back.statement);
  EXPECT_EQ(Digest_(back), old);
  EXPECT_GT(back.statement->seq, second.statement->seq);
  EXPECT_TRUE(back.bundles.empty()) << "the agent has it: no bundle travels";
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done()) << "held although Git is ahead";
  EXPECT_NE(object::CanonicalJson(world.hub->admin().Apps()).find("rolled back"),
            std::string::npos);
  world.PushShop("3");
  ASSERT_OK(world.Refresh());
  EXPECT_NE(Digest_(world.Take(agent, held.Wait())), old);
}

TEST_F(HubTest, GoingBackAgainIsNeverForward) {
  HubWorld::Agent agent = Shop();
  const BundleDigest first = agent.bundles.at(0);
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  const BundleDigest second = Digest_(world.Poll(agent));
  world.PushShop("bad");
  ASSERT_OK(world.Refresh());
  world.Poll(agent);
  AdminBackend& admin = world.hub->admin();
  const auto once = world.Run(admin.Rollback("shop", 0));
  ASSERT_OK(once);
  EXPECT_EQ(Digest_(world.Poll(agent)), second);
  EXPECT_NE(object::FindString(*once, {"message"}).find("entry 2"), std::string_view::npos);
  EXPECT_EQ(object::FindInt(*once, {"published"}), 4);
  const auto same = world.Run(admin.Rollback("shop", 4));
  ASSERT_OK(same);
  EXPECT_EQ(object::FindString(*same, {"message"}).find("published"), std::string_view::npos);
  world.Restart();  // what the app is held at is remembered
  ASSERT_OK(world.Refresh());
  const auto twice = world.Run(world.hub->admin().Rollback("shop", 0));
  ASSERT_OK(twice);
  EXPECT_EQ(object::FindInt(*twice, {"entry"}), 1);
  EXPECT_EQ(Digest_(world.Poll(agent)), first);
  const auto none = world.Run(world.hub->admin().Rollback("shop", 0));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::kPrecondition);
  const auto history = world.hub->admin().History("shop");
  ASSERT_OK(history);
  const object::Array& entries = *object::FindArray(*history, {"items"});
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(object::FindString(entries.front(), {"note"}), "current");
  EXPECT_EQ(object::FindString(entries.back(), {"note"}), "rolled back to");
}

TEST_F(HubTest, SyncEndsARollbackAndARestartDoesNot) {
  HubWorld::Agent agent = Shop();
  const BundleDigest old = agent.bundles.at(0);
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  world.Poll(agent);
  ASSERT_OK(world.Run(world.hub->admin().Rollback("shop", 1)));
  EXPECT_EQ(Digest_(world.Poll(agent)), old);
  world.Restart();
  ASSERT_OK(world.Refresh());
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done());
  ASSERT_OK(world.Run(world.hub->admin().Sync("shop", false)));
  EXPECT_NE(Digest_(world.Take(agent, held.Wait())), old);
  const auto unknown = world.Run(world.hub->admin().Rollback("shop", 99));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::kNotFound);
}

TEST_F(HubTest, WhatEndsARollbackIsPublishedAfterItsEndIsStored) {
  HubWorld::Agent agent = Shop();
  const BundleDigest old = agent.bundles.at(0);
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  world.Poll(agent);
  ASSERT_OK(world.Run(world.hub->admin().Rollback("shop", 1)));
  EXPECT_EQ(Digest_(world.Poll(agent)), old);
  world.PushShop("3");
  world.state->pins_stay = true;
  auto held = world.BeginPoll(agent);
  ASSERT_OK(world.Refresh());
  EXPECT_FALSE(held.done());
  EXPECT_NE(object::CanonicalJson(world.Status_()).find("disk full"), std::string::npos);
  world.state->pins_stay = false;
  ASSERT_OK(world.Refresh());
  EXPECT_NE(Digest_(world.Take(agent, held.Wait())), old);
  EXPECT_EQ(world.log.count["rollback_ended"], 1);
  EXPECT_EQ(object::CanonicalJson(world.Status_()).find("disk full"), std::string::npos);
  EXPECT_TRUE(world.real_state->Load()->pins.empty());
}

TEST_F(HubTest, ARollbackTravelsAsADelta) {
  HubWorld::Agent agent = Shop();
  world.PushShop("2");
  ASSERT_OK(world.Refresh());
  world.Poll(agent);
  agent.bundles.erase(agent.bundles.begin());  // it keeps the newest only
  ASSERT_OK(world.Run(world.hub->admin().Rollback("shop", 0)));
  const Polled back = world.Poll(agent);
  ASSERT_EQ(back.bundles.size(), 1u);
  EXPECT_EQ(back.bundles[0].from, agent.bundles[0]);
}

}  // namespace
}  // namespace dunlin::hub
