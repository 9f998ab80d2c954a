// Whole runs: first apply, change, removal, drift, by the requests that the apiserver sees.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using ApplyTest = SyncTest;

TEST_F(ApplyTest, FirstStatementIsCreatedInStagesAndReportedSynced) {
  Deploy({{"shop", Shop("web:1", 2)}});
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 4u);
  for (const Request& write : writes) EXPECT_EQ(write.verb, Verb::kCreate);
  EXPECT_EQ(writes[0].key.kind, "Namespace");
  EXPECT_EQ(writes[1].key, ConfigMapKey("config-0"));
  EXPECT_EQ(writes[3].key, DeploymentKey("web"));
  ASSERT_FALSE(sim.hub.reports.empty());
  const wire::TargetReport& target = sim.hub.reports.back().targets.at(0);
  EXPECT_EQ(target.app, "shop");
  EXPECT_EQ(target.state, "Synced");
  EXPECT_EQ(target.health, "Current");
  EXPECT_EQ(target.seq, sim.hub.seq());
  EXPECT_EQ(target.counts.created, 4);
  EXPECT_GE(target.applied, target.verified);
  EXPECT_TRUE(target.problems.empty());
}

TEST_F(ApplyTest, RecordsAndParentAreWrittenBeforeTheFirstObject) {
  Deploy({{"shop", Shop("web:1", 1)}});
  const auto at = [&](const std::string& name) {
    return std::find(sim.actions.begin(), sim.actions.end(), name);
  };
  EXPECT_LT(at("StoreIntent"), at("StoreRecords"));
  EXPECT_LT(at("StoreRecords"), at("Request"));
  EXPECT_LT(at("WriteParent"), at("Request"));
  EXPECT_EQ(sim.cluster.parent_log, (std::vector<std::string>{"write shop", "write shop"}));
}

TEST_F(ApplyTest, OneChangedImageIsOnePatch) {
  Deploy({{"shop", Shop("web:1", 3)}});
  NewWrites();
  Deploy({{"shop", Shop("web:2", 3)}});
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].verb, Verb::kPatch);
  EXPECT_EQ(writes[0].key, DeploymentKey("web"));
  EXPECT_EQ(sim.Target("shop").counts.configured, 1);
  EXPECT_EQ(sim.Target("shop").counts.unchanged, 4);
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(ApplyTest, UnchangedStatementMakesNoRequest) {
  Deploy({{"shop", Shop("web:1", 3)}});
  const size_t requests = sim.cluster.log.size();
  const size_t parents = sim.cluster.parent_log.size();
  Deploy({{"shop", Shop("web:1", 3)}});
  EXPECT_EQ(sim.cluster.log.size(), requests);
  EXPECT_EQ(sim.cluster.parent_log.size(), parents);
  EXPECT_EQ(sim.Target("shop").seq, sim.hub.seq());
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(ApplyTest, RestartWithoutChangesMakesNoRequest) {
  Deploy({{"shop", Shop("web:1", 3)}});
  const size_t requests = sim.cluster.log.size();
  sim.Boot();
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.cluster.log.size(), requests);
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(ApplyTest, WhatLeavesTheStatementIsDeletedWithItsUid) {
  Deploy({{"shop", Shop("web:1", 3)}});
  const std::string uid(
      object::FindString(*sim.cluster.Find(ConfigMapKey("config-2")), {"metadata", "uid"}));
  NewWrites();
  Deploy({{"shop", Shop("web:1", 2)}});
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].verb, Verb::kDelete);
  EXPECT_EQ(object::FindString(Json(writes[0].body), {"preconditions", "uid"}), uid);
  EXPECT_EQ(sim.cluster.Find(ConfigMapKey("config-2")), nullptr);
  EXPECT_EQ(sim.Target("shop").counts.deleted, 1);
  EXPECT_EQ(sim.State("shop"), "Synced");
  for (const Record& record : sim.disk.records) EXPECT_NE(record.key, ConfigMapKey("config-2"));
}

}  // namespace
}  // namespace dunlin::sync
