// The plan as a whole: stages, gates, order, write-ahead set, determinism.
#include "agent/plan/plan.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "agent/plan/order.h"
#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

object::Value InWave(std::string_view name, int wave) {
  return Manifest(
      "v1", "ConfigMap", name,
      R"({"metadata":{"annotations":{"dunlin.dev/wave":")" + std::to_string(wave) + "\"}}}");
}

object::Value Crd() {
  return Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com",
                  R"({"spec":{"group":"example.com","scope":"Namespaced","names":{"kind":"Widget"},
                      "versions":[{"name":"v1","served":true}]}})");
}

TEST(Plan, MissingInputsAreAnError) { EXPECT_FALSE(MakePlan({})); }

TEST(Plan, EmptyIsEmpty) { EXPECT_TRUE(Scene().Make().apps.empty()); }

TEST(Plan, OneStagePerWaveAndStage) {
  Scene scene;
  scene.Want("shop", ConfigMap("a"));
  scene.Want("shop", ConfigMap("b"));
  scene.Want("shop", Manifest("apps/v1", "Deployment", "d"));
  scene.Want("shop", InWave("late", 1));
  const AppPlan plan = scene.MakeFor("shop");
  ASSERT_EQ(plan.stages.size(), 3u);
  EXPECT_EQ(plan.stages[0].steps.size(), 2u);
  EXPECT_EQ(plan.stages[0].stage, kStageConfiguration);
  EXPECT_EQ(plan.stages[1].stage, 3);
  EXPECT_EQ(plan.stages[2].wave, 1);
}

TEST(Plan, TheLastStageOfAWaveGatesOnHealthWhenAnotherWaveFollows) {
  Scene scene;
  scene.Want("shop", InWave("first", -1));
  scene.Want("shop", ConfigMap("a"));
  scene.Want("shop", Manifest("apps/v1", "Deployment", "d"));
  scene.Want("shop", InWave("late", 1));
  const AppPlan plan = scene.MakeFor("shop");
  ASSERT_EQ(plan.stages.size(), 4u);
  EXPECT_TRUE(plan.stages[0].gate_health);
  EXPECT_FALSE(plan.stages[1].gate_health) << "the wave goes on";
  EXPECT_TRUE(plan.stages[2].gate_health);
  EXPECT_FALSE(plan.stages[3].gate_health) << "nothing follows";
}

TEST(Plan, CrdsGateOnEstablishedAndTheirResourcesWait) {
  Scene scene;
  scene.Want("shop", Crd());
  scene.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  scene.Want("shop", ConfigMap("a"));
  const AppPlan plan = scene.MakeFor("shop");
  ASSERT_EQ(plan.stages.size(), 3u);
  EXPECT_TRUE(plan.stages[0].gate_established);
  EXPECT_EQ(plan.stages[0].steps[0].action, Action::kCreate);
  EXPECT_FALSE(plan.stages[1].gate_established);
  EXPECT_EQ(plan.stages[2].steps[0].action, Action::kWaitForCrd);
}

TEST(Plan, AppsComeByPriorityThenName) {
  Scene scene;
  scene.policies["low"].priority = -1;
  scene.policies["critical"].priority = 3;
  scene.policies["critical"].depends_on = {"base"};
  for (const std::string app : {"low", "critical", "b", "a"}) scene.App(app);
  scene.Applied("removed", ConfigMap("r"));
  std::vector<std::string> names;
  const Plan plan = scene.Make();
  for (const AppPlan& app : plan.apps) names.push_back(app.app);
  EXPECT_EQ(names, (std::vector<std::string>{"critical", "a", "b", "removed", "low"}));
  EXPECT_EQ(plan.apps[0].depends_on, (std::vector<std::string>{"base"}));
}

TEST(Plan, ProblemsOfPreparationAreReported) {
  Scene scene;
  scene.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  ASSERT_EQ(scene.MakeFor("shop").problems.size(), 1u);
}

TEST(Plan, ABadAppDoesNotTouchAnother) {
  Scene scene;
  scene.Want("bad", Manifest("example.com/v1", "Widget", "w"));
  scene.Want("good", ConfigMap("a"));
  EXPECT_EQ(FindStep(scene.MakeFor("good"), ConfigMapKey("a"))->action, Action::kCreate);
}

TEST(Plan, AnUnchangedStatementIsAllSkips) {
  Scene scene;
  scene.metadata_only = true;
  for (int i = 0; i < 100; ++i) scene.Synced("shop", ConfigMap("c" + std::to_string(i)));
  for (const Stage& stage : scene.MakeFor("shop").stages) {
    for (const Step& step : stage.steps) EXPECT_EQ(step.action, Action::kSkip);
  }
}

TEST(Plan, PruneRule10TheSupersetHoldsMembersAndWhatMayBeCreated) {
  Scene scene;
  scene.Want("shop", ConfigMap("new"));
  scene.Synced("shop", Manifest("apps/v1", "Deployment", "kept"));
  scene.Applied("shop", Manifest("v1", "Secret", "old", R"({"metadata":{"namespace":"legacy"}})"));
  scene.Live(Manifest("v1", "Service", "foreign",
                      R"({"metadata":{"annotations":{"meta.helm.sh/release-name":"web"}}})"));
  scene.Want("shop", Manifest("v1", "Service", "foreign"));
  const AppPlan plan = scene.MakeFor("shop");
  std::vector<std::string> keys;
  for (const auto& key : plan.superset) keys.push_back(key.Text());
  EXPECT_EQ(keys, (std::vector<std::string>{"ConfigMap shop/new", "Secret legacy/old",
                                            "Deployment.apps shop/kept"}));
  EXPECT_EQ(plan.group_kinds,
            (std::set<GroupKind>{{"", "ConfigMap"}, {"", "Secret"}, {"apps", "Deployment"}}));
  EXPECT_EQ(plan.namespaces, (std::set<std::string>{"legacy", "shop"}));
}

// A random scene, from one seed.
void Fill(Scene& scene, uint32_t seed) {
  std::mt19937 random(seed);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  for (const std::string app : {"a", "b", "c"}) {
    scene.policies[app].allow_mass_prune = chance(50);
    if (chance(80)) scene.App(app);
    for (int i = 0; i < 12; ++i) {
      const std::string name = app + std::to_string(i);
      const std::string wave = std::to_string(static_cast<int>(random() % 3) - 1);
      const std::string extra =
          R"({"metadata":{"annotations":{"dunlin.dev/wave":")" + wave + "\"}}}";
      object::Value manifest =
          chance(50) ? Manifest("v1", "ConfigMap", chance(10) ? "common" : name, extra)
                     : Manifest("apps/v1", "Deployment", name, extra);
      if (chance(10)) manifest = Manifest("v1", "Namespace", name);
      const bool applied = chance(60);
      if (applied) {
        const auto key = scene.Applied(app, manifest);
        if (chance(20)) scene.RemoveLive(key);
        if (chance(10)) scene.RemoveRecord(key);
      }
      if (chance(70)) scene.Want(app, manifest);
    }
  }
}

TEST(Plan, TheSameInputInAnyOrderGivesTheSamePlanByteForByte) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    Scene scene;
    Fill(scene, seed);
    const std::string first = Text(scene.Make());
    EXPECT_EQ(Text(scene.Make()), first) << "seed " << seed;
    scene.reversed = true;
    EXPECT_EQ(Text(scene.Make()), first) << "seed " << seed;
  }
}

TEST(Plan, WhateverHappensNothingDesiredIsDeletedAndNothingWithoutOurMark) {
  for (uint32_t seed = 100; seed <= 160; ++seed) {
    Scene scene;
    Fill(scene, seed);
    scene.confirmed_removals = {"a", "b", "c"};
    const DesiredSet desired = scene.Prepared();
    for (const AppPlan& plan : scene.Make().apps) {
      for (const Stage& stage : plan.prune) {
        for (const Step& step : stage.steps) {
          if (step.action != Action::kDelete) continue;
          for (const PreparedApp& app : desired.apps) EXPECT_EQ(app.keys.count(step.key), 0u);
          EXPECT_EQ(scene.Record(step.key).uid, step.uid);
          EXPECT_EQ(object::FindString(step.merge.body, {"preconditions", "uid"}), step.uid);
        }
      }
    }
  }
}

// A linear congruence: the same shuffles everywhere.
void Shuffle(std::vector<object::Value>& values, uint32_t& state) {
  for (size_t i = values.size(); i > 1; --i) {
    state = state * 1664525u + 1013904223u;
    std::swap(values[i - 1], values[(state >> 8) % i]);
  }
}

TEST(Plan, TheOrderOfTheInputChangesNoByteOfThePlan) {
  std::vector<object::Value> wanted;
  const std::vector<std::string> waves = {"-3", "0", "2", "x"};
  const std::vector<std::string> hooks = {"", "PreSync", "PostSync", "Sync,SyncFail"};
  for (int i = 0; i < 60; ++i) {
    const bool deployment = i % 3 == 0;
    std::string annotations = R"("argocd.argoproj.io/sync-wave":")" + waves[i % 4] + '"';
    const std::string& hook = hooks[i % 5 == 4 ? (i / 5) % 4 : 0];
    if (!hook.empty()) annotations += R"(,"argocd.argoproj.io/hook":")" + hook + '"';
    wanted.push_back(Manifest(deployment ? "apps/v1" : "v1",
                              deployment ? "Deployment" : "ConfigMap",
                              "object-" + std::to_string(i * 37 % 60),
                              R"({"metadata":{"annotations":{)" + annotations + "}}}"));
  }
  std::vector<object::Value> removed;
  for (int i = 0; i < 8; ++i) removed.push_back(ConfigMap("old-" + std::to_string(i)));
  std::string first;
  uint32_t state = 1;
  for (int round = 0; round < 25; ++round) {
    Shuffle(wanted, state);
    Shuffle(removed, state);
    Scene scene;
    scene.reversed = round % 2 == 1;
    for (const object::Value& value : removed) scene.Applied("shop", value);
    for (const object::Value& value : wanted) scene.Want("shop", value);
    scene.Want("cart", ConfigMap("object-1"));
    const std::string text = Text(scene.Make());
    if (first.empty()) first = text;
    ASSERT_EQ(text, first) << "round " << round;
  }
  EXPECT_NE(first.find("PreSync"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::plan
