#include "hub/state/hub_state.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/store/database.h"
#include "protocol/store/files.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

constexpr TimePoint kNow{Millis(1'795'514'400'123)};

Digest Filled(unsigned char byte) {
  Digest digest;
  digest.bytes.fill(byte);
  return digest;
}

ClusterRecord Cluster(const std::string& name) {
  ClusterRecord cluster;
  cluster.id = ClusterId("id-" + name);
  cluster.name = name;
  cluster.region = "eu-west-1";
  cluster.server = "https://10.0.0.1:6443";
  cluster.labels = {{"tier", "edge"}, {"odd\"key", "\xc3\xa9\n"}};
  cluster.origin = "admin";
  cluster.created = kNow;
  return cluster;
}

AgentRecord Agent(const std::string& cluster, unsigned char key) {
  AgentRecord agent;
  agent.id = AgentId("agent-" + std::to_string(key));
  agent.cluster = ClusterId("id-" + cluster);
  agent.spki = Filled(key);
  agent.public_key = Bytes("\x04\0\xff", 3);
  agent.encryption_key = "point";
  agent.generation = 3;
  agent.held_generation = 2;
  agent.serial = Bytes("\x7f\0\x01", 3);
  agent.not_after = kNow;
  return agent;
}

TargetRecord Target(const std::string& app, const std::string& cluster) {
  TargetRecord target;
  target.app = app;
  target.cluster = ClusterId("id-" + cluster);
  target.revision = "abc";
  target.bundle = Filled(7);
  target.raw_bytes = 48211;
  target.objects = 15;
  target.prune = false;
  target.render_key = "key";
  target.reads = R"({"read":[]})";
  target.failed_revision = "def";
  target.problem = {"Deployment.apps shop/cart", "render_failed", "it is broken", "mend it"};
  return target;
}

StatementRecord Statement(const std::string& cluster, int64_t seq) {
  return {ClusterId("id-" + cluster), seq, Filled(static_cast<unsigned char>(seq)),
          Bytes("raw\0", 4) + std::to_string(seq)};
}

HeadRecord Head(int64_t number) {
  return {number, "head " + std::to_string(number), Bytes("\0sig", 4)};
}

HistoryRecord History(const std::string& app, int64_t id) {
  HistoryRecord history{id, app, "rev " + std::to_string(id), "commit", kNow, {}};
  history.entries.push_back({ClusterId("id-a"), Filled(9), 10, 2, "rev"});
  history.entries.push_back({ClusterId("id-b"), Filled(8), 1, 0, ""});
  return history;
}

class HubStateTest : public ::testing::Test {
 protected:
  HubStateTest() { Reopen(); }

  // What a restart after kill -9 sees: nothing is kept but the file.
  void Reopen() {
    state_.reset();
    auto opened = OpenSqliteHubState(path_);
    ASSERT_OK(opened);
    state_ = std::move(*opened);
  }
  HubSnapshot AfterRestart() {
    Reopen();
    auto loaded = state_->Load();
    EXPECT_OK(loaded);
    return loaded.value_or(HubSnapshot{});
  }
  // The file without the hub. REQUIRES: state_ is closed.
  std::unique_ptr<store::Database> RawDatabase() {
    return store::Database::Open(path_, {.migrations = {{1, ""}, {2, ""}}}).value();
  }

  support::TempDir directory_;
  std::string path_ = directory_ / "hub.db";
  std::unique_ptr<HubState> state_;
};

TEST_F(HubStateTest, ANewDatabaseIsEmpty) {
  const HubSnapshot snapshot = AfterRestart();
  EXPECT_TRUE(snapshot.clusters.empty());
  EXPECT_FALSE(snapshot.head);
  EXPECT_EQ(snapshot.floor, 0);
}

TEST_F(HubStateTest, RefusesASecondProcess) {
  EXPECT_EQ(OpenSqliteHubState(path_).error().code, Errc::kPrecondition);
}

TEST_F(HubStateTest, RefusesAFileThatIsNoDatabase) {
  state_.reset();
  ASSERT_OK(WriteFileDurably(path_, Bytes(100000, 'x'), 0600));
  EXPECT_EQ(OpenSqliteHubState(path_).error().code, Errc::kCorrupt);
}

TEST_F(HubStateTest, KeepsClustersAndChangesOfThem) {
  ASSERT_OK(state_->PutCluster(Cluster("a")));
  ASSERT_OK(state_->PutCluster(Cluster("b")));
  EXPECT_EQ(AfterRestart().clusters, (std::vector{Cluster("a"), Cluster("b")}));
  ClusterRecord changed = Cluster("a");
  changed.kube_uid = "uid";
  changed.labels.clear();
  ASSERT_OK(state_->PutCluster(changed));
  EXPECT_EQ(AfterRestart().clusters, (std::vector{changed, Cluster("b")}));
}

TEST_F(HubStateTest, TwoClustersCannotHaveOneName) {
  ASSERT_OK(state_->PutCluster(Cluster("a")));
  ClusterRecord other = Cluster("a");
  other.id = ClusterId("id-other");
  EXPECT_EQ(state_->PutCluster(other).error().code, Errc::kConflict);
  EXPECT_EQ(AfterRestart().clusters, std::vector{Cluster("a")});
}

TEST_F(HubStateTest, KeepsAgents) {
  AgentRecord agent = Agent("a", 1);
  ASSERT_OK(state_->PutAgent(agent));
  agent.generation += 1;
  agent.held_generation = agent.generation;
  agent.serial = "other";
  agent.standing = Standing::kLocked;
  ASSERT_OK(state_->PutAgent(agent));
  EXPECT_EQ(AfterRestart().agents, std::vector{agent});
  AgentRecord same_key = Agent("b", 1);
  same_key.id = AgentId("agent-other");
  EXPECT_EQ(state_->PutAgent(same_key).error().code, Errc::kConflict) << "one key, one agent";
}

TEST_F(HubStateTest, AnEnrolmentSupersedesTheAgentsOfItsClusterWithIt) {
  for (const std::string id : {"tok-1", "tok-2"}) {
    ASSERT_OK(state_->AddToken({id, Filled(1), "a", kNow, false}));
  }
  AgentRecord former = Agent("a", 1);
  AgentRecord locked = Agent("a", 2);
  locked.id = AgentId("agent-locked");
  locked.standing = Standing::kLocked;
  const AgentRecord elsewhere = Agent("b", 3);
  for (const AgentRecord& agent : {former, locked, elsewhere}) ASSERT_OK(state_->PutAgent(agent));
  AgentRecord next = Agent("a", 3);  // the key of another cluster's agent
  next.id = AgentId("agent-next");
  EXPECT_FALSE(state_->Enroll("tok-1", Cluster("a"), next));
  EXPECT_EQ(AfterRestart().agents, (std::vector{former, elsewhere, locked})) << "all or nothing";
  next.spki = Filled(4);
  ASSERT_OK(state_->Enroll("tok-1", Cluster("a"), next));
  former.standing = Standing::kSuperseded;
  EXPECT_EQ(AfterRestart().agents, (std::vector{former, elsewhere, locked, next}));
}

TEST_F(HubStateTest, RemovesAClusterWithEverythingOfIt) {
  for (const std::string name : {"a", "b"}) {
    ASSERT_OK(state_->PutCluster(Cluster(name)));
    ASSERT_OK(state_->PutAgent(Agent(name, static_cast<unsigned char>(name[0]))));
    ASSERT_OK(state_->AddToken({"token-" + name, Filled(1), name, kNow, false}));
    ASSERT_OK(state_->PutReports({{ClusterId("id-" + name), kNow, {}}}));
    PublishRecord record;
    record.targets = {Target("shop", name)};
    record.statements = {Statement(name, 5)};
    ASSERT_OK(state_->Publish(record));
  }
  ASSERT_OK(state_->RemoveCluster(ClusterId("id-a")));
  const HubSnapshot snapshot = AfterRestart();
  EXPECT_EQ(snapshot.clusters, std::vector{Cluster("b")});
  EXPECT_EQ(snapshot.agents, std::vector{Agent("b", 'b')});
  EXPECT_EQ(snapshot.targets, std::vector{Target("shop", "b")});
  EXPECT_EQ(snapshot.statements, std::vector{Statement("b", 5)});
  EXPECT_EQ(snapshot.reports.size(), 1u);
  EXPECT_EQ(state_->FindToken("token-a").error().code, Errc::kNotFound);
  EXPECT_OK(state_->FindToken("token-b"));
  EXPECT_OK(state_->RemoveCluster(ClusterId("id-a")));  // absent is success
}

TEST_F(HubStateTest, KeepsTokens) {
  const TokenRecord token{"tok", Filled(3), "a", kNow, false};
  ASSERT_OK(state_->AddToken(token));
  Reopen();
  EXPECT_EQ(state_->FindToken("tok").value(), token);
  EXPECT_EQ(state_->FindToken("other").error().code, Errc::kNotFound);
  EXPECT_EQ(state_->AddToken(token).error().code, Errc::kConflict);
}

// A8: single use, whatever comes between.
TEST_F(HubStateTest, EnrolmentBurnsTheTokenTogetherWithWhatItBuys) {
  ASSERT_OK(state_->AddToken({"tok", Filled(3), "a", kNow, false}));
  ASSERT_OK(state_->Enroll("tok", Cluster("a"), Agent("a", 1)));
  const HubSnapshot snapshot = AfterRestart();
  EXPECT_EQ(snapshot.clusters, std::vector{Cluster("a")});
  EXPECT_EQ(snapshot.agents, std::vector{Agent("a", 1)});
  EXPECT_TRUE(state_->FindToken("tok")->used);
  EXPECT_EQ(state_->Enroll("tok", Cluster("a"), Agent("a", 2)).error().code, Errc::kPermission);
  EXPECT_EQ(state_->Enroll("none", Cluster("a"), Agent("a", 2)).error().code, Errc::kNotFound);
  EXPECT_EQ(AfterRestart().agents, std::vector{Agent("a", 1)});
}

TEST_F(HubStateTest, AFailedEnrolmentLeavesTheTokenGood) {
  ASSERT_OK(state_->PutAgent(Agent("a", 1)));
  ASSERT_OK(state_->AddToken({"tok", Filled(3), "b", kNow, false}));
  AgentRecord same_key = Agent("b", 1);
  same_key.id = AgentId("agent-other");
  EXPECT_EQ(state_->Enroll("tok", Cluster("b"), same_key).error().code, Errc::kConflict);
  EXPECT_FALSE(state_->FindToken("tok")->used);
  EXPECT_TRUE(AfterRestart().clusters.empty());
  EXPECT_OK(state_->Enroll("tok", Cluster("b"), Agent("b", 2)));
}

TEST_F(HubStateTest, KeepsCatalogueObjects) {
  const ObjectRecord shop{"App", "shop", "fleet", "apps.yaml:3", R"({"kind":"App"})"};
  ObjectRecord edge{"Cluster", "edge", "admin", "c.yaml", "{}"};
  ASSERT_OK(state_->PutObjects({shop, edge}, {}));
  EXPECT_EQ(AfterRestart().objects, (std::vector{shop, edge}));
  edge.json = R"({"a":1})";
  ASSERT_OK(state_->PutObjects({edge}, {{"App", "shop"}, {"App", "absent"}}));
  EXPECT_EQ(AfterRestart().objects, std::vector{edge});
}

TEST_F(HubStateTest, KeepsSourcesPinsAndTheFloor) {
  const SourceRecord source{"https://git.example/shop.git", "main", "abc", kNow};
  ASSERT_OK(state_->PutSource({source.repo, source.ref, "old", kNow}));
  ASSERT_OK(state_->PutSource(source));
  ASSERT_OK(state_->SetPin("shop", "3"));
  ASSERT_OK(state_->SetPin("shop", "4"));
  ASSERT_OK(state_->SetPin("cart", "1"));
  ASSERT_OK(state_->SetPin("cart", std::nullopt));
  ASSERT_OK(state_->RaiseFloor(100));
  ASSERT_OK(state_->RaiseFloor(50));
  const HubSnapshot snapshot = AfterRestart();
  EXPECT_EQ(snapshot.sources, std::vector{source});
  EXPECT_EQ(snapshot.pins, (std::map<std::string, std::string>{{"shop", "4"}}));
  EXPECT_EQ(snapshot.floor, 100) << "it never sinks";
}

TEST_F(HubStateTest, KeepsTheLastReportOfEachCluster) {
  ReportRecord report{ClusterId("id-a"), kNow, {}};
  report.report.id = "1";
  ASSERT_OK(state_->PutReports({report}));
  report.report.id = "2";
  report.report.targets = {{"shop", "Synced", "Current", 5}};
  report.received += Seconds(1);
  ASSERT_OK(state_->PutReports({report}));
  const HubSnapshot snapshot = AfterRestart();
  ASSERT_EQ(snapshot.reports.size(), 1u);
  EXPECT_EQ(snapshot.reports[0].report, report.report);
  EXPECT_EQ(snapshot.reports[0].received, report.received);
}

TEST_F(HubStateTest, ReportsOfSeveralClustersAreStoredTogether) {
  ReportRecord first{ClusterId("id-a"), kNow, {}};
  first.report.id = "1";
  ReportRecord newer = first;
  newer.report.id = "2";
  const ReportRecord other{ClusterId("id-b"), kNow, {}};
  ASSERT_OK(state_->PutReports({first, other, newer}));
  const HubSnapshot snapshot = AfterRestart();
  ASSERT_EQ(snapshot.reports.size(), 2u);
  EXPECT_EQ(snapshot.reports[0].report.id, "2") << "the last one stays";
}

TEST_F(HubStateTest, AReportThatCannotBeReadDoesNotStopTheHub) {
  ASSERT_OK(state_->PutReports({{ClusterId("id-a"), kNow, {}}}));
  state_.reset();
  ASSERT_OK(RawDatabase()->Execute("UPDATE reports SET report = 'x'"));
  EXPECT_TRUE(AfterRestart().reports.empty());
}

TEST_F(HubStateTest, RowsThatAreNotWhatWeWriteAreCorrupt) {
  ASSERT_OK(state_->PutCluster(Cluster("a")));
  state_.reset();
  ASSERT_OK(RawDatabase()->Execute("UPDATE clusters SET labels = '[]'"));
  Reopen();
  EXPECT_EQ(state_->Load().error().code, Errc::kCorrupt);
}

TEST_F(HubStateTest, APublishKeepsAllOfIt) {
  PublishRecord record;
  TargetRecord never = Target("cart", "a");
  never.bundle.reset();
  record.targets = {never, Target("shop", "a")};
  record.statements = {Statement("a", 5), Statement("b", 6)};
  record.head = Head(10);
  record.history = {History("shop", 1)};
  ASSERT_OK(state_->Publish(record));
  HubSnapshot snapshot = AfterRestart();
  EXPECT_EQ(snapshot.targets, record.targets);
  EXPECT_EQ(snapshot.statements, record.statements);
  EXPECT_EQ(snapshot.head, record.head);
  EXPECT_EQ(snapshot.history, record.history);

  PublishRecord next;
  next.removed_targets = {{"cart", ClusterId("id-a")}};
  next.targets = {Target("shop", "a")};
  next.targets[0].revision = "newer";
  next.head = Head(11);
  ASSERT_OK(state_->Publish(next));
  snapshot = AfterRestart();
  EXPECT_EQ(snapshot.targets, next.targets);
  EXPECT_EQ(snapshot.head, Head(11));
  EXPECT_EQ(snapshot.statements, record.statements);
}

TEST_F(HubStateTest, AFailedPublishChangesNothing) {
  PublishRecord record;
  record.targets = {Target("shop", "a")};
  record.statements = {Statement("a", 5)};
  record.head = Head(10);
  ASSERT_OK(state_->Publish(record));
  PublishRecord clash;
  clash.targets = {Target("cart", "a")};
  clash.removed_targets = {{"shop", ClusterId("id-a")}};
  clash.statements = {Statement("a", 6)};
  clash.history = {History("shop", 1)};
  clash.head = Head(10);  // a number is given once
  EXPECT_EQ(state_->Publish(clash).error().code, Errc::kConflict);
  const HubSnapshot snapshot = AfterRestart();
  EXPECT_EQ(snapshot.targets, record.targets);
  EXPECT_EQ(snapshot.statements, record.statements);
  EXPECT_TRUE(snapshot.history.empty());
  EXPECT_OK(state_->PutCluster(Cluster("a")));  // the next write goes on
}

TEST_F(HubStateTest, KeepsTheNewestStatementsAndHistoryOnly) {
  constexpr int64_t kLast = limits::kKeptHistory + 3;
  for (int64_t i = 1; i <= kLast; ++i) {
    PublishRecord record;
    record.statements = {Statement("a", i)};
    if (i == 1) record.statements.push_back(Statement("b", i));
    record.history = {History("shop", i)};
    ASSERT_OK(state_->Publish(record));
  }
  const HubSnapshot snapshot = AfterRestart();
  ASSERT_EQ(snapshot.statements.size(), static_cast<size_t>(limits::kKeptStatements) + 1);
  EXPECT_EQ(snapshot.statements.front(), Statement("a", kLast - limits::kKeptStatements + 1));
  EXPECT_EQ(snapshot.statements[limits::kKeptStatements - 1], Statement("a", kLast));
  EXPECT_EQ(snapshot.statements.back(), Statement("b", 1)) << "another cluster's stay";
  ASSERT_EQ(snapshot.history.size(), static_cast<size_t>(limits::kKeptHistory));
  EXPECT_EQ(snapshot.history.front().id, 4);
}

TEST_F(HubStateTest, KeepsTheNewestHeadsOnly) {
  state_.reset();
  // Filled by hand: 1,000 transactions with fsync are too slow for a test.
  ASSERT_OK(RawDatabase()->Execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
      "INSERT INTO heads SELECT i, x'00', x'00' FROM n"));
  Reopen();
  PublishRecord record;
  record.head = Head(1001);
  ASSERT_OK(state_->Publish(record));
  state_.reset();
  const auto database = RawDatabase();
  auto select = database->Prepare("SELECT count(*), min(number) FROM heads");
  ASSERT_TRUE(select->Step().value());
  EXPECT_EQ(select->Int(0), limits::kKeptHeads);
  EXPECT_EQ(select->Int(1), 2);
}

TEST_F(HubStateTest, RemembersTheStatementsThatItMade) {
  const ClusterId a("id-a");
  PublishRecord record;
  for (int64_t seq = 1; seq <= 3 * limits::kKeptStatements; ++seq) {
    record.statements.push_back(Statement("a", seq));
  }
  record.statements.push_back(Statement("b", 99));
  ASSERT_OK(state_->Publish(record));
  Reopen();
  EXPECT_EQ(state_->FindMade(a, 1).value(), Statement("a", 1).digest);
  EXPECT_EQ(state_->FindMade(a, 30).value(), Statement("a", 30).digest);
  EXPECT_EQ(state_->FindMade(a, 31).value(), std::nullopt);
  EXPECT_EQ(state_->FindMade(a, 99).value(), std::nullopt) << "another cluster's";
  ASSERT_OK(state_->RemoveCluster(a));
  EXPECT_EQ(state_->FindMade(a, 1).value(), std::nullopt);
  EXPECT_NE(state_->FindMade(ClusterId("id-b"), 99).value(), std::nullopt);
}

TEST_F(HubStateTest, TheStatementsThatItMadeHaveALimitThatSparesWhatAnAgentHolds) {
  const ClusterId a("id-a");
  PublishRecord record;
  for (int64_t seq = 1; seq <= limits::kMadeStatements; ++seq) {
    record.statements.push_back(Statement("a", seq));
  }
  ASSERT_OK(state_->Publish(record));
  EXPECT_NE(state_->FindMade(a, 1).value(), std::nullopt);
  Reopen();
  PublishRecord one_more;
  one_more.statements = {Statement("a", limits::kMadeStatements + 1)};
  one_more.head = Head(1);
  ASSERT_OK(state_->Publish(one_more));
  EXPECT_EQ(state_->FindMade(a, 1).value(), std::nullopt);
  EXPECT_NE(state_->FindMade(a, 2).value(), std::nullopt);
  one_more.statements = {Statement("a", limits::kMadeStatements + 2)};
  EXPECT_EQ(state_->Publish(one_more).error().code, Errc::kConflict) << "a head's number twice";
  EXPECT_NE(state_->FindMade(a, 2).value(), std::nullopt);
  one_more.head = Head(2);
  one_more.held = {{a, 2}};
  ASSERT_OK(state_->Publish(one_more));
  EXPECT_NE(state_->FindMade(a, 2).value(), std::nullopt) << "its agent holds it";
  EXPECT_EQ(state_->FindMade(a, 3).value(), std::nullopt);
}

TEST_F(HubStateTest, ADatabaseOfTheFirstVersionKnowsTheStatementsThatItKept) {
  ASSERT_OK(state_->Publish({.statements = {Statement("a", 5)}}));
  state_.reset();
  ASSERT_OK(RawDatabase()->Execute("DROP TABLE made; DROP TABLE held; PRAGMA user_version = 1"));
  Reopen();
  EXPECT_EQ(state_->FindMade(ClusterId("id-a"), 5).value(), Statement("a", 5).digest);
}

}  // namespace
}  // namespace dunlin::hub
