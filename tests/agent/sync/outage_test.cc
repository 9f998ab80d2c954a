// Away and back: apiserver, hub, disk; and a cluster that is not ours.
#include "protocol/base/limits.h"
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using OutageTest = SyncTest;

TEST_F(OutageTest, ARunThatLosesTheApiserverGoesOnWhenItIsBack) {
  Deploy({{"shop", Shop("web:1", 3)}});
  sim.cluster_away = true;
  Deploy({{"shop", Shop("web:2", 4)}});
  sim.Run(Millis(20 * 60 * 1000));
  EXPECT_EQ(Image("web"), "web:1");
  EXPECT_NE(sim.State("shop"), "Synced");
  sim.cluster_away = false;
  sim.Relist();
  sim.Settle();  // at once, not at the next turn of the slow loop
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(Value("config-3"), "one");
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

TEST_F(OutageTest, AnApiserverThatIsAwayAtTheStartIsWaitedFor) {
  sim.cluster_away = true;
  Deploy({{"shop", Shop("web:1", 1)}});
  EXPECT_TRUE(sim.HasProblem("apiserver_unreachable"));
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  EXPECT_EQ(sim.Target("shop").health, "Unknown");
  sim.cluster_away = false;
  sim.Run(Millis(70000));
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_FALSE(sim.HasProblem("apiserver_unreachable"));
}

TEST_F(OutageTest, WithoutHubTheLastStateIsEnforcedAlsoAfterARestart) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.hub_away = true;
  sim.Boot();
  sim.Run(Millis(3 * 60 * 60 * 1000));
  EXPECT_TRUE(sim.HasProblem("hub_unreachable"));
  EXPECT_TRUE(sim.HasProblem("head_expired"));
  sim.cluster.Erase(ConfigMapKey("config-0"));
  sim.Settle();
  EXPECT_EQ(Value("config-0"), "one");
  sim.hub_away = false;
  sim.hub.RenewHead(sim.now);
  sim.Run(Millis(70000));
  EXPECT_FALSE(sim.HasProblem("hub_unreachable"));
  EXPECT_FALSE(sim.HasProblem("head_expired"));
}

TEST_F(OutageTest, AReportStaysInTheOutboxUntilTheHubTookIt) {
  sim.report_error = MakeError(Errc::kUnavailable, "503");
  Deploy({{"shop", Shop("web:1", 1)}});
  ASSERT_FALSE(sim.disk.outbox.empty());
  const std::string id = sim.disk.outbox.front().id;
  EXPECT_TRUE(sim.hub.reports.empty());
  sim.Boot();  // and survives the process
  sim.report_error.reset();
  sim.Run(Millis(70000));
  ASSERT_FALSE(sim.hub.reports.empty());
  EXPECT_EQ(sim.hub.reports.front().id, id);
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Synced");
  EXPECT_TRUE(sim.disk.outbox.empty());
}

TEST_F(OutageTest, OnlySoManyEndsOfRunsWaitForAHubThatTakesNoReports) {
  sim.report_error = MakeError(Errc::kUnavailable, "503");
  size_t runs = 0;
  const auto run = [&] { Deploy({{"shop", Shop("web:" + std::to_string(++runs), 1)}}); };
  while (runs < limits::kWaitingReports) run();
  EXPECT_EQ(sim.machine().reports().outbox(), limits::kWaitingReports);
  run();
  EXPECT_EQ(sim.machine().reports().outbox(), limits::kWaitingReports);
  sim.report_error.reset();
  sim.Run(Millis(20 * 60 * 1000));
  EXPECT_EQ(sim.machine().reports().outbox(), 0u);
  EXPECT_EQ(sim.hub.reports.back().seq, sim.hub.seq()) << "what did not wait is told at last";
}

TEST_F(OutageTest, AReportThatTheHubWillNeverTakeIsDropped) {
  sim.report_error = MakeError(Errc::kInvalidArgument, "unknown field");
  Deploy({{"shop", Shop("web:1", 1)}});
  EXPECT_TRUE(sim.HasProblem("report_refused"));
  sim.report_error.reset();
  Deploy({{"shop", Shop("web:2", 1)}});
  EXPECT_TRUE(sim.disk.outbox.empty());
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Synced");
}

TEST_F(OutageTest, ReportsAreFewAndTheLastOneIsTheTruth) {
  Deploy({{"shop", Shop("web:1", 200)}});
  EXPECT_LE(sim.hub.reports.size(), 4u);
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Synced");
  const size_t reports = sim.hub.reports.size();
  sim.Run(Millis(600000));
  EXPECT_EQ(sim.hub.reports.size(), reports);
}

TEST_F(OutageTest, AFullDiskBlocksNewObjectsAndSaysSo) {
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.disk_full = true;
  NewWrites();
  Deploy({{"shop", Shop("web:2", 2)}});
  EXPECT_TRUE(sim.HasProblem("state_full"));
  EXPECT_TRUE(NewWrites().empty());  // nothing is applied that is not stored
  sim.disk_full = false;
  sim.Run(Millis(120000));
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_FALSE(sim.HasProblem("state_full"));
}

TEST_F(OutageTest, AnotherClusterIsNeitherReadNorWritten) {
  sim.cluster.kube_uid = "kube-2";
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.Run(Millis(300000));
  EXPECT_TRUE(sim.HasProblem("other_cluster"));
  EXPECT_TRUE(sim.cluster.log.empty());
  EXPECT_TRUE(sim.cluster.watched().empty());
  EXPECT_TRUE(sim.cluster.parent_log.empty());
}

TEST_F(OutageTest, AClusterThatBecomesAnotherOneIsLetGo) {
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.cluster.kube_uid = "kube-2";
  sim.cluster_away = true;
  Deploy({{"shop", Shop("web:2", 1)}});
  sim.machine();
  sim.cluster_away = false;
  sim.Boot();
  NewWrites();
  sim.Run(Millis(120000));
  EXPECT_TRUE(sim.HasProblem("other_cluster"));
  EXPECT_TRUE(NewWrites().empty());
  sim.cluster.kube_uid = "kube-1";
  sim.Run(Millis(120000));
  EXPECT_EQ(sim.State("shop"), "Synced");
}

}  // namespace
}  // namespace dunlin::sync
