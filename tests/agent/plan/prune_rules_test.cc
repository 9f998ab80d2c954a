// The rules of merge.md section 11 that look at one object (4 to 9); those about the whole run are
// in prune_guard_test.cc.
#include <gtest/gtest.h>

#include "agent/plan/keep.h"
#include "agent/plan/plan.h"
#include "agent/plan/stamp.h"
#include "protocol/object/json.h"
#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

object::Value Crd(std::string_view plural = "widgets", std::string_view kind = "Widget") {
  return Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition",
                  std::string(plural) + ".example.com",
                  R"({"spec":{"group":"example.com","scope":"Namespaced","names":{"kind":")" +
                      std::string(kind) + R"("},"versions":[{"name":"v1","served":true}]}})");
}

class Prune : public testing::Test {
 protected:
  Prune() { scene_.Synced("shop", ConfigMap("kept")); }

  // Applied once and no longer wanted.
  object::ResourceKey Old(const object::Value& manifest) {
    return scene_.Applied("shop", manifest);
  }
  object::Object& LiveMetadata(const object::ResourceKey& key) {
    return scene_.LiveValue(key).as_object()["metadata"].as_object();
  }
  void Annotate(const object::ResourceKey& key, std::string_view name, std::string_view value) {
    LiveMetadata(key)["annotations"].as_object()[name] = value;
  }
  void AllowMassPrune() { scene_.policies["shop"].allow_mass_prune = true; }
  void ServeWidgets() {
    scene_.kinds[{"example.com", "Widget"}] = {"widgets", true, {"v1", "v1beta1"}, {}, false};
  }
  // What the plan does with the object. Keeps the plan for the test.
  Step Decide(const object::ResourceKey& key) {
    plan_ = scene_.MakeFor("shop");
    const Step* step = FindStep(plan_, key);
    EXPECT_NE(step, nullptr) << "not in the plan: " << key.Text();
    EXPECT_EQ(plan_.prune_refused, "");
    return step == nullptr ? Step{} : *step;
  }

  Scene scene_;
  AppPlan plan_;
};

TEST_F(Prune, PruneRule4DeletesWithTheUidAsPrecondition) {
  const auto key = Old(Manifest("apps/v1", "Deployment", "old"));
  const Step step = Decide(key);
  EXPECT_EQ(step.action, Action::kDelete);
  EXPECT_EQ(step.api_version, "apps/v1");
  EXPECT_EQ(step.uid, "uid-old");
  EXPECT_EQ(step.merge.kind, merge::MergeKind::kDelete);
  EXPECT_EQ(object::CanonicalJson(step.merge.body),
            R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"uid-old"},)"
            R"("propagationPolicy":"Background"})");
}

TEST_F(Prune, PruneRule4AnotherUidIsNeverDeleted) {
  const auto key = Old(ConfigMap("old"));
  LiveMetadata(key)["uid"] = "made-anew";
  EXPECT_EQ(Decide(key).action, Action::kConflict);
}

TEST_F(Prune, PruneRule4AnUnrecordedUidIsNeverDeleted) {
  const auto key = Old(ConfigMap("old"));
  scene_.Record(key).uid.clear();  // the write-ahead mark of a run that died
  const Step step = Decide(key);
  EXPECT_EQ(step.action, Action::kConflict);
  EXPECT_NE(step.reason.find("never recorded"), std::string::npos) << step.reason;
}

TEST_F(Prune, PruneRule4WithoutOurLabelItIsForgotten) {
  const auto key = Old(ConfigMap("old"));
  LiveMetadata(key).erase("labels");
  EXPECT_EQ(Decide(key).action, Action::kForget);
}

TEST_F(Prune, PruneRule4ALabelOfAnotherAppOfOursIsAConflict) {
  const auto key = Old(ConfigMap("old"));
  scene_.App("web");
  LiveMetadata(key)["labels"].as_object()[kPartOfLabel] = ApplySetId("web", "");
  const Step step = Decide(key);
  EXPECT_EQ(step.action, Action::kConflict);
  EXPECT_NE(step.reason.find("app web"), std::string::npos);
}

TEST_F(Prune, PruneRule5WhatAnotherAppWantsIsHandedOverNotDeleted) {
  const auto key = Old(ConfigMap("moved"));
  scene_.Want("web", ConfigMap("moved"));
  EXPECT_EQ(FindStep(scene_.MakeFor("shop"), key), nullptr);
  EXPECT_EQ(FindStep(scene_.MakeFor("web"), key)->action, Action::kPatch);
}

TEST_F(Prune, PruneRule5ALeftOutObjectOfAnotherAppIsNotDeletedEither) {
  const auto key = Old(ConfigMap("moved"));
  scene_.policies["web"].allowed_namespaces = {"elsewhere"};
  scene_.Want("web", ConfigMap("moved"));
  EXPECT_EQ(FindStep(scene_.MakeFor("shop"), key), nullptr);
}

TEST_F(Prune, PruneRule5AnotherToolsMarkIsAConflictThatNamesBoth) {
  const auto key = Old(ConfigMap("old"));
  Annotate(key, "argocd.argoproj.io/tracking-id", "boutique:/ConfigMap:shop/old");
  const Step step = Decide(key);
  EXPECT_EQ(step.action, Action::kConflict);
  EXPECT_NE(step.reason.find("app shop"), std::string::npos);
  EXPECT_NE(step.reason.find("Argo CD application boutique"), std::string::npos);
}

TEST_F(Prune, PruneRule5AnotherApplySetIsAConflict) {
  const auto key = Old(ConfigMap("old"));
  LiveMetadata(key)["labels"].as_object()[kPartOfLabel] = "applyset-other-v1";
  EXPECT_EQ(Decide(key).action, Action::kConflict);
}

TEST_F(Prune, PruneRule6TheSameObjectUnderAnotherGroupIsForgotten) {
  scene_.kinds[{"extensions", "Ingress"}] = {"ingresses", true, {"v1"}, {}, false};
  const auto old_key = Old(Manifest("extensions/v1", "Ingress", "web"));
  scene_.Synced("shop", Manifest("networking.k8s.io/v1", "Ingress", "web"));  // same UID
  const Step step = Decide(old_key);
  EXPECT_EQ(step.action, Action::kForget);
  EXPECT_EQ(step.reason, "applied as Ingress.networking.k8s.io shop/web");
}

TEST_F(Prune, PruneRule6AlsoWhenTheOldGroupIsNoLongerServed) {
  scene_.kinds[{"extensions", "Ingress"}] = {"ingresses", true, {"v1"}, {}, false};
  const auto old_key = Old(Manifest("extensions/v1", "Ingress", "web"));
  scene_.kinds.erase({"extensions", "Ingress"});
  scene_.RemoveLive(old_key);
  scene_.Synced("shop", Manifest("networking.k8s.io/v1", "Ingress", "web"));
  EXPECT_EQ(Decide(old_key).action, Action::kForget);
}

TEST_F(Prune, PruneRule7AnOptOutReleasesTheObject) {
  const auto key = Old(ConfigMap("old"));
  Annotate(key, "helm.sh/resource-policy", "keep");
  const Step step = Decide(key);
  EXPECT_EQ(step.action, Action::kRelease);
  EXPECT_EQ(step.merge.kind, merge::MergeKind::kJsonMerge);
  EXPECT_EQ(object::CanonicalJson(step.merge.body),
            R"({"metadata":{"annotations":{"dunlin.dev/hash":null},)"
            R"("labels":{"applyset.kubernetes.io/part-of":null},"uid":"uid-old"}})");
  EXPECT_EQ(step.reason, "kept by helm.sh/resource-policy");
}

TEST_F(Prune, PruneRule8ANamespaceGoesLastAfterWhatIsInIt) {
  AllowMassPrune();
  const auto old = Old(Manifest("v1", "ConfigMap", "old", R"({"metadata":{"namespace":"gone"}})"));
  const auto space = Old(Manifest("v1", "Namespace", "gone"));
  const auto webhook =
      Old(Manifest("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "hook"));
  EXPECT_EQ(Decide(space).action, Action::kDelete);
  EXPECT_EQ(Deletes(plan_), (std::vector<std::string>{webhook.Text(), old.Text(), space.Text()}));
  ASSERT_EQ(plan_.prune.size(), 3u);
  EXPECT_FALSE(plan_.prune[0].gate_gone);
  EXPECT_TRUE(plan_.prune[1].gate_gone);
}

TEST_F(Prune, PruneRule8ANamespaceWithADesiredObjectStays) {
  AllowMassPrune();
  const auto space = Old(Manifest("v1", "Namespace", "shop"));  // "kept" lives there
  const Step step = Decide(space);
  EXPECT_EQ(step.action, Action::kBlocked);
  EXPECT_EQ(step.reason, "app shop wants ConfigMap shop/kept there");
  EXPECT_TRUE(step.merge.body.is_null());
}

TEST_F(Prune, PruneRule8ANamespaceWithAnotherOwnersObjectStays) {
  AllowMassPrune();
  const auto space = Old(Manifest("v1", "Namespace", "gone"));
  scene_.Live(Manifest("v1", "Secret", "theirs",
                       R"({"metadata":{"namespace":"gone",
                           "labels":{"applyset.kubernetes.io/part-of":"applyset-x-v1"}}})"));
  EXPECT_EQ(Decide(space).reason, "Secret gone/theirs lives there");
}

TEST_F(Prune, PruneRule8ANamespaceWithAKeptObjectStays) {
  AllowMassPrune();
  const auto space = Old(Manifest("v1", "Namespace", "gone"));
  const auto kept =
      Old(Manifest("v1", "ConfigMap", "data", R"({"metadata":{"namespace":"gone"}})"));
  Annotate(kept, "dunlin.dev/prune", "disabled");
  EXPECT_EQ(Decide(space).action, Action::kBlocked);
}

TEST_F(Prune, PruneRule8ANamespaceStaysWhileAnyListFailed) {
  AllowMassPrune();
  const auto space = Old(Manifest("v1", "Namespace", "gone"));
  scene_.failed_lists = {{"apps", "Deployment"}};  // no member of ours, but somebody's
  EXPECT_EQ(Decide(space).action, Action::kBlocked);
}

TEST_F(Prune, PruneRule8TheClustersOwnNamespacesAreReleasedAtMost) {
  AllowMassPrune();
  for (const std::string name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    EXPECT_EQ(Decide(Old(Manifest("v1", "Namespace", name))).action, Action::kRelease) << name;
  }
}

TEST_F(Prune, PruneRule8ACrdGoesAfterItsResourcesAndWaitsUntilTheyAreGone) {
  AllowMassPrune();
  ServeWidgets();
  const auto crd = Old(Crd());
  const auto widget = Old(Manifest("example.com/v1", "Widget", "w"));
  const auto service = Old(Manifest("v1", "Service", "s"));
  EXPECT_EQ(Decide(crd).action, Action::kDelete);
  EXPECT_EQ(Deletes(plan_), (std::vector<std::string>{widget.Text(), service.Text(), crd.Text()}));
  EXPECT_TRUE(plan_.prune[1].gate_gone);
  EXPECT_FALSE(plan_.prune[2].gate_gone);
}

TEST_F(Prune, PruneRule8ACrdWithAnotherOwnersResourceStays) {
  AllowMassPrune();
  ServeWidgets();
  const auto crd = Old(Crd());
  scene_.Live(Manifest("example.com/v1", "Widget", "theirs"));
  EXPECT_EQ(Decide(crd).reason, "Widget.example.com shop/theirs is still there");
}

TEST_F(Prune, PruneRule8ACrdWithADesiredResourceStays) {
  AllowMassPrune();
  ServeWidgets();
  const auto crd = Old(Crd());
  scene_.Want("web", Manifest("example.com/v1", "Widget", "wanted"));
  EXPECT_EQ(Decide(crd).action, Action::kBlocked);
}

TEST_F(Prune, PruneRule8ACrdStaysWhenTheListOfItsResourcesFailed) {
  AllowMassPrune();
  ServeWidgets();
  const auto crd = Old(Crd());
  scene_.failed_lists = {{"example.com", "Widget"}};
  EXPECT_EQ(Decide(crd).action, Action::kBlocked);
}

TEST_F(Prune, PruneRule9ReverseApplyOrder) {
  const auto config = Old(ConfigMap("old"));
  const auto service = Old(Manifest("v1", "Service", "old"));
  const auto deployment = Old(Manifest("apps/v1", "Deployment", "old"));
  const auto ingress = Old(Manifest("networking.k8s.io/v1", "Ingress", "old"));
  const auto late = Old(Manifest("v1", "ConfigMap", "late",
                                 R"({"metadata":{"annotations":{"dunlin.dev/wave":"2"}}})"));
  EXPECT_EQ(Deletes(scene_.MakeFor("shop")),
            (std::vector<std::string>{late.Text(), ingress.Text(), service.Text(),
                                      deployment.Text(), config.Text()}));
}

TEST_F(Prune, PruneRule9PropagationOfThePolicy) {
  const auto key = Old(ConfigMap("old"));
  for (const auto& [propagation, name] :
       {std::pair(Propagation::kForeground, "Foreground"), {Propagation::kOrphan, "Orphan"}}) {
    scene_.policies["shop"].propagation = propagation;
    EXPECT_EQ(object::FindString(Decide(key).merge.body, {"propagationPolicy"}), name);
  }
}

TEST_F(Prune, PruneRule9AlreadyGoneIsForgotten) {
  const auto key = Old(ConfigMap("old"));
  scene_.RemoveLive(key);
  EXPECT_EQ(Decide(key).action, Action::kForget);
}

TEST_F(Prune, PruneRule9ADyingObjectIsNotDeletedAgain) {
  const auto key = Old(ConfigMap("old"));
  LiveMetadata(key)["deletionTimestamp"] = "2026-11-24T00:00:00Z";
  const Step step = Decide(key);
  EXPECT_EQ(step.action, Action::kSkip);
  EXPECT_EQ(step.reason, "terminating");
}

TEST_F(Prune, NothingToRemoveIsNoPrune) {
  const AppPlan plan = scene_.MakeFor("shop");
  EXPECT_TRUE(plan.prune.empty());
  EXPECT_EQ(plan.prune_refused, "");
}

// A hub on an older copy of its database does not know every app.
TEST_F(Prune, AnAppThatAKeepStatementDoesNotNameIsForgottenAndNothingOfItDeleted) {
  scene_.keep = true;
  scene_.advancing_allowed = false;  // forgetting needs no leave
  const auto one = scene_.Applied("unknown", ConfigMap("one"));
  const auto two = scene_.Applied("unknown", ConfigMap("two"));
  const auto old = Old(ConfigMap("old"));
  const AppPlan plan = scene_.MakeFor("unknown");
  EXPECT_TRUE(Deletes(plan).empty());
  EXPECT_EQ(FindStep(plan, one)->action, Action::kForget);
  EXPECT_EQ(FindStep(plan, two)->action, Action::kForget);
  EXPECT_EQ(plan.prune_refused, "");
  scene_.advancing_allowed = true;
  EXPECT_EQ(Decide(old).action, Action::kDelete) << "of an app that it names, it knows";
}

TEST_F(Prune, TheRecordsOfUnnamedAppsAreThoseToForget) {
  Inventory inventory;
  inventory[ConfigMapKey("a")].app = "named";
  inventory[ConfigMapKey("b")].app = "unknown";
  inventory[ConfigMapKey("c")].app = "unknown";
  const auto unnamed = UnnamedRecords({"named", "new"}, inventory);
  ASSERT_EQ(unnamed.size(), 1u);
  EXPECT_EQ(unnamed.at("unknown"), (std::vector{ConfigMapKey("b"), ConfigMapKey("c")}));
}

TEST_F(Prune, ResourcesOfALostCrdAreForgotten) {
  ServeWidgets();
  AllowMassPrune();
  const auto crd = Old(Crd());
  const auto widget = Old(Manifest("example.com/v1", "Widget", "w"));
  scene_.RemoveLive(crd);
  scene_.RemoveLive(widget);
  scene_.kinds.erase({"example.com", "Widget"});
  EXPECT_EQ(Decide(widget).action, Action::kForget);
  EXPECT_EQ(Decide(crd).action, Action::kForget);
}

object::Value WithOptions(std::string_view name, std::string_view options) {
  return Manifest("v1", "ConfigMap", name,
                  R"({"metadata":{"annotations":{"argocd.argoproj.io/sync-options":")" +
                      std::string(options) + "\"}}}");
}

TEST(PruneRule7, AskedToConfirmIsHeldByTheGuard) {
  Scene scene;
  scene.App("shop");
  scene.policies["shop"].allow_empty = true;
  scene.Applied("shop", WithOptions("asks", "Replace=true, Prune=confirm"));
  scene.Applied("shop", ConfigMap("goes"));
  const AppPlan plan = scene.MakeFor("shop");
  EXPECT_EQ(Deletes(plan), std::vector<std::string>{"ConfigMap shop/goes"});
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0].code, "prune_guard");
  EXPECT_EQ(plan.problems[0].object, "ConfigMap shop/asks");
  scene.policies["shop"].allow_mass_prune = true;
  EXPECT_EQ(Deletes(scene.MakeFor("shop")).size(), 2u);
}

TEST(PruneRule7, DeleteFalseKeepsTheObjectWhenItsAppGoesAndOnlyThen) {
  Scene scene;
  const auto key = scene.Applied("gone", WithOptions("stays", "Delete=false"));
  const Step* released = nullptr;
  const AppPlan removed = scene.MakeFor("gone");
  released = FindStep(removed, key);
  ASSERT_NE(released, nullptr);
  EXPECT_EQ(released->action, Action::kRelease);
  scene.App("gone");
  scene.policies["gone"].allow_empty = true;
  EXPECT_EQ(Deletes(scene.MakeFor("gone")), std::vector<std::string>{"ConfigMap shop/stays"});
}

}  // namespace
}  // namespace dunlin::plan
