// A hub that runs, and the app that most tests speak of.
#pragma once

#include <gtest/gtest.h>

#include "tests/hub/app/hub_world.h"

namespace dunlin::hub {

class HubTest : public ::testing::Test {
 protected:
  void SetUp() override { world.Start(); }

  // One app on one enrolled cluster that has taken its first statement.
  HubWorld::Agent Shop() {
    world.PushShop("1");
    world.PushFleet({AppText("shop")});
    HubWorld::Agent agent = world.Enroll("c1");
    EXPECT_OK(world.Refresh());
    const Polled first = world.Poll(agent);
    EXPECT_TRUE(first.statement);
    return agent;
  }

  BundleDigest Digest_(const Polled& polled) {
    return polled.statement->apps.at(AppName("shop")).bundle;
  }

  std::string Problem(const std::string& app = "shop") {
    const object::Value target = world.Target(app, "c1");
    const object::Array* problems = object::FindArray(target, {"problems"});
    return problems->empty() ? "" : std::string(object::FindString(problems->front(), {"message"}));
  }

  HubWorld world;
};

}  // namespace dunlin::hub
