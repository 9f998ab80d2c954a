// A hub on an older copy of its database does not know every app that runs here. What its statement
// does not name stays, is managed by nobody, and is said; no later statement removes it either.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

FakeHub::App Maps(const std::string& prefix) {
  FakeHub::App app;
  for (int i = 0; i < 3; ++i) {
    app.objects.push_back(ConfigMapOf(prefix + std::to_string(i), "one"));
  }
  return app;
}

class KeepTest : public SyncTest {
 protected:
  void DeployBoth() {
    Deploy({{"shop", Maps("shop")}, {"cli", Maps("cli")}});
    EXPECT_EQ(sim.State("cli"), "Synced");
    NewWrites();
  }
  void DeployRestored() {
    sim.hub.keep = true;
    Deploy({{"shop", Maps("shop")}});
    sim.hub.keep = false;
  }
  void ExpectNothingDeleted() {
    for (const Request& write : NewWrites()) EXPECT_NE(write.verb, Verb::kDelete);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Value("cli" + std::to_string(i)), "one");
    EXPECT_TRUE(sim.cluster.parents.contains("cli")) << "it says whose the objects are";
  }
  size_t RecordsOf(const std::string& app) {
    return static_cast<size_t>(
        std::count_if(sim.disk.records.begin(), sim.disk.records.end(),
                      [&](const Record& record) { return record.app == app; }));
  }
};

TEST_F(KeepTest, AnAppThatIsNotNamedStaysAndIsForgotten) {
  DeployBoth();
  DeployRestored();
  ExpectNothingDeleted();
  EXPECT_EQ(RecordsOf("cli"), 0u);
  EXPECT_EQ(RecordsOf("shop"), 3u);
  EXPECT_EQ(sim.State("shop"), "Synced");
  const wire::Report report = sim.machine().Report(sim.now);
  ASSERT_TRUE(sim.HasProblem("app_kept"));
  const auto kept = std::find_if(report.problems.begin(), report.problems.end(),
                                 [](const auto& problem) { return problem.code == "app_kept"; });
  ASSERT_NE(kept, report.problems.end());
  EXPECT_NE(kept->message.find("cli"), std::string::npos);
  EXPECT_NE(kept->hint.find("dunlin apply"), std::string::npos);
  EXPECT_EQ(report.targets.size(), 1u);
}

TEST_F(KeepTest, NoLaterStatementRemovesIt) {
  DeployBoth();
  DeployRestored();
  Deploy({{"shop", Maps("shop")}});
  sim.Boot();
  Deploy({{"shop", Maps("shop")}, {"other", Maps("other")}});
  ExpectNothingDeleted();
}

TEST_F(KeepTest, NamedAgainItTakesItsObjectsOver) {
  DeployBoth();
  DeployRestored();
  Deploy({{"shop", Maps("shop")}, {"cli", Maps("cli")}});
  ExpectNothingDeleted();
  EXPECT_EQ(sim.State("cli"), "Synced");
  EXPECT_EQ(RecordsOf("cli"), 3u);
  EXPECT_FALSE(sim.HasProblem("app_kept"));
  Deploy({{"shop", Maps("shop")}});  // and now its absence is meant
  EXPECT_EQ(Value("cli0"), "missing");
}

TEST_F(KeepTest, WhatTheNamedAppsGaveUpIsStillRemoved) {
  DeployBoth();
  sim.hub.keep = true;
  FakeHub::App less = Maps("shop");
  less.objects.pop_back();
  Deploy({{"shop", less}});
  EXPECT_EQ(Value("shop2"), "missing");
  EXPECT_EQ(Value("cli2"), "one");
}

// The statement that keeps is replaced at once by an ordinary one, and the agent is killed
// anywhere.
TEST_F(KeepTest, AKillAtAnyPointDeletesNothing) {
  bool more = true;
  for (int steps = 0; more; ++steps) {
    SCOPED_TRACE("killed after " + std::to_string(steps) + " events");
    Scenario run;
    run.Deploy({{"shop", Maps("shop")}, {"cli", Maps("cli")}});
    run.sim.hub.keep = true;
    run.Publish({{"shop", Maps("shop")}});
    run.sim.hub.keep = false;
    for (int i = 0; i < steps && more; ++i) more = run.sim.Next();
    const bool taken = run.sim.disk.trusted.seq == run.sim.hub.seq();
    run.sim.Kill();
    if (!taken) continue;  // the hub gives it no other before it has this one
    run.Publish({{"shop", Maps("shop")}, {"other", Maps("other")}});
    run.sim.Boot();
    run.sim.Run(Millis(5000));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run.Value("cli" + std::to_string(i)), "one");
    EXPECT_EQ(run.sim.State("other"), "Synced");
    ASSERT_FALSE(HasFailure());
  }
}

// What was on its way when the statement came may be recorded after it.
TEST_F(KeepTest, AWriteThatComesInLateMakesNothingOfItRemovable) {
  DeployBoth();
  FakeHub::App changed = Maps("cli");
  changed.objects[0] = ConfigMapOf("cli0", "two");
  sim.hold_answers = true;
  Deploy({{"shop", Maps("shop")}, {"cli", changed}});
  ASSERT_FALSE(sim.HeldRequests().empty());
  DeployRestored();
  sim.hold_answers = false;
  sim.ReleaseAnswers();
  sim.Run(Millis(5000));
  Deploy({{"shop", Maps("shop")}});
  Deploy({{"shop", Maps("shop")}, {"more", Maps("more")}});
  for (const Request& write : NewWrites()) EXPECT_NE(write.verb, Verb::kDelete);
  EXPECT_EQ(Value("cli0"), "two");
  EXPECT_EQ(RecordsOf("cli"), 0u);
}

}  // namespace
}  // namespace dunlin::sync
