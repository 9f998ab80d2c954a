// Hooks through the whole agent: order, outcome, delete policies, restarts.
#include "agent/plan/hooks.h"

#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

object::ResourceKey JobKey(const std::string& name) { return {"batch", "Job", "shop", name}; }

object::Value Annotated(object::Value object, const std::string& name, const std::string& value) {
  object::Object& metadata = object.as_object()["metadata"].as_object();
  if (!metadata.contains("annotations")) metadata["annotations"] = object::Object{};
  metadata["annotations"].as_object()[name] = value;
  return object;
}

object::Value Job(const std::string& name, const std::string& hook,
                  const std::string& policy = "") {
  object::Value job = Json(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":")" + name +
                           R"(","namespace":"shop"},"spec":{"image":"x:1"}})");
  job = Annotated(std::move(job), "argocd.argoproj.io/hook", hook);
  if (policy.empty()) return job;
  return Annotated(std::move(job), "argocd.argoproj.io/hook-delete-policy", policy);
}

object::Value Helm(const std::string& name, const std::string& hook) {
  object::Value job = Json(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":")" + name +
                           R"(","namespace":"shop"},"spec":{"image":"x:1"}})");
  return Annotated(std::move(job), "helm.sh/hook", hook);
}

class HookTest : public SyncTest {
 protected:
  void End(const std::string& name, const std::string& condition = "Complete") {
    sim.cluster.SetStatus(JobKey(name),
                          Json(R"({"startTime":"2026-11-24T12:00:00Z","conditions":[{"type":")" +
                               condition + R"(","status":"True","message":"it says so"}]})"));
    sim.Run(Millis(1000));
  }
  bool There(const std::string& name) { return sim.cluster.Find(JobKey(name)) != nullptr; }
  // "create Job.batch shop/x", in order, since the last call.
  std::vector<std::string> Writes() {
    std::vector<std::string> out;
    for (const Request& request : NewWrites()) {
      out.push_back(std::string(Name(request.verb)) + " " + request.key.name);
    }
    return out;
  }
  bool Has(const std::string& code) {
    const auto codes = Codes("app");
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  }
};
using Lines = std::vector<std::string>;

FakeHub::App WithHooks(std::vector<object::Value> hooks, const std::string& value = "one") {
  FakeHub::App app;
  app.objects = std::move(hooks);
  app.objects.push_back(ConfigMapOf("settings", value));
  return app;
}

TEST_F(HookTest, PreSyncThenObjectsThenPostSync) {
  Deploy({{"app", WithHooks({Job("check", "PostSync"), Job("migrate", "PreSync")})}});
  EXPECT_EQ(Writes(), Lines{"create migrate"});
  EXPECT_EQ(sim.State("app"), "OutOfSync");
  EXPECT_TRUE(Has("hook_running"));
  End("migrate");
  EXPECT_EQ(Writes(), (Lines{"create settings", "create check"}));
  EXPECT_EQ(sim.State("app"), "OutOfSync");
  End("check");
  EXPECT_EQ(Writes(), Lines{});
  EXPECT_EQ(sim.State("app"), "Synced");
  EXPECT_TRUE(Codes("app").empty()) << testing::PrintToString(Codes("app"));
  EXPECT_EQ(sim.Target("app").counts.created, 3);
  EXPECT_TRUE(There("migrate")) << "the default policy keeps it until the next one is made";
}

TEST_F(HookTest, PostSyncWaitsForTheHealthOfTheObjects) {
  FakeHub::App app;
  app.objects = {DeploymentOf("web", "x:1"), Job("check", "PostSync")};
  sim.cluster.auto_ready = false;
  Deploy({{"app", app}});
  EXPECT_FALSE(There("check"));
  sim.cluster.auto_ready = true;
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value&) {});
  sim.Run(Millis(1000));
  EXPECT_TRUE(There("check"));
}

TEST_F(HookTest, WavesOrderHooksOfOnePhase) {
  auto second = Annotated(Job("a-second", "PreSync"), "argocd.argoproj.io/sync-wave", "2");
  auto first = Annotated(Job("z-first", "PreSync"), "argocd.argoproj.io/sync-wave", "-1");
  Deploy({{"app", WithHooks({second, first})}});
  EXPECT_EQ(Writes(), Lines{"create z-first"});
  End("z-first");
  EXPECT_EQ(Writes(), Lines{"create a-second"});
  End("a-second");
  EXPECT_EQ(Writes(), Lines{"create settings"});
}

TEST_F(HookTest, AFailedPreSyncStopsTheSyncAndRunsSyncFail) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync"), Job("alarm", "SyncFail")})}});
  End("migrate", "Failed");
  EXPECT_EQ(Writes(), (Lines{"create migrate", "create alarm"}));
  End("alarm");
  EXPECT_EQ(sim.State("app"), "Failed");
  ASSERT_EQ(Codes("app"), Lines{"hook_failed"});
  EXPECT_NE(sim.Target("app").problems[0].message.find("PreSync hook: "), std::string::npos);
  EXPECT_EQ(Value("settings"), "missing");
  sim.Run(Millis(600000));
  sim.Boot();
  sim.Run(Millis(600000));
  EXPECT_EQ(Writes(), Lines{}) << "neither is run again";
  EXPECT_EQ(sim.State("app"), "Failed");
  // A commit that mends it.
  Deploy({{"app", WithHooks({Job("migrate", "PreSync"), Job("alarm", "SyncFail")}, "two")}});
  EXPECT_EQ(Writes(), (Lines{"delete migrate", "create migrate"}));
  End("migrate");
  EXPECT_EQ(Value("settings"), "two");
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
}

TEST_F(HookTest, DeletingTheFailedHookTriesTheSyncAgain) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync")})}});
  End("migrate", "Failed");
  EXPECT_EQ(sim.State("app"), "Failed");
  sim.cluster.Erase(JobKey("migrate"));
  sim.Run(Millis(2000));
  EXPECT_EQ(Writes(), (Lines{"create migrate", "create migrate"}));
  End("migrate");
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(HookTest, ARefusedObjectRunsSyncFailOnceAndPostSyncWhenItIsMended) {
  bool refuse = true;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (!refuse || request.key.name != "settings") return std::nullopt;
    return Refusal(403, "Forbidden");
  };
  Deploy({{"app", WithHooks({Job("check", "PostSync"), Job("alarm", "SyncFail")})}});
  EXPECT_TRUE(There("alarm"));
  EXPECT_FALSE(There("check"));
  End("alarm");
  EXPECT_EQ(sim.State("app"), "Failed");
  Writes();
  sim.Run(Millis(120000));
  const Lines more = Writes();
  EXPECT_EQ(std::count(more.begin(), more.end(), "create alarm"), 0);
  refuse = false;
  sim.Run(Millis(120000));
  EXPECT_TRUE(There("check"));
  End("check");
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
}

TEST_F(HookTest, DeletePoliciesCountWhenTheSyncEnds) {
  Deploy(
      {{"app", WithHooks({Job("a", "PreSync", "HookSucceeded"), Job("b", "PreSync", "HookFailed"),
                          Job("c", "PostSync", "HookFailed, HookSucceeded")})}});
  End("a");
  EXPECT_TRUE(There("a"));
  End("b");
  EXPECT_TRUE(There("a")) << "the sync is not over";
  End("c");
  EXPECT_FALSE(There("a"));
  EXPECT_TRUE(There("b")) << "it did not fail";
  EXPECT_FALSE(There("c"));
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(HookTest, AFailedHookGoesByHookFailed) {
  Deploy({{"app", WithHooks({Job("a", "PreSync", "HookFailed")})}});
  End("a", "Failed");
  EXPECT_FALSE(There("a"));
  sim.Run(Millis(600000));
  EXPECT_EQ(Writes(), (Lines{"create a", "delete a"}));
  EXPECT_EQ(sim.State("app"), "Failed");
}

TEST_F(HookTest, SelfHealStartsNoHook) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync", "HookSucceeded")})}});
  End("migrate");
  Writes();
  sim.cluster.Edit(ConfigMapKey("settings"), [](object::Value& object) {
    object.as_object()["data"].as_object()["key"] = "other";
  });
  sim.Run(Millis(2000));
  EXPECT_EQ(Writes(), Lines{"patch settings"});
  sim.Boot();
  sim.Run(Millis(2000));
  EXPECT_EQ(Writes(), Lines{});
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(HookTest, APolicyChangeStartsNoHook) {
  FakeHub::App app = WithHooks({Job("migrate", "PreSync", "HookSucceeded")});
  Deploy({{"app", app}});
  End("migrate");
  Writes();
  app.policy.retry_limit = 2;
  Deploy({{"app", app}});
  EXPECT_EQ(Writes(), Lines{});
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(HookTest, ARestartInMidHookGoesOnWithIt) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync", "HookSucceeded")})}});
  EXPECT_EQ(Writes(), Lines{"create migrate"});
  sim.Kill();
  sim.cluster.SetStatus(JobKey("migrate"),
                        Json(R"({"conditions":[{"type":"Complete","status":"True"}]})"));
  sim.Boot();
  sim.Run(Millis(2000));
  EXPECT_EQ(Writes(), (Lines{"create settings", "delete migrate"}));
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(HookTest, AKillAtAnyMomentRunsEachHookOnceAndDeletesIt) {
  int steps = 0;
  for (int stop = 0;; ++stop) {
    Scenario world;
    Simulation& one = world.sim;
    one.cluster.admit = [](object::Value& object) {  // every Job ends at once
      if (object::FindString(object, {"kind"}) != "Job") return;
      object.as_object()["status"] =
          Json(R"({"conditions":[{"type":"Complete","status":"True"}]})");
    };
    const FakeHub::App app = WithHooks(
        {Job("pre", "PreSync", "HookSucceeded"), Job("post", "PostSync", "HookSucceeded")});
    world.Publish({{"app", app}});
    one.Boot();
    for (steps = 0; steps < stop && one.Next(); ++steps) {
    }
    if (steps < stop) break;
    one.Boot();
    one.Run(Millis(30000));
    ASSERT_EQ(one.State("app"), "Synced") << "killed after " << stop;
    int created = 0;
    for (const Request& request : one.cluster.Writes()) {
      created += request.verb == Verb::kCreate && request.key.kind == "Job" ? 1 : 0;
    }
    EXPECT_EQ(created, 2) << "killed after " << stop;
    EXPECT_EQ(one.cluster.Find(JobKey("pre")), nullptr) << "killed after " << stop;
    EXPECT_EQ(one.cluster.Find(JobKey("post")), nullptr) << "killed after " << stop;
    ASSERT_LT(stop, 300);
  }
  EXPECT_GT(steps, 10);
}

TEST_F(HookTest, GeneratedNamesAreTheSameAfterARestart) {
  object::Value job = Job("migrate-x", "PreSync");
  job.as_object()["metadata"].as_object()["generateName"] = "migrate-";
  Deploy({{"app", WithHooks({job})}});
  const std::string name = "migrate-aaaaaaa-presync-" + std::to_string(sim.hub.seq());
  EXPECT_EQ(Writes(), Lines{"create " + name});
  sim.Boot();
  sim.Run(Millis(2000));
  EXPECT_EQ(Writes(), Lines{});
  End(name);
  EXPECT_EQ(sim.State("app"), "Synced");
  Writes();
  // The next content makes another one, and the old one goes.
  Deploy({{"app", WithHooks({job}, "two")}});
  const std::string next = "migrate-aaaaaaa-presync-" + std::to_string(sim.hub.seq());
  EXPECT_EQ(Writes(), Lines{"create " + next});
  End(next);
  EXPECT_FALSE(There(name));
  EXPECT_TRUE(There(next));
}

TEST_F(HookTest, HooksAreNotDriftAndNotPruned) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync")})}});
  End("migrate");
  Writes();
  sim.cluster.Edit(JobKey("migrate"), [](object::Value& object) {
    object.as_object()["spec"].as_object()["image"] = "y:2";
  });
  sim.Run(Millis(2000));
  EXPECT_EQ(Writes(), Lines{});
  EXPECT_TRUE(Codes("app").empty());
  // Gone from Git: it goes with the next sync.
  Deploy({{"app", WithHooks({}, "two")}});
  EXPECT_EQ(Writes(), (Lines{"patch settings", "delete migrate"}));
  EXPECT_TRUE(Codes("app").empty()) << testing::PrintToString(Codes("app"));
  EXPECT_TRUE(sim.disk.hook_runs.empty());
}

TEST_F(HookTest, ARemovedAppTakesItsHooksAlong) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync")})}, {"b", Shop("x:1", 1)}});
  End("migrate");
  Deploy({{"b", Shop("x:1", 1)}});
  EXPECT_FALSE(There("migrate"));
  EXPECT_FALSE(sim.cluster.parents.contains("app"));
  EXPECT_TRUE(sim.disk.hook_runs.empty());
}

TEST_F(HookTest, OneHookInSeveralPhasesIsMadeForEach) {
  Deploy({{"app", WithHooks({Job("note", "PreSync,PostSync")})}});
  End("note");
  EXPECT_EQ(Writes(), (Lines{"create note", "create settings", "delete note", "create note"}));
  End("note");
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
}

TEST_F(HookTest, HelmsHooksAreMapped) {
  Deploy({{"app", WithHooks({Helm("pre", "pre-install,pre-upgrade"), Helm("post", "post-install"),
                             Helm("try", "test"), Helm("back", "pre-rollback")})}});
  EXPECT_EQ(Writes(), Lines{"create pre"});
  End("pre");
  EXPECT_EQ(Writes(), (Lines{"create settings", "create post"}));
  End("post");
  EXPECT_EQ(sim.State("app"), "Synced");
  EXPECT_TRUE(Codes("app").empty());
}

TEST_F(HookTest, AHookThatDoesNotEndFailsInTime) {
  auto job = Annotated(Job("slow", "PreSync"), "dunlin.dev/hook-timeout", "90s");
  sim.cluster.admit = [&](object::Value& object) {
    object.as_object()["metadata"].as_object()["creationTimestamp"] = FormatTime(sim.now);
  };
  Deploy({{"app", WithHooks({job})}});
  sim.Run(Millis(80000));
  EXPECT_EQ(sim.State("app"), "OutOfSync");
  sim.Run(Millis(20000));
  EXPECT_EQ(sim.State("app"), "Failed");
  EXPECT_NE(sim.Target("app").problems[0].message.find("90 s"), std::string::npos);
}

TEST_F(HookTest, AHookThatVanishesIsNoSuccess) {
  Deploy({{"app", WithHooks({Job("migrate", "PreSync")})}});
  sim.cluster.Erase(JobKey("migrate"));
  sim.Run(Millis(20000));
  EXPECT_EQ(sim.State("app"), "Failed");
  EXPECT_EQ(Value("settings"), "missing");
}

TEST_F(HookTest, AHookThatCannotBeMadeHoldsTheObjectsAndIsTriedAgain) {
  bool refuse = true;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (!refuse || request.key.kind != "Job") return std::nullopt;
    return Refusal(403, "Forbidden");
  };
  Deploy({{"app", WithHooks({Job("migrate", "PreSync")})}});
  EXPECT_EQ(sim.State("app"), "Failed");
  EXPECT_EQ(Value("settings"), "missing");
  refuse = false;
  sim.Run(Millis(120000));
  End("migrate");
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
}

TEST_F(HookTest, AnObjectOfSomebodyElseIsNotDeletedForAHook) {
  object::Value theirs = Job("migrate", "PreSync");
  theirs = Annotated(theirs, "meta.helm.sh/release-name", "other");
  sim.cluster.Put(theirs);
  Deploy({{"app", WithHooks({Job("migrate", "PreSync")})}});
  EXPECT_EQ(sim.State("app"), "Failed");
  EXPECT_TRUE(Has("ownership_conflict"));
  EXPECT_EQ(Live(JobKey("migrate"), {"metadata", "annotations", "meta.helm.sh/release-name"}),
            "other");
}

}  // namespace
}  // namespace dunlin::sync
