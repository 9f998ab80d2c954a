#include "agent/plan/hooks.h"

#include <gtest/gtest.h>

#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

HookSpec Hook(std::string_view annotations) {
  return HookOf(Manifest("batch/v1", "Job", "a",
                         R"({"metadata":{"annotations":)" + std::string(annotations) + "}}"));
}
HookKind Kind(std::string_view annotations) { return Hook(annotations).kind; }
using Phases = std::vector<HookPhase>;

TEST(Hook, Kinds) {
  EXPECT_EQ(Kind("{}"), HookKind::kNone);
  EXPECT_EQ(Kind(R"({"argocd.argoproj.io/hook":"PreSync"})"), HookKind::kHook);
  EXPECT_EQ(Kind(R"({"argocd.argoproj.io/hook":"Skip, PostSync"})"), HookKind::kHook);
  EXPECT_EQ(Kind(R"({"argocd.argoproj.io/hook":"Skip"})"), HookKind::kIgnored);
  EXPECT_EQ(Kind(R"({"helm.sh/hook":"pre-install,pre-upgrade"})"), HookKind::kHook);
  EXPECT_EQ(Kind(R"({"helm.sh/hook":"test"})"), HookKind::kIgnored);
  EXPECT_EQ(Kind(R"({"helm.sh/hook":"pre-rollback"})"), HookKind::kIgnored);
  EXPECT_EQ(Kind(R"({"helm.sh/hook":"crd-install"})"), HookKind::kNone);
}

TEST(Hook, AnArgoCdAnnotationHidesHelms) {
  EXPECT_EQ(Kind(R"({"argocd.argoproj.io/hook":"Skip","helm.sh/hook":"pre-install"})"),
            HookKind::kIgnored);
}

TEST(Hook, PhasesAreEachOnceInOrder) {
  EXPECT_EQ(Hook(R"({"argocd.argoproj.io/hook":"PostSync,PreSync , SyncFail,PreSync"})").phases,
            (Phases{HookPhase::kPreSync, HookPhase::kPostSync, HookPhase::kSyncFail}));
  EXPECT_EQ(Hook(R"({"helm.sh/hook":"pre-install,pre-upgrade"})").phases,
            Phases{HookPhase::kPreSync});
  EXPECT_EQ(Hook(R"({"helm.sh/hook":"post-upgrade,post-install"})").phases,
            Phases{HookPhase::kPostSync});
}

TEST(Hook, DeletePoliciesOfBothDialects) {
  const auto policy = Hook(R"({"argocd.argoproj.io/hook":"Sync",
      "argocd.argoproj.io/hook-delete-policy":"HookSucceeded, HookFailed"})")
                          .policy;
  EXPECT_EQ(policy, (DeletePolicy{false, true, true}));
  EXPECT_EQ(Hook(R"({"argocd.argoproj.io/hook":"Sync"})").policy,
            (DeletePolicy{true, false, false}));
  EXPECT_EQ(Hook(R"({"helm.sh/hook":"pre-install",
      "helm.sh/hook-delete-policy":"before-hook-creation,hook-succeeded"})")
                .policy,
            (DeletePolicy{true, true, false}));
}

TEST(Hook, WordsThatNobodyKnowsAreNamed) {
  EXPECT_EQ(Hook(R"({"argocd.argoproj.io/hook":"PreSync,PostDelete"})").not_done,
            std::vector<std::string>{"PostDelete"});
  EXPECT_EQ(Hook(R"({"helm.sh/hook":"pre-delete"})").not_done,
            std::vector<std::string>{"pre-delete"});
  EXPECT_TRUE(Hook(R"({"helm.sh/hook":"test,post-rollback"})").not_done.empty());
  EXPECT_EQ(Hook(R"({"argocd.argoproj.io/hook":"Sync","dunlin.dev/hook-timeout":"soon"})").not_done,
            std::vector<std::string>{"dunlin.dev/hook-timeout: soon"});
}

TEST(Hook, Timeout) {
  EXPECT_EQ(Hook(R"({"helm.sh/hook":"pre-install"})").timeout, kHookTimeout);
  EXPECT_EQ(Hook(R"({"helm.sh/hook":"pre-install","dunlin.dev/hook-timeout":"2h"})").timeout,
            Seconds(7200));
}

TEST(Hook, GeneratedNamesAreDeterministicAndFit) {
  EXPECT_EQ(GeneratedHookName("db-", "0123456789", HookPhase::kPreSync, 17),
            "db-0123456-presync-17");
  const std::string name = GeneratedHookName(std::string(60, 'x') + "-", "0123456789",
                                             HookPhase::kSyncFail, 1795521607000);
  EXPECT_EQ(name.size(), 63u);
  EXPECT_TRUE(name.ends_with("x0123456-syncfail-1795521607000"));
}

TEST(Hook, ARunSurvivesTheDatabase) {
  HookRun run;
  run.content = "c";
  run.seq = 1795521607000;
  run.failed = true;
  HookTask task;
  task.phase = HookPhase::kSyncFail;
  task.declared = Key("batch", "Job", "a");
  task.key = Key("batch", "Job", "a-1");
  task.api_version = "batch/v1";
  task.uid = "u";
  task.policy = {true, false, true};
  task.timeout = Seconds(90);
  task.state = HookState::kFailed;
  task.why = "it \"says\" so";
  run.tasks = {task};
  task.removed = true;
  run.leftovers = {task};
  const auto read = DecodeHookRun(EncodeHookRun(run));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, run);
  EXPECT_FALSE(DecodeHookRun(R"({"tasks":[{"phase":9,"state":0}]})"));
  EXPECT_FALSE(DecodeHookRun("["));
}

std::optional<HookState> Judge(std::string_view object, health::HealthStatus status) {
  return JudgeHook(Json(object), {status, "", ""});
}

TEST(Hook, ReadyIsNotOverForWhatIsMeantToEnd) {
  using health::HealthStatus;
  const auto succeeded = HookState::kSucceeded;
  EXPECT_EQ(Judge(R"({"apiVersion":"batch/v1","kind":"Job"})", HealthStatus::kCurrent), succeeded);
  EXPECT_EQ(Judge(R"({"apiVersion":"batch/v1","kind":"Job","spec":{"suspend":true}})",
                  HealthStatus::kCurrent),
            std::nullopt);
  EXPECT_EQ(Judge(R"({"apiVersion":"batch/v1","kind":"Job"})", HealthStatus::kInProgress),
            std::nullopt);
  EXPECT_EQ(Judge(R"({"apiVersion":"batch/v1","kind":"Job"})", HealthStatus::kFailed),
            HookState::kFailed);
  EXPECT_EQ(Judge(R"({"apiVersion":"v1","kind":"Pod","spec":{"restartPolicy":"Never"},
      "status":{"phase":"Running"}})",
                  HealthStatus::kCurrent),
            std::nullopt);
  EXPECT_EQ(Judge(R"({"apiVersion":"v1","kind":"Pod","spec":{"restartPolicy":"Never"},
      "status":{"phase":"Succeeded"}})",
                  HealthStatus::kCurrent),
            succeeded);
  EXPECT_EQ(Judge(R"({"apiVersion":"v1","kind":"ConfigMap"})", HealthStatus::kCurrent), succeeded);
}

std::vector<std::string> StagesOf(const AppPlan& plan) {
  std::vector<std::string> out;
  for (const Stage& stage : plan.stages) {
    std::string text = std::string(Name(stage.phase)) + " " + std::to_string(stage.wave);
    for (const Step& step : stage.steps) text += " " + step.key.name;
    for (const DesiredPtr& hook : stage.hooks) text += " [" + hook->key.name + "]";
    text += stage.gate_hooks ? " hooks" : "";
    text += stage.gate_health ? " health" : "";
    out.push_back(std::move(text));
  }
  return out;
}

object::Value HookMap(std::string_view name, std::string_view phase, std::string_view wave = "0") {
  return Manifest("v1", "ConfigMap", name,
                  R"({"metadata":{"annotations":{"argocd.argoproj.io/hook":")" +
                      std::string(phase) + R"(","argocd.argoproj.io/sync-wave":")" +
                      std::string(wave) + R"("}}})");
}

TEST(Hook, PlansGoByPhaseThenWaveThenStage) {
  Scene scene;
  scene.Want("shop", ConfigMap("settings"));
  scene.Want("shop", Manifest("apps/v1", "Deployment", "web"));
  scene.Want("shop", HookMap("alarm", "SyncFail"));
  scene.Want("shop", HookMap("check", "PostSync"));
  scene.Want("shop", HookMap("late", "PreSync", "1"));
  scene.Want("shop", HookMap("early", "PreSync", "-1"));
  scene.Want("shop", HookMap("during", "Sync"));
  EXPECT_EQ(StagesOf(scene.MakeFor("shop")),
            (std::vector<std::string>{"PreSync -1 [early] hooks", "PreSync 1 [late] hooks",
                                      "Sync 0 settings [during]", "Sync 0 web hooks health",
                                      "PostSync 0 [check] hooks", "SyncFail 0 [alarm] hooks"}));
}

TEST(Hook, TheLastWaveOfObjectsWaitsForNothingWithoutPostSync) {
  Scene scene;
  scene.Want("shop", ConfigMap("settings"));
  scene.Want("shop", HookMap("alarm", "SyncFail"));
  EXPECT_EQ(StagesOf(scene.MakeFor("shop")),
            (std::vector<std::string>{"Sync 0 settings", "SyncFail 0 [alarm] hooks"}));
}

TEST(Hook, WhatASyncLeavesIsDeletedInReverse) {
  HookRun run;
  const auto add = [](std::vector<HookTask>& list, std::string name, DeletePolicy policy,
                      HookState state) {
    HookTask task;
    task.key = Key("batch", "Job", name);
    task.policy = policy;
    task.state = state;
    list.push_back(std::move(task));
  };
  add(run.tasks, "a", {false, true, false}, HookState::kSucceeded);
  add(run.tasks, "b", {false, false, true}, HookState::kSucceeded);
  add(run.tasks, "c", {false, true, true}, HookState::kFailed);
  add(run.leftovers, "d", {true, false, false}, HookState::kSucceeded);
  add(run.leftovers, "e", {false, true, false}, HookState::kFailed);
  const auto names = [&] {
    std::vector<std::string> out;
    for (const HookTask& task : HooksToClear(run)) out.push_back(task.key.name);
    return out;
  };
  EXPECT_EQ(names(), (std::vector<std::string>{"c", "a"}));
  run.ended = true;
  EXPECT_EQ(names(), (std::vector<std::string>{"d", "c", "a"}));
}

}  // namespace
}  // namespace dunlin::plan
