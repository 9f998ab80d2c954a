#include "hub/app/model.h"

#include <gtest/gtest.h>

#include "hub/app/garbage.h"
#include "hub/app/history.h"
#include "protocol/crypto/crypto.h"
#include "tests/hub/app/hub_world.h"

namespace dunlin::hub {
namespace {

const ClusterId kOne("uuid-1");
const ClusterId kTwo("uuid-2");

TargetMemory Running(const std::string& bundle, const std::string& revision) {
  TargetMemory memory;
  memory.bundle = crypto::Sha256(bundle);
  memory.revision = revision;
  memory.raw_bytes = 10;
  memory.objects = 2;
  return memory;
}

Targets Both(const std::string& one, const std::string& two) {
  Targets targets;
  targets[{"shop", kOne}].memory = Running(one, "r-" + one);
  targets[{"shop", kTwo}].memory = Running(two, "r-" + two);
  targets[{"zoo", kOne}].memory = Running("zoo", "r-zoo");
  return targets;
}

TEST(History, AnEntryHoldsWhatEveryClusterRuns) {
  const HistoryRecord entry = MakeHistory("shop", "commit", Both("a", "a"), {}, TimePoint());
  EXPECT_EQ(entry.id, 1);
  EXPECT_EQ(entry.revision, "r-a");
  ASSERT_EQ(entry.entries.size(), 2u);
  EXPECT_EQ(entry.entries[1].cluster, kTwo);
  EXPECT_EQ(MakeHistory("shop", "commit", Both("b", "b"), {entry}, TimePoint()).id, 2);
}

// A history of commits, one a letter, each on both clusters.
std::vector<HistoryRecord> Commits(const std::vector<const char*>& bundles) {
  std::vector<HistoryRecord> past;
  for (const char* bundle : bundles) {
    past.push_back(MakeHistory("shop", "commit", Both(bundle, bundle), past, TimePoint()));
  }
  return past;
}

Result<int64_t> Chosen(const std::vector<HistoryRecord>& past, const Targets& now,
                       int64_t pinned = 0, int64_t id = 0) {
  TRY(const HistoryRecord* entry, ChooseHistory({past, "shop", now, pinned}, id));
  return entry->id;
}

TEST(History, WithoutAnIdTheNewestThatDoesNotRunNowIsChosen) {
  const std::vector<HistoryRecord> past = Commits({"a", "b", "c"});
  EXPECT_EQ(*Chosen(past, Both("c", "c")), 2);
  EXPECT_EQ(*Chosen(past, Both("c", "c"), 0, 1), 1);
  EXPECT_EQ(*Chosen(past, Both("c", "b")), 3) << "one cluster is not there yet";
}

TEST(History, GoingBackTwiceLeadsToOlderEntriesOnly) {
  std::vector<HistoryRecord> past = Commits({"a", "b", "bad"});
  ASSERT_EQ(*Chosen(past, Both("bad", "bad")), 2);
  past.push_back(MakeHistory("shop", "rollback", Both("b", "b"), past, TimePoint()));
  ASSERT_EQ(*Chosen(past, Both("b", "b"), 2), 1);
  past.push_back(MakeHistory("shop", "rollback", Both("a", "a"), past, TimePoint()));
  const auto none = Chosen(past, Both("a", "a"), 1);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::kPrecondition);
  EXPECT_NE(none.error().message.find("entry 1"), std::string::npos) << none.error().message;
}

TEST(History, AnEntryThatARollbackWroteStandsForTheOneItRepeats) {
  std::vector<HistoryRecord> past = Commits({"a", "b", "bad"});
  past.push_back(MakeHistory("shop", "rollback", Both("b", "b"), past, TimePoint()));
  // The user named entry 4, which repeats 2: what is before it is 1, not the bad 3.
  EXPECT_EQ(*Chosen(past, Both("b", "b"), 4), 1);
}

TEST(History, ANewCommitAfterARollbackGoesBackToWhatRanBeforeIt) {
  std::vector<HistoryRecord> past = Commits({"a", "bad"});
  past.push_back(MakeHistory("shop", "rollback", Both("a", "a"), past, TimePoint()));
  past.push_back(MakeHistory("shop", "commit", Both("c", "c"), past, TimePoint()));
  EXPECT_EQ(*Chosen(past, Both("c", "c")), 3) << "the good bundle, not the bad one";
}

TEST(History, APinWhoseEntryIsGoneHasNothingOlder) {
  std::vector<HistoryRecord> past = Commits({"a", "b"});
  EXPECT_EQ(Chosen(past, Both("b", "b"), 99).error().code, Errc::kPrecondition);
}

TEST(History, WhatDoesNotExistIsSaid) {
  EXPECT_EQ(Chosen({}, {}).error().code, Errc::kNotFound);
  const std::vector<HistoryRecord> past = Commits({"a"});
  EXPECT_EQ(Chosen(past, Both("a", "a")).error().code, Errc::kPrecondition);
  const auto wrong = Chosen(past, Both("a", "a"), 0, 7);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, Errc::kNotFound);
  EXPECT_NE(wrong.error().message.find("1 to 1"), std::string::npos);
}

TEST(Garbage, OnlyWhatNothingNamesIsRemoved) {
  const auto digest = [](const char* text) { return crypto::Sha256(text); };
  HubSnapshot snapshot;
  trust::Statement statement;
  statement.cluster = kOne;
  statement.kube = "kube-1";
  statement.seq = 1;
  statement.apps[AppName("shop")] = {.bundle = digest("stated"), .revision = RevisionId("1")};
  StatementRecord record;
  auto raw = statement.Serialize();
  ASSERT_OK(raw);
  record.raw = *raw;
  snapshot.statements.push_back(record);
  TargetRecord row;
  row.bundle = digest("stored");
  snapshot.targets.push_back(row);
  snapshot.history.push_back(MakeHistory("shop", "commit", Both("old", "old"), {}, TimePoint()));
  const std::vector<BundleDigest> stored = {digest("stated"), digest("stored"), digest("old"),
                                            digest("new"), digest("unused")};
  const auto unused = Unreferenced(stored, snapshot, Both("new", "new"));
  ASSERT_OK(unused);
  EXPECT_EQ(*unused, std::vector<BundleDigest>{digest("unused")});
  snapshot.statements[0].raw = "damaged";
  EXPECT_FALSE(Unreferenced(stored, snapshot, {}).has_value()) << "in doubt nothing goes";
}

class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenSqliteHubState(world.dir + "/hub.db");
    ASSERT_OK(opened);
    real = std::move(*opened);
    flaky.emplace(*real);
    model.emplace(*flaky, world.context.get_executor());
  }
  HubWorld world;
  std::unique_ptr<HubState> real;
  std::optional<FlakyState> flaky;
  std::optional<FleetModel> model;
};

TEST_F(ModelTest, AFailedWriteChangesNothingInMemory) {
  ClusterRecord cluster;
  cluster.id = kOne;
  cluster.name = "c1";
  flaky->full = true;
  EXPECT_FALSE(model->PutCluster(cluster).has_value());
  EXPECT_EQ(model->FindClusterByName("c1"), nullptr);
  EXPECT_FALSE(model->SetPin("shop", "3").has_value());
  EXPECT_TRUE(model->pins().empty());
}

TEST_F(ModelTest, ARepeatedReportChangesNothingAndANewOneCountsWhateverTheClockSays) {
  ReportRecord record{kOne, TimePoint(Millis(5)), {}};
  record.report.id = "r1";
  model->TakeReport(record);
  const int64_t version = model->version();
  record.received = TimePoint(Millis(9));
  model->TakeReport(record);
  EXPECT_EQ(model->version(), version);
  EXPECT_EQ(model->FindReport(kOne)->received, TimePoint(Millis(5)));
  record.report.id = "r2";
  record.received = TimePoint(Millis(4));  // the hub's clock stepped back
  model->TakeReport(record);
  EXPECT_EQ(model->FindReport(kOne)->report.id, "r2");
}

TEST_F(ModelTest, WhatIsWrittenIsThereAfterAReload) {
  ClusterRecord cluster;
  cluster.id = kOne;
  cluster.name = "c1";
  cluster.labels = {{"tier", "edge"}};
  ASSERT_OK(model->PutCluster(cluster));
  ASSERT_OK(model->SetPin("shop", "3"));
  FleetModel again(*flaky, world.context.get_executor());
  auto snapshot = real->Load();
  ASSERT_OK(snapshot);
  ASSERT_OK(again.Load(std::move(*snapshot)));
  ASSERT_NE(again.FindClusterByName("c1"), nullptr);
  EXPECT_EQ(again.FindClusterByName("c1")->labels, cluster.labels);
  EXPECT_EQ(again.pins().at("shop"), "3");
}

}  // namespace
}  // namespace dunlin::hub
