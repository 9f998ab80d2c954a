// What the agent does when it does not see its cluster: a kind that cannot be read, an apiserver
// that is gone, lists that are on their way, an object that is not what was seen. It says so, and
// removes nothing on an old picture.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

const plan::GroupKind kMaps{"", "ConfigMap"};

class KnownClusterTest : public SyncTest {
 protected:
  int Deletes() {
    int count = 0;
    for (const Request& write : NewWrites()) count += write.verb == Verb::kDelete ? 1 : 0;
    return count;
  }
  bool HasRecord(const object::ResourceKey& key) {
    return std::any_of(sim.disk.records.begin(), sim.disk.records.end(),
                       [&](const Record& record) { return record.key == key; });
  }
  // Its kind is looked for again and again: discovery comes by itself.
  static FakeHub::App WithMissingKind() {
    FakeHub::App app;
    app.objects = {NamespaceOf("other"), Json(R"({"apiVersion":"example.com/v1","kind":"Widget",)"
                                              R"("metadata":{"name":"w","namespace":"shop"}})")};
    return app;
  }
  size_t Discoveries() {
    return static_cast<size_t>(
        std::count(sim.actions.begin(), sim.actions.end(), std::string("Discover")));
  }
};

TEST_F(KnownClusterTest, AKindThatMayNotBeWatchedAnyMoreIsSaidAndNotPruned) {
  Deploy({{"shop", Shop("web:1", 2)}});
  ASSERT_EQ(sim.State("shop"), "Synced");
  const size_t discoveries = Discoveries();
  sim.FailWatch(kMaps, Refusal(403, "Forbidden", "cannot watch configmaps"));
  sim.Settle();
  EXPECT_EQ(sim.State("shop"), "Failed");
  ASSERT_EQ(sim.Target("shop").problems.size(), 1u);
  const wire::Problem problem = sim.Target("shop").problems.front();
  EXPECT_EQ(problem.code, "forbidden");
  EXPECT_EQ(problem.object, "ConfigMap");
  EXPECT_NE(problem.message.find("cannot watch configmaps"), std::string::npos);
  EXPECT_NE(problem.hint.find("RBAC"), std::string::npos);
  EXPECT_FALSE(sim.HasProblem("apiserver_unreachable"));
  EXPECT_EQ(Discoveries(), discoveries);  // it is not the apiserver
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Failed");

  // Somebody takes our label off, and Git gives the object up: the cache is no evidence for either.
  sim.cluster.Edit(ConfigMapKey("config-1"), [](object::Value& object) {
    object.as_object()["metadata"].as_object().erase("labels");
  });
  Deploy({{"shop", Shop("web:2", 1)}});
  EXPECT_EQ(Image("web"), "web:2");  // what is readable is kept up to date
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_EQ(Deletes(), 0);
  EXPECT_TRUE(HasRecord(ConfigMapKey("config-1")));

  sim.Relist();
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
  EXPECT_EQ(Deletes(), 0);
  EXPECT_EQ(Value("config-1"), "one");  // it is not ours any more
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Synced");
}

TEST_F(KnownClusterTest, WhatWasNotPrunedIsPrunedWhenTheKindIsReadableAgain) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.FailWatch(kMaps, Refusal(403, "Forbidden"));
  Deploy({{"shop", Shop("web:1", 1)}});
  EXPECT_EQ(Value("config-1"), "one");
  sim.Relist();
  sim.Run(Millis(2000));
  EXPECT_EQ(Value("config-1"), "missing");
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

TEST_F(KnownClusterTest, AnApiserverThatIsGoneIsOneProblemOfItsTargets) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.Run(Millis(60000));
  sim.cluster_away = true;
  for (const plan::GroupKind& kind : std::set<plan::GroupKind>(sim.cluster.watched())) {
    sim.FailWatch(kind, Refusal(0, "", "connection refused"));
  }
  sim.Settle();
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_EQ(Codes("shop"), std::vector<std::string>{"apiserver_unreachable"});
  const wire::Report report = sim.machine().Report(sim.now);
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].code, "apiserver_unreachable");
  EXPECT_FALSE(report.problems[0].hint.empty());
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Failed");
  const size_t reports = sim.hub.reports.size();
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_LE(sim.hub.reports.size(), reports + 1);

  // Discovery answers: the watches are opened at once, not each at its own time.
  sim.cluster_away = false;
  sim.unreadable.clear();
  sim.Run(Millis(75000));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
  EXPECT_FALSE(sim.HasProblem("apiserver_unreachable"));
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Synced");
}

TEST_F(KnownClusterTest, OneKindThatDoesNotAnswerDoesNotMakeTheAgentAskOnAndOn) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.Run(Millis(60000));
  const size_t discoveries = Discoveries();
  for (int i = 0; i < 20; ++i) {
    sim.FailWatch(kMaps, Refusal(503, "ServiceUnavailable"));
    sim.Run(Millis(1000));
  }
  EXPECT_LE(Discoveries() - discoveries, 3u);
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_TRUE(sim.HasProblem("apiserver_unreachable"));
  sim.Relist();
  sim.Run(Millis(2000));
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_FALSE(sim.HasProblem("apiserver_unreachable"));
}

TEST_F(KnownClusterTest, AnotherClusterBehindTheSameAddressIsLetGoWhileTheAgentRuns) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.Run(Millis(60000));
  NewWrites();
  sim.cluster.kube_uid = "kube-2";
  // What every call gives from now on: no connection is admitted.
  sim.cluster.fault = [](const Request&) {
    ApiFailure failure = Refusal(0, "", "the address leads to another cluster");
    failure.code = Errc::kSignature;
    return failure;
  };
  sim.FailWatch(kMaps, sim.cluster.fault(Request{}).value());
  Deploy({{"shop", Shop("web:2", 1)}});
  EXPECT_TRUE(sim.HasProblem("other_cluster"));
  EXPECT_FALSE(sim.HasProblem("apiserver_unreachable"));
  EXPECT_TRUE(sim.cluster.watched().empty());
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_EQ(sim.Target("shop").problems.at(0).code, "other_cluster");
  EXPECT_EQ(sim.Target("shop").health, "Unknown");
  const size_t requests = sim.cluster.log.size();
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_EQ(sim.cluster.log.size(), requests);
  EXPECT_EQ(sim.hub.reports.back().targets.at(0).state, "Failed");

  sim.cluster.kube_uid = "kube-1";
  sim.cluster.fault = nullptr;
  sim.unreadable.clear();
  sim.Run(Millis(120000));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(Value("config-1"), "missing");
}

// ---- deletes

TEST_F(KnownClusterTest, ADeleteNamesTheUidAndTheVersionThatWereSeen) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  const std::string uid = Live(ConfigMapKey("config-1"), {"metadata", "uid"});
  const std::string version = Live(ConfigMapKey("config-1"), {"metadata", "resourceVersion"});
  Deploy({{"shop", Shop("web:1", 1)}});
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  const object::Value options = Json(writes[0].body);
  EXPECT_EQ(object::FindString(options, {"preconditions", "uid"}), uid);
  EXPECT_EQ(object::FindString(options, {"preconditions", "resourceVersion"}), version);
}

TEST_F(KnownClusterTest, AnObjectThatWasReleasedUnseenIsNotDeleted) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.cluster.Edit(ConfigMapKey("config-1"), [](object::Value& object) {
    object.as_object()["metadata"].as_object().erase("labels");
  });
  sim.cluster.TakeEvents();  // the watch has not brought it yet
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.Run(Millis(5000));
  EXPECT_EQ(Value("config-1"), "one");
  EXPECT_FALSE(HasRecord(ConfigMapKey("config-1")));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

TEST_F(KnownClusterTest, AnObjectThatWasChangedUnseenIsLookedAtAndThenDeleted) {
  Deploy({{"shop", Shop("web:1", 2)}});
  sim.cluster.Edit(ConfigMapKey("config-1"), [](object::Value& object) {
    object.as_object()["data"].as_object()["key"] = "two";
  });
  sim.cluster.TakeEvents();
  NewWrites();
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.Run(Millis(5000));
  EXPECT_EQ(Value("config-1"), "missing");
  EXPECT_EQ(Deletes(), 2);  // one was refused
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

TEST_F(KnownClusterTest, AnObjectThatWasMadeAnewUnseenIsNotDeleted) {
  Deploy({{"shop", Shop("web:1", 2)}});
  object::Value anew = *sim.cluster.Find(ConfigMapKey("config-1"));
  sim.cluster.Erase(ConfigMapKey("config-1"));
  sim.cluster.Put(anew);
  sim.cluster.TakeEvents();
  Deploy({{"shop", Shop("web:1", 1)}});
  sim.Run(Millis(5000));
  EXPECT_EQ(Value("config-1"), "one");
  EXPECT_EQ(sim.State("shop"), "OutOfSync");  // a person has to decide
}

TEST_F(KnownClusterTest, APruneWaitsForAWatchThatBrokeAMomentAgo) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  sim.Inject(WatchBroken{kMaps});
  Deploy({{"shop", Shop("web:2", 1)}});
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(Value("config-1"), "one");
  sim.cluster.Edit(ConfigMapKey("config-1"), [](object::Value& object) {
    object.as_object()["metadata"].as_object()["annotations"].as_object()["dunlin.dev/prune"] =
        "disabled";
  });
  sim.Settle();
  sim.Inject(WatchResumed{kMaps});
  sim.Settle();
  EXPECT_EQ(Deletes(), 0);
  EXPECT_EQ(Value("config-1"), "one");
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

TEST_F(KnownClusterTest, AnObjectThatChangesBeforeItsTurnIsDecidedAnew) {
  FakeHub::App app = Shop("web:1", 30);
  app.allow_mass_prune = true;
  Deploy({{"shop", app}});
  sim.hold_answers = true;
  app = Shop("web:1", 0);
  app.allow_mass_prune = true;
  Deploy({{"shop", app}});
  const std::vector<Request> held = sim.HeldRequests();
  ASSERT_EQ(held.size(), 16u);
  const object::ResourceKey later = ConfigMapKey("config-9");  // the last by name
  for (const Request& request : held) ASSERT_NE(request.key, later);
  sim.cluster.Edit(later, [](object::Value& object) {
    object.as_object()["metadata"].as_object()["annotations"].as_object()["dunlin.dev/prune"] =
        "disabled";
  });
  sim.Settle();
  sim.hold_answers = false;
  sim.ReleaseAnswers();
  sim.Run(Millis(5000));
  EXPECT_EQ(Value("config-9"), "one");
  EXPECT_EQ(Value("config-8"), "missing");
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

// ---- lists on their way

TEST_F(KnownClusterTest, AKindThatIsListedAnewIsNoEvidenceThatAnObjectIsGone) {
  Deploy({{"shop", Shop("web:1", 2)}, {"other", WithMissingKind()}});
  sim.hold_answers = true;  // the run has been planned, and its writes are on their way
  Deploy({{"shop", Shop("web:2", 0)}, {"other", WithMissingKind()}});
  ASSERT_FALSE(sim.HeldRequests().empty());
  // The version of the records is not served any more: the watch begins anew, with an empty cache.
  sim.hold_lists = true;
  sim.cluster.map_version = "v2";
  sim.Run(Millis(70000));
  ASSERT_EQ(sim.machine().world().live.Find(ConfigMapKey("config-1")), nullptr);
  sim.hold_answers = false;
  sim.ReleaseAnswers();
  sim.Run(Millis(2000));
  EXPECT_TRUE(HasRecord(ConfigMapKey("config-1")));
  EXPECT_EQ(Value("config-1"), "one");
  sim.hold_lists = false;
  sim.Relist();
  sim.Run(Millis(2000));
  EXPECT_EQ(Value("config-1"), "missing");  // removed, not forgotten
  EXPECT_FALSE(HasRecord(ConfigMapKey("config-1")));
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
}

TEST_F(KnownClusterTest, AnAnswerForAnAppThatIsKeptMeanwhileLeavesNoTrace) {
  FakeHub::App mine;
  mine.objects = {ConfigMapOf("mine", "one")};
  const FakeHub::App other = WithMissingKind();
  Deploy({{"mine", mine}, {"other", other}});
  sim.hold_answers = true;
  mine.objects = {ConfigMapOf("mine", "two")};
  Deploy({{"mine", mine}, {"other", other}});
  ASSERT_EQ(sim.HeldRequests().size(), 1u);
  sim.hub.keep = true;  // a restored hub that does not know the app
  Deploy({{"other", other}});
  sim.hold_answers = false;
  sim.ReleaseAnswers();
  sim.Settle();
  // A kind is missing: the desired objects are made anew after every discovery.
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_TRUE(sim.running());
  EXPECT_FALSE(HasRecord(ConfigMapKey("mine")));
  EXPECT_EQ(Value("mine"), "two");
}

}  // namespace
}  // namespace dunlin::sync
