// What happens to one desired object.
#include <gtest/gtest.h>

#include "agent/plan/plan.h"
#include "agent/plan/stamp.h"
#include "protocol/object/json.h"
#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

using object::FindString;

TEST(ObjectStep, HashAndResourceVersionEqualIsSkippedWithoutMerging) {
  Scene scene;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  // Nothing is computed: a live object that would differ is not even looked at.
  scene.metadata_only = true;
  scene.LiveValue(key).as_object()["data"].as_object()["key"] = "drifted";
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kSkip);
  EXPECT_EQ(step.new_resource_version, "1");
  EXPECT_EQ(step.uid, "uid-a");
  EXPECT_EQ(step.reason, "unchanged");
}

TEST(ObjectStep, LiveMovedWithoutADifferenceIsSkippedAndTheVersionRecorded) {
  Scene scene;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  scene.LiveValue(key).as_object()["metadata"].as_object()["resourceVersion"] = "7";
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kSkip);
  EXPECT_EQ(step.new_resource_version, "7");
}

TEST(ObjectStep, LiveMovedAndOnlyMetadataIsKnownIsRead) {
  Scene scene;
  scene.metadata_only = true;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  scene.LiveValue(key).as_object()["metadata"].as_object()["resourceVersion"] = "7";
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kRead);
}

TEST(ObjectStep, DriftIsPatchedBack) {
  Scene scene;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  auto& live = scene.LiveValue(key).as_object();
  live["metadata"].as_object()["resourceVersion"] = "7";
  live["data"].as_object()["key"] = "drifted";
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kPatch);
  EXPECT_EQ(step.reason, "drift");
  EXPECT_EQ(FindString(step.merge.body, {"data", "key"}), "v");
}

TEST(ObjectStep, AChangedManifestIsPatched) {
  Scene scene;
  const auto key = scene.Applied("shop", ConfigMap("a", "old"));
  scene.Want("shop", ConfigMap("a", "new"));
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kPatch);
  EXPECT_EQ(step.reason, "changed");
  EXPECT_EQ(FindString(step.merge.body, {"data", "key"}), "new");
  EXPECT_NE(FindString(step.merge.body, {"metadata", "annotations", kHashAnnotation}), "");
}

TEST(ObjectStep, AFieldThatTheManifestDroppedIsRemoved) {
  Scene scene;
  const auto key = scene.Applied(
      "shop", Manifest("v1", "ConfigMap", "a", R"({"data":{"keep":"1","drop":"2"}})"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "a", R"({"data":{"keep":"1"}})"));
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kPatch);
  EXPECT_EQ(object::CanonicalJson(*object::Find(step.merge.body, {"data"})), R"({"drop":null})");
}

TEST(ObjectStep, NothingIsRemovedFromAnObjectThatSomebodyMadeAnew) {
  Scene scene;
  const auto key = scene.Applied(
      "shop", Manifest("v1", "ConfigMap", "a", R"({"data":{"keep":"1","drop":"2"}})"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "a", R"({"data":{"keep":"1"}})"));
  scene.LiveValue(key).as_object()["metadata"].as_object()["uid"] = "another";
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(object::Find(step.merge.body, {"data"}), nullptr);
}

TEST(ObjectStep, AbsentIsCreatedWithoutNulls) {
  Scene scene;
  scene.Want("shop", Manifest("v1", "ConfigMap", "a", R"({"data":{"a":"1","b":null}})"));
  const Step step = scene.Decide("shop", ConfigMapKey("a"));
  EXPECT_EQ(step.action, Action::kCreate);
  EXPECT_EQ(step.merge.kind, merge::MergeKind::kCreate);
  EXPECT_EQ(object::CanonicalJson(*object::Find(step.merge.body, {"data"})), R"({"a":"1"})");
  EXPECT_EQ(FindString(step.merge.body, {"metadata", "labels", kPartOfLabel}),
            ApplySetId("shop", ""));
  EXPECT_EQ(step.reason, "new");
}

TEST(ObjectStep, ADeletedObjectIsMadeAgain) {
  Scene scene;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  scene.RemoveLive(key);
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kCreate);
  EXPECT_EQ(scene.Decide("shop", key).reason, "drift");
}

TEST(ObjectStep, WithoutSelfHealADeletedObjectIsOnlyReported) {
  Scene scene;
  scene.policies["shop"].self_heal = false;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  scene.RemoveLive(key);
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kBlocked);
  EXPECT_EQ(scene.Decide("shop", key).reason, kReasonDrift);
  // The list failed: that it is gone is not known, and POST finds out.
  scene.failed_lists = {{"", "ConfigMap"}};
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kCreate);
}

TEST(ObjectStep, WithoutSelfHealDriftIsReportedAndNotSent) {
  Scene scene;
  scene.policies["shop"].self_heal = false;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  auto& live = scene.LiveValue(key).as_object();
  live["metadata"].as_object()["resourceVersion"] = "7";
  live["data"].as_object()["key"] = "drifted";
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kSkip);
  EXPECT_EQ(step.merge.conflicts, (std::vector<std::string>{"/data/key"}));
  EXPECT_EQ(step.new_resource_version, "") << "the next plan must look again";
}

TEST(ObjectStep, AKindThatIsNotServedYetWaits) {
  Scene scene;
  scene.Want("shop",
             Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com",
                      R"({"spec":{"group":"example.com","scope":"Namespaced",
                                  "names":{"kind":"Widget","plural":"widgets"},
                                  "versions":[{"name":"v1","served":true}]}})"));
  scene.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  EXPECT_EQ(scene.Decide("shop", Key("example.com", "Widget", "w")).action, Action::kWaitForCrd);
  scene.kinds[{"example.com", "Widget"}] = {"widgets", true, {"v1"}, {}, false};
  EXPECT_EQ(scene.Decide("shop", Key("example.com", "Widget", "w")).action, Action::kCreate);
}

TEST(ObjectStep, AnUnownedObjectIsAdopted) {
  Scene scene;
  scene.Want("shop", ConfigMap("a"));
  scene.Live(ConfigMap("a"));
  const Step step = scene.Decide("shop", ConfigMapKey("a"));
  EXPECT_EQ(step.action, Action::kPatch);
  EXPECT_EQ(FindString(step.merge.body, {"metadata", "labels", kPartOfLabel}),
            ApplySetId("shop", ""));
}

TEST(ObjectStep, MustMatchDoesNotAdopt) {
  Scene scene;
  scene.policies["shop"].adoption = Adoption::kMustMatch;
  scene.Want("shop", ConfigMap("a"));
  scene.Live(ConfigMap("a"));
  EXPECT_EQ(scene.Decide("shop", ConfigMapKey("a")).action, Action::kConflict);
}

TEST(ObjectStep, OurObjectWithoutOurLabelIsMarkedAgainEvenUnderMustMatch) {
  Scene scene;
  scene.policies["shop"].adoption = Adoption::kMustMatch;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  auto& metadata = scene.LiveValue(key).as_object()["metadata"].as_object();
  metadata.erase("labels");
  metadata["resourceVersion"] = "7";
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kPatch);
}

constexpr std::string_view kHelmMark =
    R"({"metadata":{"annotations":{"meta.helm.sh/release-name":"web"}}})";

TEST(ObjectStep, AnotherToolsObjectIsAConflictThatNamesBoth) {
  Scene scene;
  scene.Want("shop", ConfigMap("a"));
  scene.Live(Manifest("v1", "ConfigMap", "a", kHelmMark));
  const Step step = scene.Decide("shop", ConfigMapKey("a"));
  EXPECT_EQ(step.action, Action::kConflict);
  EXPECT_NE(step.reason.find("Helm release web"), std::string::npos) << step.reason;
  EXPECT_NE(step.reason.find("app shop"), std::string::npos) << step.reason;
}

TEST(ObjectStep, AdoptAllTakesAnotherToolsObject) {
  Scene scene;
  scene.policies["shop"].adoption = Adoption::kAdoptAll;
  scene.Want("shop", ConfigMap("a"));
  scene.Live(Manifest("v1", "ConfigMap", "a", kHelmMark));
  EXPECT_EQ(scene.Decide("shop", ConfigMapKey("a")).action, Action::kPatch);
}

TEST(ObjectStep, AdoptionFromKubectlRemovesWhatGitNoLongerNames) {
  Scene scene;
  scene.Want("shop", Manifest("v1", "ConfigMap", "a", R"({"data":{"keep":"1"}})"));
  auto live =
      Manifest("v1", "ConfigMap", "a", R"({"data":{"keep":"1","kubectl":"2","somebody":"3"}})");
  live.as_object()["metadata"].as_object()["annotations"] =
      object::Object{{"kubectl.kubernetes.io/last-applied-configuration",
                      object::CanonicalJson(Manifest("v1", "ConfigMap", "a",
                                                     R"({"data":{"keep":"1","kubectl":"2"}})"))}};
  scene.Live(live);
  const Step step = scene.Decide("shop", ConfigMapKey("a"));
  EXPECT_EQ(step.action, Action::kPatch);
  EXPECT_EQ(object::CanonicalJson(*object::Find(step.merge.body, {"data"})), R"({"kubectl":null})");
}

TEST(ObjectStep, ADamagedKubectlAnnotationIsIgnored) {
  for (const std::string_view text : {"{", "[]", R"({"kind":"Secret"})"}) {
    Scene scene;
    scene.Want("shop", ConfigMap("a"));
    auto live = ConfigMap("a");
    live.as_object()["metadata"].as_object()["annotations"] =
        object::Object{{"kubectl.kubernetes.io/last-applied-configuration", text}};
    scene.Live(live);
    EXPECT_EQ(scene.Decide("shop", ConfigMapKey("a")).action, Action::kPatch) << text;
  }
}

TEST(ObjectStep, AnObjectThatAnotherAppStillWantsIsAConflict) {
  Scene scene;
  const auto key = scene.Synced("base", ConfigMap("a"));
  scene.Want("shop", ConfigMap("a", "other"));
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kConflict);
  EXPECT_EQ(scene.Decide("base", key).action, Action::kSkip);
}

TEST(ObjectStep, OfTwoAppsTheFirstByNameMakesANewObject) {
  Scene scene;
  scene.Want("shop", ConfigMap("a"));
  scene.Want("base", ConfigMap("a"));
  EXPECT_EQ(scene.Decide("base", ConfigMapKey("a")).action, Action::kCreate);
  EXPECT_EQ(scene.Decide("shop", ConfigMapKey("a")).action, Action::kConflict);
}

TEST(ObjectStep, AnObjectThatMovedToAnotherAppIsHandedOver) {
  Scene scene;
  const auto key = scene.Applied("base", ConfigMap("a"));
  scene.App("base");
  scene.Want("shop", ConfigMap("a"));
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kPatch);
  EXPECT_EQ(FindString(step.merge.body, {"metadata", "labels", kPartOfLabel}),
            ApplySetId("shop", ""));
}

TEST(ObjectStep, NothingIsHandedOverWhileTheOtherAppsBundleIsMissing) {
  Scene scene;
  const auto key = scene.Applied("base", ConfigMap("a"));
  scene.App("base");
  scene.incomplete = {"base"};
  scene.Want("shop", ConfigMap("a"));
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kConflict);
}

TEST(ObjectStep, ADyingObjectIsLeftAloneUntilItIsGone) {
  Scene scene;
  const auto key = scene.Synced("shop", ConfigMap("a"));
  scene.LiveValue(key).as_object()["metadata"].as_object()["deletionTimestamp"] =
      "2026-11-24T00:00:00Z";
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kBlocked);
}

TEST(ObjectStep, WhatCannotBeMergedIsBlockedWithTheReason) {
  Scene scene;
  const auto key = scene.Applied("shop", ConfigMap("a", "old"));
  scene.Want("shop", ConfigMap("a", "new"));
  scene.LiveValue(key).as_object()["metadata"].as_object()["name"] = "b";
  const Step step = scene.Decide("shop", key);
  EXPECT_EQ(step.action, Action::kBlocked);
  EXPECT_NE(step.reason.find("Precondition"), std::string::npos) << step.reason;
}

TEST(ObjectStep, AnImpliedNamespaceOnlyHasToExist) {
  Scene scene;
  scene.policies["shop"].default_namespace = "shop";
  scene.policies["shop"].create_namespace = true;
  scene.Want("shop", ConfigMap("a"));
  const auto key = Key("", "Namespace", "shop", "");
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kCreate);
  scene.Live(Manifest("v1", "Namespace", "shop", kHelmMark));
  EXPECT_EQ(scene.Decide("shop", key).action, Action::kSkip) << "another tool's, and it is there";
}

}  // namespace
}  // namespace dunlin::plan
