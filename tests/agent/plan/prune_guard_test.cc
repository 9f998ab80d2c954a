// The rules of merge.md section 11 about the whole run (1 to 3): when nothing at all is removed,
// and that the plan says why.
#include <gtest/gtest.h>

#include "agent/plan/plan.h"
#include "agent/plan/stamp.h"
#include "protocol/base/limits.h"
#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

bool HasProblem(const AppPlan& plan, std::string_view code) {
  for (const Problem& problem : plan.problems) {
    if (problem.code == code) return true;
  }
  return false;
}

// One kept object and one candidate, which would be deleted unless something is wrong.
class Guard : public testing::Test {
 protected:
  Guard() {
    scene_.Synced("shop", ConfigMap("kept"));
    old_ = scene_.Applied("shop", ConfigMap("old"));
  }
  void ExpectRefused(std::string_view word, const std::string& app = "shop") {
    const AppPlan plan = scene_.MakeFor(app);
    EXPECT_TRUE(plan.prune.empty());
    EXPECT_NE(plan.prune_refused.find(word), std::string::npos)
        << "said: \"" << plan.prune_refused << "\"";
  }

  Scene scene_;
  object::ResourceKey old_;
};

TEST_F(Guard, OtherwiseTheCandidateIsDeleted) {
  const AppPlan plan = scene_.MakeFor("shop");
  EXPECT_EQ(Deletes(plan), (std::vector<std::string>{old_.Text()}));
  EXPECT_EQ(plan.prune_refused, "");
}

TEST_F(Guard, PruneRule1AnIncompleteStatementPrunesNothing) {
  scene_.statement_complete = false;
  ExpectRefused("statement");
}

TEST_F(Guard, PruneRule1AMissingBundleOfAnyAppPrunesNothing) {
  scene_.App("web");  // it may want the candidate
  scene_.incomplete = {"web"};
  ExpectRefused("app web");
}

TEST_F(Guard, PruneRule1AnExpiredHeadPrunesNothing) {
  scene_.advancing_allowed = false;
  ExpectRefused("expired");
}

TEST_F(Guard, PruneRule1AnEmptyBundlePrunesNothing) {
  Scene scene;
  scene.App("shop");
  scene.Applied("shop", ConfigMap("old"));
  const AppPlan plan = scene.MakeFor("shop");
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_NE(plan.prune_refused.find("allowEmpty"), std::string::npos);
}

TEST_F(Guard, PruneRule1AnEmptyBundleWithAnImpliedNamespaceIsStillEmpty) {
  Scene scene;
  scene.policies["shop"].create_namespace = true;
  scene.policies["shop"].default_namespace = "shop";
  scene.App("shop");
  scene.Applied("shop", ConfigMap("old"));
  EXPECT_TRUE(Deletes(scene.MakeFor("shop")).empty());
}

TEST_F(Guard, PruneRule1AllowEmptyLetsAnEmptyBundlePrune) {
  Scene scene;
  scene.policies["shop"].allow_empty = true;
  scene.App("shop");
  scene.Applied("shop", ConfigMap("old"));
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 1u);
}

TEST_F(Guard, PruneRule1PruneOffInThePolicy) {
  scene_.policies["shop"].prune = false;
  ExpectRefused("prune is off");
}

TEST_F(Guard, PruneRule2AFailedApplyPrunesNothing) {
  scene_.failed_apps = {"shop"};
  ExpectRefused("failed in this run");
}

TEST_F(Guard, PruneRule2AFailedAppDoesNotStopAnother) {
  scene_.App("web");
  scene_.failed_apps = {"web"};
  EXPECT_EQ(Deletes(scene_.MakeFor("shop")).size(), 1u);
}

TEST_F(Guard, PruneRule2AConflictIsAFailedApply) {
  scene_.Want("shop", Manifest("v1", "Secret", "theirs"));
  scene_.Live(Manifest("v1", "Secret", "theirs",
                       R"({"metadata":{"annotations":{"meta.helm.sh/release-name":"web"}}})"));
  ExpectRefused("Secret shop/theirs cannot be applied");
}

TEST_F(Guard, PruneRule2DriftThatIsOnlyReportedIsNoFailure) {
  scene_.policies["shop"].self_heal = false;
  scene_.RemoveLive(ConfigMapKey("kept"));
  EXPECT_EQ(Deletes(scene_.MakeFor("shop")).size(), 1u);
}

TEST_F(Guard, PruneRule2AKindThatTheClusterDoesNotKnowPrunesNothing) {
  scene_.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  ExpectRefused("Widget.example.com shop/w");
}

TEST_F(Guard, PruneRule2AKindThatIsNotServedYetPrunesNothing) {
  scene_.Want("shop",
              Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com",
                       R"({"spec":{"group":"example.com","names":{"kind":"Widget"},
                           "versions":[{"name":"v1"}]}})"));
  scene_.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  ExpectRefused("waits for its kind");
}

TEST_F(Guard, PruneRule2AMembersKindThatIsNotServedPrunesNothing) {
  scene_.kinds[{"example.com", "Widget"}] = {"widgets", true, {"v1"}, {}, false};
  scene_.Applied("shop", Manifest("example.com/v1", "Widget", "w"));
  scene_.kinds.erase({"example.com", "Widget"});
  ExpectRefused("does not serve Widget.example.com");
}

TEST_F(Guard, PruneRule2AFailedListOfAMemberKindPrunesNothing) {
  scene_.Synced("shop", Manifest("apps/v1", "Deployment", "d"));
  scene_.failed_lists = {{"apps", "Deployment"}};
  ExpectRefused("the list of Deployment.apps failed");
}

TEST_F(Guard, PruneRule2AFailedListOfAnotherKindDoesNotMatter) {
  scene_.failed_lists = {{"apps", "Deployment"}};
  EXPECT_EQ(Deletes(scene_.MakeFor("shop")).size(), 1u);
}

TEST_F(Guard, PruneRule2StaleDiscoveryPrunesNothing) {
  scene_.kinds[{"", "ConfigMap"}].stale = true;
  ExpectRefused("stale");
}

// `members` applied objects, of which the last `candidates` are no longer wanted.
Scene Mass(int members, int candidates) {
  Scene scene;
  for (int i = 0; i < members; ++i) {
    const auto manifest = ConfigMap("c" + std::to_string(i));
    if (i < members - candidates) {
      scene.Synced("shop", manifest);
    } else {
      scene.Applied("shop", manifest);
    }
  }
  return scene;
}

TEST(MassPrune, PruneRule3TenObjectsAreFineHoweverFewThereAre) {
  constexpr int kMost = limits::kPruneGuardObjects;
  EXPECT_EQ(Deletes(Mass(kMost + 1, kMost).MakeFor("shop")).size(), size_t{kMost});
}

TEST(MassPrune, PruneRule3ElevenOfFewAreTooMany) {
  constexpr int kAbove = limits::kPruneGuardObjects + 1;
  const AppPlan plan = Mass(kAbove + 1, kAbove).MakeFor("shop");
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_NE(plan.prune_refused.find("11 of 12"), std::string::npos) << plan.prune_refused;
  EXPECT_NE(plan.prune_refused.find("--allow-mass-prune"), std::string::npos);
  EXPECT_TRUE(HasProblem(plan, "prune_guard"));
}

TEST(MassPrune, PruneRule3ThirtyPercentAreFine) {
  constexpr int kMost = limits::kPruneGuardPercent;
  EXPECT_EQ(Deletes(Mass(100, kMost).MakeFor("shop")).size(), size_t{kMost});
}

TEST(MassPrune, PruneRule3OneAboveThirtyPercentIsTooMany) {
  EXPECT_TRUE(Mass(100, limits::kPruneGuardPercent + 1).MakeFor("shop").prune.empty());
}

TEST(MassPrune, PruneRule3WriteAheadMarksAreNoMembers) {
  Scene scene = Mass(100, 30);
  for (int i = 0; i < 10; ++i) scene.Record(ConfigMapKey("c" + std::to_string(i))).uid.clear();
  EXPECT_NE(scene.MakeFor("shop").prune_refused.find("30 of 90"), std::string::npos);
}

TEST(MassPrune, PruneRule3TheStatementCanAllowIt) {
  Scene scene = Mass(100, 99);
  scene.policies["shop"].allow_mass_prune = true;
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 99u);
}

TEST(MassPrune, PruneRule3WhatIsKeptOrGoneDoesNotCount) {
  Scene scene = Mass(12, 11);
  scene.RemoveLive(ConfigMapKey("c11"));
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 10u);
}

TEST(MassPrune, PruneRule3DangerousKindsNeedItFromTheFirst) {
  const std::vector<object::Value> manifests = {
      Manifest("v1", "Namespace", "gone"), Manifest("v1", "PersistentVolume", "gone"),
      Manifest("v1", "PersistentVolumeClaim", "gone"),
      Manifest("storage.k8s.io/v1", "StorageClass", "gone"),
      Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com")};
  for (const object::Value& manifest : manifests) {
    Scene scene = Mass(50, 0);
    const auto key = scene.Applied("shop", manifest);
    const AppPlan plan = scene.MakeFor("shop");
    EXPECT_TRUE(plan.prune.empty()) << key.Text();
    EXPECT_NE(plan.prune_refused.find(key.Text()), std::string::npos) << plan.prune_refused;
    scene.policies["shop"].allow_mass_prune = true;
    EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 1u) << key.Text();
  }
}

TEST(RemovedApp, ItsObjectsAreRemovedWithinTheGuard) {
  Scene scene;
  scene.App("other");
  for (int i = 0; i < 10; ++i) scene.Applied("shop", ConfigMap("c" + std::to_string(i)));
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 10u);
}

TEST(RemovedApp, PruneRule3TheGuardHolds) {
  Scene scene;
  scene.App("other");
  for (int i = 0; i < 11; ++i) scene.Applied("shop", ConfigMap("c" + std::to_string(i)));
  EXPECT_TRUE(scene.MakeFor("shop").prune.empty());
  EXPECT_TRUE(HasProblem(scene.MakeFor("shop"), "prune_guard"));
  scene.confirmed_removals = {"another"};
  EXPECT_TRUE(scene.MakeFor("shop").prune.empty());
  scene.confirmed_removals = {"shop"};
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 11u);
}

TEST(RemovedApp, WhatIsKeptOnRemovalStaysAndSaysSo) {
  Scene scene;
  scene.App("other");
  scene.Applied("shop", ConfigMap("a"));
  scene.keep_on_removal = {"shop"};
  scene.confirmed_removals = {"shop"};  // lifts the guard, not the policy
  const AppPlan plan = scene.MakeFor("shop");
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_NE(plan.prune_refused.find("prune off"), std::string::npos) << plan.prune_refused;
}

TEST(RemovedApp, TheNoteOfAnAppThatIsThereDoesNotMatter) {
  Scene scene;
  scene.Synced("shop", ConfigMap("kept"));
  scene.Applied("shop", ConfigMap("old"));
  scene.keep_on_removal = {"shop"};
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 1u);
}

TEST(RemovedApp, ANamespaceThatWeMadeIsReleasedAndTheRestGoes) {
  Scene scene;
  scene.policies["shop"].create_namespace = true;
  scene.policies["shop"].default_namespace = "shop";
  scene.Want("shop", ConfigMap("a"));
  object::Value implied;
  const DesiredSet prepared = scene.Prepared();
  for (const DesiredPtr& item : prepared.apps.at(0).objects) {
    if (item->implied) implied = item->object;
  }
  ASSERT_TRUE(implied.is_object());
  implied.as_object()["metadata"].as_object().erase("labels");  // the stamp
  Scene left;
  left.App("other");
  const auto space = left.Applied("shop", implied);
  const auto map = left.Applied("shop", ConfigMap("a"));
  const AppPlan plan = left.MakeFor("shop");
  EXPECT_EQ(plan.prune_refused, "");
  EXPECT_EQ(Deletes(plan), (std::vector<std::string>{map.Text()}));
  ASSERT_NE(FindStep(plan, space), nullptr);
  EXPECT_EQ(FindStep(plan, space)->action, Action::kRelease);
}

TEST(RemovedApp, PruneRule3WhatTakesOthersAlongWaitsAlone) {
  Scene scene;
  scene.App("other");
  const auto map = scene.Applied("shop", ConfigMap("a"));
  const auto claim = scene.Applied("shop", Manifest("v1", "PersistentVolumeClaim", "data"));
  const auto space = scene.Applied("shop", Manifest("v1", "Namespace", "shop"));
  AppPlan plan = scene.MakeFor("shop");
  EXPECT_EQ(Deletes(plan), (std::vector<std::string>{map.Text()}));
  EXPECT_EQ(FindStep(plan, claim), nullptr);
  EXPECT_EQ(FindStep(plan, space), nullptr);
  EXPECT_NE(plan.prune_refused.find("--allow-mass-prune"), std::string::npos);
  size_t held = 0;
  for (const Problem& problem : plan.problems) {
    if (problem.code != "prune_guard") continue;
    EXPECT_TRUE(problem.object == claim.Text() || problem.object == space.Text());
    ++held;
  }
  EXPECT_EQ(held, 2u);
  scene.confirmed_removals = {"shop"};
  plan = scene.MakeFor("shop");
  EXPECT_EQ(Deletes(plan).size(), 3u);
  EXPECT_EQ(Deletes(plan).back(), space.Text());
}

TEST(MassPrune, PruneRule3WhatIsHeldAloneDoesNotCountForTheRest) {
  Scene scene;
  scene.App("shop");
  scene.policies["shop"].allow_empty = true;
  for (int i = 0; i < 10; ++i) scene.Applied("shop", ConfigMap("c" + std::to_string(i)));
  scene.Applied("shop", Manifest("v1", "PersistentVolumeClaim", "data"));
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 10u);
}

TEST(RemovedApp, PruneRule1NotWhileTheStatementIsIncomplete) {
  Scene scene;
  scene.Applied("shop", ConfigMap("a"));
  scene.statement_complete = false;
  EXPECT_TRUE(scene.MakeFor("shop").prune.empty());
}

TEST(LostInventory, PrunesNothingAndSaysSo) {
  Scene scene;
  scene.Want("shop", ConfigMap("kept"));
  const auto kept = scene.Applied("shop", ConfigMap("kept"));
  const auto old = scene.Applied("shop", ConfigMap("old"));
  scene.RemoveRecord(kept);
  scene.RemoveRecord(old);
  const AppPlan plan = scene.MakeFor("shop");
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_NE(plan.prune_refused.find("ConfigMap shop/old"), std::string::npos) << plan.prune_refused;
  EXPECT_TRUE(HasProblem(plan, "prune_unrecorded"));
  EXPECT_EQ(FindStep(plan, kept)->action, Action::kSkip);
}

TEST(LostInventory, CopiesThatControllersMakeAreNotMissed) {
  Scene scene;
  scene.Synced("shop", ConfigMap("kept"));
  const std::string label =
      R"({"labels":{"applyset.kubernetes.io/part-of":")" + ApplySetId("shop", "") + "\"}";
  scene.Live(Manifest("v1", "Endpoints", "web", R"({"metadata":)" + label + "}}"));
  scene.Live(Manifest(
      "apps/v1", "ReplicaSet", "web-1",
      R"({"metadata":)" + label + R"(,"ownerReferences":[{"kind":"Deployment","name":"web"}]}})"));
  EXPECT_EQ(scene.MakeFor("shop").prune_refused, "");
}

}  // namespace
}  // namespace dunlin::plan
