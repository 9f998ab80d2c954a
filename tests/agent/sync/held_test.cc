// What the agent leaves alone because it is not known to be ours: a parent of somebody else, lists
// without merge metadata, a namespace in which others have put something.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

class HeldTest : public SyncTest {
 protected:
  bool Has(const std::string& code) {
    const std::vector<std::string> codes = Codes("shop");
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  }
};

TEST_F(HeldTest, NothingIsAppliedUnderAParentOfSomebodyElse) {
  sim.foreign_parent = true;
  Deploy({{"shop", Shop("web:1", 2)}});
  EXPECT_TRUE(sim.cluster.Writes().empty());
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_TRUE(Has("parent_conflict"));

  sim.foreign_parent = false;
  sim.Run(Millis(400000));
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(HeldTest, NothingIsChangedOrPrunedOnceTheParentIsSomebodyElses) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.Boot();
  sim.Run(Millis(2000));
  NewWrites();
  sim.foreign_parent = true;
  Deploy({{"shop", Shop("web:2", 1)}});
  EXPECT_TRUE(NewWrites().empty());
  EXPECT_TRUE(Has("parent_conflict"));
}

TEST_F(HeldTest, AnAppThatNeverGotItsParentGoesWithoutATrace) {
  FakeHub::App other;
  other.objects.push_back(ConfigMapOf("other", "one"));
  sim.foreign_parent = true;
  Deploy({{"shop", Shop("web:1", 2)}, {"z", other}});
  Deploy({{"z", other}});
  EXPECT_TRUE(sim.cluster.Writes().empty());
  EXPECT_EQ(sim.State("shop"), "");
}

object::Value Listed(const std::string& image) {
  return Json(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
      "namespace":"shop"},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"web",
      "image":")" +
              image + R"("}]}}}})");
}

FakeHub::App WithList(const std::string& image, const std::string& value) {
  FakeHub::App app;
  app.objects = {NamespaceOf("shop"), Listed(image), ConfigMapOf("config", value)};
  return app;
}

TEST_F(HeldTest, AChangeOfListsWaitsForTheSchemaAndTheRestDoesNot) {
  sim.forbidden_schemas = {{"apps", "v1"}, {"", "v1"}};
  Deploy({{"shop", WithList("web:1", "one")}});
  EXPECT_EQ(sim.State("shop"), "Synced") << "a new object has nothing that could be lost";
  EXPECT_TRUE(sim.HasProblem("schema_unavailable:apps/v1"));
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value& web) {
    object::Value* list = &web;
    for (const char* step : {"spec", "template", "spec", "containers"}) {
      list = &list->as_object()[step];
    }
    list->as_array().push_back(object::Object{{"name", "side"}, {"image", "car:1"}});
  });
  const object::Value before = *sim.cluster.Find(DeploymentKey("web"));
  Deploy({{"shop", WithList("web:2", "two")}});
  EXPECT_EQ(Value("config"), "two");
  EXPECT_TRUE(object::Equal(*object::Find(*sim.cluster.Find(DeploymentKey("web")), {"spec"}),
                            *object::Find(before, {"spec"})));
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_TRUE(Has("schema_unavailable"));

  sim.forbidden_schemas.clear();
  sim.Run(Millis(30000));
  EXPECT_FALSE(sim.HasProblem("schema_unavailable:apps/v1"));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

class NamespaceHeldTest : public HeldTest {
 protected:
  void SetUp() override {
    Deploy({{"shop", Shop("web:1", 1)}, {"z", Rest()}});
    foreign_ = ConfigMapOf("foreign", "x");
  }
  static FakeHub::App Rest() {
    FakeHub::App app;
    app.objects.push_back(NamespaceOf("rest"));
    return app;
  }
  void Remove() {
    sim.hub.removed = {AppName("shop")};
    Deploy({{"z", Rest()}});
  }
  void KeepSpace() {
    sim.cluster.Edit(kSpace, [](object::Value& space) {
      object::Object& metadata = space.as_object()["metadata"].as_object();
      metadata["annotations"].as_object()["dunlin.dev/prune"] = "disabled";
    });
  }
  bool SpaceIsThere() { return sim.cluster.Find(kSpace) != nullptr; }

  const object::ResourceKey kSpace{"", "Namespace", "", "shop"};
  object::Value foreign_;
};

TEST_F(NamespaceHeldTest, AnEmptyOneGoes) {
  Remove();
  EXPECT_FALSE(SpaceIsThere());
}

TEST_F(NamespaceHeldTest, OneWithSomethingOfOthersStaysUntilThatIsGone) {
  sim.cluster.Put(foreign_);
  Remove();
  EXPECT_TRUE(SpaceIsThere());
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  ASSERT_TRUE(Has("prune_held"));
  const wire::TargetReport target = sim.Target("shop");
  EXPECT_NE(target.problems.at(0).message.find("shop/foreign"), std::string::npos)
      << target.problems.at(0).message;

  sim.cluster.Erase(ConfigMapKey("foreign"));
  sim.Run(Millis(400000));
  EXPECT_FALSE(SpaceIsThere());
}

TEST_F(NamespaceHeldTest, AFailedLookHoldsIt) {
  sim.look_failure = Refusal(403, "Forbidden", "list Secret: no");
  Remove();
  EXPECT_TRUE(SpaceIsThere());
  EXPECT_TRUE(Has("prune_held"));
  sim.look_failure.reset();
  sim.Run(Millis(400000));
  EXPECT_FALSE(SpaceIsThere());
}

// A look takes dozens of requests.
TEST_F(NamespaceHeldTest, WhatSomebodySaysDuringTheLookCounts) {
  sim.hold_looks = true;
  Remove();
  KeepSpace();
  sim.Settle();
  sim.hold_looks = false;
  sim.ReleaseLooks();
  sim.Run(Millis(400000));
  EXPECT_TRUE(SpaceIsThere());
}

TEST_F(NamespaceHeldTest, WhatSomebodySaysDuringADeleteThatFailsCounts) {
  bool failed = false;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (request.verb != Verb::kDelete || !(request.key == kSpace)) return std::nullopt;
    if (std::exchange(failed, true)) return std::nullopt;
    KeepSpace();
    return Refusal(503, "ServiceUnavailable");
  };
  Remove();
  sim.Run(Millis(400000));
  EXPECT_TRUE(failed);
  EXPECT_TRUE(SpaceIsThere());
}

TEST_F(NamespaceHeldTest, ADeleteThatFailedIsTriedAgainAfterAnotherLook) {
  bool failed = false;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (request.verb != Verb::kDelete || !(request.key == kSpace)) return std::nullopt;
    if (std::exchange(failed, true)) return std::nullopt;
    sim.cluster.Put(foreign_);
    return Refusal(503, "ServiceUnavailable");
  };
  Remove();
  sim.Run(Millis(60000));
  EXPECT_TRUE(failed);
  EXPECT_TRUE(SpaceIsThere());
  EXPECT_TRUE(Has("prune_held"));
}

// Its status alone is no reason to think again.
TEST_F(NamespaceHeldTest, AStatusThatMovesDuringTheLookCostsNoRequest) {
  sim.hold_looks = true;
  Remove();
  sim.cluster.SetStatus(kSpace, Json(R"({"phase":"Active"})"));
  sim.Settle();
  NewWrites();
  sim.hold_looks = false;
  sim.ReleaseLooks();
  sim.Settle();
  EXPECT_FALSE(SpaceIsThere());
  EXPECT_EQ(NewWrites().size(), 1u);
}

}  // namespace
}  // namespace dunlin::sync
