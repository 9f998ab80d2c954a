// What people and controllers change behind our back.
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using DriftTest = SyncTest;

void SetImage(object::Value& object, std::string_view image) {
  object.as_object()["spec"].as_object()["template"].as_object()["spec"].as_object()["image"] =
      image;
}

TEST_F(DriftTest, AChangedFieldIsSetBackWithOnePatchAtOnce) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value& object) { SetImage(object, "evil:1"); });
  sim.Settle();
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].verb, Verb::kPatch);
  EXPECT_EQ(Image("web"), "web:1");
  EXPECT_EQ(sim.Target("shop").drift_repaired, 1);
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(DriftTest, ADeletedObjectIsMadeAgain) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  sim.cluster.Erase(ConfigMapKey("config-1"));
  sim.Settle();
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].verb, Verb::kCreate);
  EXPECT_EQ(Value("config-1"), "one");
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(DriftTest, WhatAWatchLostIsRepairedByTheNextList) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  for (const plan::GroupKind& kind : std::set<plan::GroupKind>(sim.cluster.watched())) {
    sim.cluster.Close(kind);
  }
  const std::set<plan::GroupKind> kinds = {
      {"", "ConfigMap"}, {"", "Namespace"}, {"apps", "Deployment"}};
  sim.cluster.Erase(ConfigMapKey("config-1"));
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value& object) { SetImage(object, "evil:1"); });
  sim.Settle();
  EXPECT_TRUE(NewWrites().empty());
  for (const plan::GroupKind& kind : kinds) sim.cluster.Open(kind);
  sim.Relist();
  sim.Settle();
  EXPECT_EQ(NewWrites().size(), 2u);
  EXPECT_EQ(Value("config-1"), "one");
  EXPECT_EQ(Image("web"), "web:1");
}

TEST_F(DriftTest, StatusAndForeignFieldsAreNoDrift) {
  Deploy({{"shop", Shop("web:1", 1)}});
  const size_t requests = sim.cluster.log.size();
  sim.cluster.SetStatus(DeploymentKey("web"), Json(R"({"replicas":0})"));
  sim.Settle();
  EXPECT_EQ(sim.State("shop"), "Progressing");
  sim.cluster.Edit(ConfigMapKey("config-0"), [](object::Value& object) {
    object.as_object()["data"].as_object()["other"] = "theirs";
  });
  sim.Run(Millis(60000));
  EXPECT_EQ(sim.cluster.log.size(), requests);
  EXPECT_EQ(Live(ConfigMapKey("config-0"), {"data", "other"}), "theirs");
}

TEST_F(DriftTest, WithoutSelfHealDriftIsOnlyReported) {
  FakeHub::App app = Shop("web:1", 2);
  app.policy.self_heal = false;
  Deploy({{"shop", app}});
  EXPECT_EQ(sim.State("shop"), "Synced");
  NewWrites();
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value& object) { SetImage(object, "evil:1"); });
  sim.cluster.Erase(ConfigMapKey("config-1"));
  sim.Run(Millis(60000));
  EXPECT_TRUE(NewWrites().empty());
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  EXPECT_EQ(Codes("shop"), (std::vector<std::string>{"drift", "drift"}));
  // The person puts it right again.
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value& object) { SetImage(object, "web:1"); });
  sim.Run(Millis(1000));
  EXPECT_EQ(Codes("shop"), (std::vector<std::string>{"drift"}));
}

TEST_F(DriftTest, IgnoredPathsBelongToOthers) {
  FakeHub::App app = Shop("web:1", 1);
  app.policy.ignore = {{.group = "apps", .kind = "Deployment", .paths = {"/spec/replicas"}}};
  Deploy({{"shop", app}});
  NewWrites();
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value& object) {
    object.as_object()["spec"].as_object()["replicas"] = 7;
  });
  sim.Settle();
  EXPECT_TRUE(NewWrites().empty());
  EXPECT_NE(sim.State("shop"), "OutOfSync");
  app.objects[1] = DeploymentOf("web", "web:2");
  Deploy({{"shop", app}});
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(object::FindInt(*sim.cluster.Find(DeploymentKey("web")), {"spec", "replicas"}), 7);
}

TEST_F(DriftTest, AnOlderEventThanOurOwnWriteIsNoDrift) {
  Deploy({{"shop", Shop("web:1", 1)}});
  const object::Value before = *sim.cluster.Find(DeploymentKey("web"));
  Deploy({{"shop", Shop("web:2", 1)}});
  NewWrites();
  sim.Inject(LiveChanged{{"apps", "Deployment"}, {DeploymentKey("web"), before}});
  sim.Settle();
  EXPECT_TRUE(NewWrites().empty());
}

TEST_F(DriftTest, AnEmptyListDeletesNothing) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  sim.Inject(Listed{{"", "ConfigMap"}, true, true, {}});
  sim.Settle();
  for (const Request& write : NewWrites()) EXPECT_EQ(write.verb, Verb::kCreate);
  EXPECT_EQ(Value("config-0"), "one");
  sim.Relist();
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.State("shop"), "Synced");
}

}  // namespace
}  // namespace dunlin::sync
