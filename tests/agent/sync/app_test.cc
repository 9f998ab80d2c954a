// Several apps in one cluster, order inside one app, and what may be removed.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using AppTest = SyncTest;

FakeHub::App Maps(const std::string& prefix, int count) {
  FakeHub::App app;
  for (int i = 0; i < count; ++i) {
    app.objects.push_back(ConfigMapOf(prefix + std::to_string(i), "one"));
  }
  return app;
}

object::Value InWave(object::Value object, const std::string& wave) {
  object::Object& metadata = object.as_object()["metadata"].as_object();
  metadata["annotations"] = object::Object{{"dunlin.dev/wave", wave}};
  return object;
}

const object::ResourceKey kCrdKey{"apiextensions.k8s.io", "CustomResourceDefinition", "",
                                  "widgets.example.com"};

object::Value Crd() {
  return Json(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
      "metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
      "names":{"kind":"Widget","plural":"widgets"},"versions":[{"name":"v1","served":true,
      "storage":true}]}})");
}

object::Value Widget() {
  return Json(R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w",
      "namespace":"shop"},"spec":{"size":1}})");
}

bool Has(const std::vector<std::string>& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

TEST_F(AppTest, AFailedAppBlocksNoOther) {
  sim.cluster.fault = [](const Request& request) -> std::optional<ApiFailure> {
    if (request.key.name.front() != 'a') return std::nullopt;
    return Refusal(403, "Forbidden");
  };
  Deploy({{"a", Maps("a", 3)}, {"b", Maps("b", 3)}});
  EXPECT_EQ(sim.State("a"), "Failed");
  EXPECT_EQ(sim.State("b"), "Synced");
  EXPECT_EQ(Value("b2"), "one");
}

TEST_F(AppTest, WritesThatHangLeavePlacesForOtherApps) {
  sim.hold_answers = true;
  Publish({{"a", Maps("a", 50)}, {"b", Maps("b", 2)}});
  sim.Boot();
  sim.Settle();
  const std::vector<Request> held = sim.HeldRequests();
  EXPECT_EQ(held.size(), 14u);  // 12 of 16 for the first, both of the second
}

TEST_F(AppTest, HigherPriorityGoesFirst) {
  FakeHub::App critical = Maps("z", 20);
  critical.policy.priority = "critical";
  FakeHub::App low = Maps("a", 20);
  low.policy.priority = "low";
  sim.hold_answers = true;
  Publish({{"a", low}, {"z", critical}});
  sim.Boot();
  sim.Settle();
  const std::vector<Request> held = sim.HeldRequests();
  ASSERT_EQ(held.size(), 16u);
  EXPECT_EQ(std::count_if(held.begin(), held.end(),
                          [](const Request& one) { return one.key.name.front() == 'z'; }),
            12);
}

TEST_F(AppTest, AnAppWaitsForWhatItDependsOn) {
  FakeHub::App web = Maps("web", 1);
  web.policy.depends_on = {"base"};
  FakeHub::App base;
  base.objects = {DeploymentOf("db", "db:1")};
  sim.cluster.auto_ready = false;
  Deploy({{"base", base}, {"web", web}});
  EXPECT_EQ(sim.State("base"), "Progressing");
  ASSERT_EQ(Codes("base"), std::vector<std::string>{"not_healthy"});
  EXPECT_EQ(sim.Target("base").problems[0].object, "Deployment.apps shop/db");
  EXPECT_EQ(sim.Target("base").problems[0].message, "0 of 1 replicas made");
  EXPECT_EQ(sim.State("web"), "OutOfSync");
  EXPECT_TRUE(Has(Codes("web"), "waits_for_app"));
  EXPECT_EQ(Value("web0"), "missing");
  sim.cluster.auto_ready = true;
  sim.cluster.Edit(DeploymentKey("db"), [](object::Value&) {});
  sim.Settle();
  EXPECT_EQ(sim.State("web"), "Synced");
  EXPECT_TRUE(Codes("base").empty());
  EXPECT_EQ(Value("web0"), "one");
}

TEST_F(AppTest, AWaveWaitsForTheHealthOfTheOneBefore) {
  FakeHub::App app;
  app.objects = {InWave(DeploymentOf("first", "x:1"), "0"),
                 InWave(ConfigMapOf("second", "one"), "1")};
  sim.cluster.auto_ready = false;
  Deploy({{"app", app}});
  EXPECT_NE(sim.cluster.Find(DeploymentKey("first")), nullptr);
  EXPECT_EQ(Value("second"), "missing");
  EXPECT_EQ(sim.State("app"), "OutOfSync");
  sim.cluster.auto_ready = true;
  sim.cluster.Edit(DeploymentKey("first"), [](object::Value&) {});
  sim.Settle();
  EXPECT_EQ(Value("second"), "one");
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(AppTest, CustomResourcesFollowTheirDefinitionInOneRun) {
  FakeHub::App app;
  app.objects = {Crd(), Widget()};
  Deploy({{"app", app}});
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
  EXPECT_NE(sim.cluster.Find({"example.com", "Widget", "shop", "w"}), nullptr);
  EXPECT_TRUE(sim.cluster.watched().contains({"example.com", "Widget"}));
}

TEST_F(AppTest, AKindThatNobodyServesIsReportedAndFoundLater) {
  FakeHub::App app = Maps("m", 1);
  app.objects.push_back(Widget());
  Deploy({{"app", app}});
  EXPECT_EQ(Value("m0"), "one");
  EXPECT_EQ(sim.State("app"), "Failed");
  EXPECT_TRUE(Has(Codes("app"), "kind_unknown"));
  sim.cluster.Put(Crd());  // installed by somebody else
  sim.Run(Millis(120000));
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
  EXPECT_NE(sim.cluster.Find({"example.com", "Widget", "shop", "w"}), nullptr);
}

TEST_F(AppTest, ARemovedAppIsPrunedWithItsParent) {
  Deploy({{"a", Maps("a", 3)}, {"b", Maps("b", 1)}});
  FakeHub::App rest = Maps("b", 1);
  Deploy({{"b", rest}});
  EXPECT_EQ(Value("a0"), "missing");
  EXPECT_EQ(Value("b0"), "one");
  EXPECT_FALSE(sim.cluster.parents.contains("a"));
  EXPECT_EQ(sim.machine().apps().runs().size(), 1u);
  EXPECT_EQ(sim.machine().Report(sim.now).targets.size(), 1u);
}

TEST_F(AppTest, AMassRemovalNeedsTheStatementsConsent) {
  Deploy({{"shop", Maps("m", 40)}});
  FakeHub::App few = Maps("m", 5);
  Deploy({{"shop", few}});
  EXPECT_EQ(Value("m39"), "one");
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  EXPECT_TRUE(Has(Codes("shop"), "prune_guard"));
  const std::string hint = sim.Target("shop").warnings.at(0).hint;
  EXPECT_NE(hint.find("dunlin app sync shop --allow-mass-prune"), std::string::npos) << hint;
  few.allow_mass_prune = true;
  Deploy({{"shop", few}});
  EXPECT_EQ(Value("m39"), "missing");
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(AppTest, ARemovedAppAboveTheGuardWaitsForItsConfirmation) {
  Deploy({{"a", Maps("a", 12)}, {"b", Maps("b", 1)}});
  Deploy({{"b", Maps("b", 1)}});
  EXPECT_EQ(Value("a11"), "one");
  EXPECT_EQ(sim.State("a"), "OutOfSync");
  EXPECT_TRUE(Has(Codes("a"), "prune_guard"));
  sim.Boot();  // a restart changes nothing of that
  sim.Run(Millis(5000));
  EXPECT_EQ(Value("a11"), "one");
  sim.hub.removed = {AppName("a")};
  Deploy({{"b", Maps("b", 1)}});
  EXPECT_EQ(Value("a11"), "missing");
  EXPECT_EQ(Value("b0"), "one");
  EXPECT_EQ(sim.machine().Report(sim.now).targets.size(), 1u);
  EXPECT_EQ(sim.hub.reports.back().targets.size(), 1u);  // and the hub hears of it
}

TEST_F(AppTest, AnAppWithPruneOffThatIsRemovedStaysAlsoAfterARestart) {
  FakeHub::App off = Maps("a", 2);
  off.policy.prune = false;
  FakeHub::App orphan = Maps("o", 2);
  orphan.policy.keep_on_removal = true;
  Deploy({{"a", off}, {"b", Maps("b", 1)}, {"o", orphan}});
  sim.Boot();
  sim.Run(Millis(5000));
  Deploy({{"b", Maps("b", 1)}});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Value("a0"), "one");
    EXPECT_EQ(Value("o1"), "one");
    EXPECT_EQ(sim.State("a"), "OutOfSync");
    EXPECT_TRUE(Has(Codes("a"), "prune_refused"));
    EXPECT_TRUE(Has(Codes("o"), "prune_refused"));
    sim.Boot();
    sim.Run(Millis(5000));
  }
  // Back with prune on, and out again.
  Deploy({{"a", Maps("a", 2)}, {"b", Maps("b", 1)}});
  EXPECT_EQ(sim.State("a"), "Synced");
  Deploy({{"b", Maps("b", 1)}});
  EXPECT_EQ(Value("a0"), "missing");
  EXPECT_EQ(Value("o0"), "one");
}

TEST_F(AppTest, AnExpiredHeadRemovesNothingUntilItIsRenewed) {
  sim.hub.life = Millis(60 * 60 * 1000);
  Deploy({{"shop", Maps("m", 4)}});
  sim.cluster_away = true;
  Deploy({{"shop", Maps("m", 3)}});
  sim.Run(Millis(2 * 60 * 60 * 1000));
  sim.cluster_away = false;
  sim.Relist();
  sim.Run(Millis(1000));
  EXPECT_TRUE(sim.HasProblem("head_expired"));
  EXPECT_EQ(Value("m3"), "one");
  sim.cluster.Erase(ConfigMapKey("m0"));  // enforcing goes on
  sim.Settle();
  EXPECT_EQ(Value("m0"), "one");
  sim.hub.RenewHead(sim.now);
  sim.Run(Millis(70000));
  EXPECT_EQ(Value("m3"), "missing");
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(AppTest, ALostDatabasePrunesNothingUntilANewerStatement) {
  Deploy({{"shop", Maps("m", 4)}});
  Publish({{"shop", Maps("m", 3)}});
  sim.disk.records.clear();
  sim.disk.trusted = sim.hub.Trust();
  sim.bundles.clear();
  sim.disk.reset_reason = "agent.db was damaged";
  sim.Boot();
  sim.Run(Millis(5000));
  sim.disk.reset_reason.clear();
  EXPECT_TRUE(sim.HasProblem("state_reset"));
  EXPECT_EQ(Value("m3"), "one");
  for (const Request& write : NewWrites()) EXPECT_NE(write.verb, Verb::kDelete);
  Deploy({{"shop", Maps("m", 2)}});
  EXPECT_EQ(Value("m2"), "missing");
  EXPECT_EQ(Value("m3"), "one");  // of a statement that nobody remembers
  EXPECT_FALSE(sim.HasProblem("state_reset"));
}

TEST_F(AppTest, AnObjectMovesFromOneAppToAnother) {
  Deploy({{"a", Maps("m", 2)}, {"b", Maps("b", 1)}});
  FakeHub::App b = Maps("b", 1);
  b.objects.push_back(ConfigMapOf("m1", "one"));
  Deploy({{"a", Maps("m", 1)}, {"b", b}});
  EXPECT_EQ(Value("m1"), "one");
  EXPECT_EQ(sim.State("a"), "Synced");
  EXPECT_EQ(sim.State("b"), "Synced");
  for (const Request& write : NewWrites()) EXPECT_NE(write.verb, Verb::kDelete);
}

TEST_F(AppTest, AnObjectThatTwoAppsWantStaysWithOneOfThem) {
  Deploy({{"a", Maps("m", 2)}, {"b", Maps("m", 1)}});
  EXPECT_EQ(sim.State("a"), "Synced");
  EXPECT_EQ(sim.State("b"), "Failed");
  EXPECT_TRUE(Has(Codes("b"), "ownership_conflict"));
  EXPECT_EQ(NewWrites().size(), 2u);
  sim.Run(Millis(300000));
  EXPECT_TRUE(NewWrites().empty());
}

TEST_F(AppTest, WhatThePolicyAsksAndWeCannotDoIsSaid) {
  FakeHub::App app = Maps("m", 1);
  app.policy.apply = "ssa";
  Deploy({{"app", app}});
  EXPECT_EQ(Value("m0"), "one");
  EXPECT_EQ(sim.State("app"), "Synced");
  EXPECT_TRUE(Has(Codes("app"), "unsupported_policy"));
}

TEST_F(AppTest, ATerminatingObjectIsWaitedForAndNeverForced) {
  FakeHub::App app = Maps("m", 2);
  Deploy({{"app", app}});
  NewWrites();
  sim.cluster.Edit(ConfigMapKey("m1"), [](object::Value& object) {
    object.as_object()["metadata"].as_object()["deletionTimestamp"] = "2026-11-24T12:00:00Z";
  });
  sim.Run(Millis(30000));
  EXPECT_TRUE(NewWrites().empty());
  sim.cluster.Erase(ConfigMapKey("m1"));
  sim.Run(Millis(30000));
  EXPECT_EQ(Value("m1"), "one");
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(AppTest, TheDocumentsAreDroppedWhenNothingIsOpen) {
  Deploy({{"app", Maps("m", 20)}});
  EXPECT_FALSE(sim.machine().apps().desired().loaded());
  sim.cluster.Edit(ConfigMapKey("m1"), [](object::Value& object) {
    object.as_object()["data"].as_object()["key"] = "theirs";
  });
  sim.Settle();
  EXPECT_EQ(Value("m1"), "one");  // from its record
  EXPECT_FALSE(sim.machine().apps().desired().loaded());
}

}  // namespace
}  // namespace dunlin::sync
