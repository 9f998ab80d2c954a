#include "agent/plan/stamp.h"

#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"
#include "protocol/object/json.h"
#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

using object::FindString;

TEST(Stamp, ApplySetIdIsTheOneOfKubectl) {
  // printf 'dunlin-shop.dunlin-system.ConfigMap.' | openssl dgst -sha256 -binary | basenc
  // --base64url
  EXPECT_EQ(ApplySetId("shop", "dunlin-system"),
            "applyset-_kTf4yGSywaqHiCLD_-X3HXWxHOVrA4uv9q9toL0Clo-v1");
  EXPECT_EQ(ApplySetId("shop", ""), ApplySetId("shop", kDefaultAgentNamespace));
  EXPECT_NE(ApplySetId("shop", "edge"), ApplySetId("shop", ""));
}

TEST(Stamp, AddsLabelAndShortHash) {
  const auto stamped = StampDesired(ConfigMap("a"), "shop", "");
  ASSERT_TRUE(stamped);
  EXPECT_EQ(FindString(stamped->object, {"metadata", "labels", kPartOfLabel}),
            ApplySetId("shop", ""));
  EXPECT_EQ(FindString(stamped->object, {"metadata", "annotations", kHashAnnotation}),
            stamped->hash.substr(0, 16));
}

TEST(Stamp, TheHashIsOverTheObjectWithoutTheHashAnnotation) {
  auto expected = ConfigMap("a");
  expected.as_object()["metadata"].as_object()["labels"] =
      object::Object{{std::string(kPartOfLabel), ApplySetId("shop", "")}};
  const auto stamped = StampDesired(ConfigMap("a"), "shop", "");
  ASSERT_TRUE(stamped);
  EXPECT_EQ(stamped->hash, crypto::Sha256(object::CanonicalJson(expected)).Hex());
}

TEST(Stamp, AHashAnnotationInTheManifestDoesNotCount) {
  auto copied = ConfigMap("a");
  copied.as_object()["metadata"].as_object()["annotations"] =
      object::Object{{"note", "x"}, {std::string(kHashAnnotation), "0123"}};
  auto clean = ConfigMap("a");
  clean.as_object()["metadata"].as_object()["annotations"] = object::Object{{"note", "x"}};
  EXPECT_EQ(StampDesired(copied, "shop", "")->hash, StampDesired(clean, "shop", "")->hash);
}

TEST(Stamp, KeepsTheManifestsOwnLabels) {
  const auto manifest = Manifest("v1", "Secret", "a", R"({"metadata":{"labels":{"tier":"web"}}})");
  const auto stamped = StampDesired(manifest, "shop", "");
  EXPECT_EQ(FindString(stamped->object, {"metadata", "labels", "tier"}), "web");
}

TEST(Stamp, NullLabelsAreAnEmptyMap) {
  const auto manifest =
      Manifest("v1", "Secret", "a", R"({"metadata":{"labels":null,"annotations":null}})");
  EXPECT_TRUE(StampDesired(manifest, "shop", ""));
}

TEST(Stamp, RefusesAManifestOfAnotherApplySet) {
  const auto manifest = Manifest(
      "v1", "Secret", "a", R"({"metadata":{"labels":{"applyset.kubernetes.io/part-of":"x"}}})");
  const auto stamped = StampDesired(manifest, "shop", "");
  ASSERT_FALSE(stamped);
  EXPECT_EQ(stamped.error().code, Errc::kPrecondition);
}

TEST(Stamp, RefusesLabelsThatAreNoMap) {
  const auto manifest = Manifest("v1", "Secret", "a", R"({"metadata":{"labels":"web"}})");
  const auto stamped = StampDesired(manifest, "shop", "");
  ASSERT_FALSE(stamped);
  EXPECT_EQ(stamped.error().code, Errc::kInvalidArgument);
}

TEST(Stamp, ParentConfigMap) {
  ParentInput input;
  input.app = "shop";
  input.agent_version = "0.1.0";
  input.revision = "4f1c";
  input.bundle_digest = "ab";
  input.group_kinds = {{"apps", "Deployment"}, {"", "Service"}, {"", "ConfigMap"}};
  input.namespaces = {"web", "", "dunlin-system", "db"};
  EXPECT_EQ(object::CanonicalJson(ParentConfigMap(input)),
            R"({"apiVersion":"v1","data":{"app":"shop","bundleDigest":"ab","revision":"4f1c"},)"
            R"("kind":"ConfigMap","metadata":{"annotations":{)"
            R"("applyset.kubernetes.io/additional-namespaces":"db,web",)"
            R"("applyset.kubernetes.io/contains-group-kinds":"ConfigMap,Deployment.apps,Service",)"
            R"("applyset.kubernetes.io/tooling":"dunlin/0.1.0"},)"
            R"("labels":{"app.kubernetes.io/managed-by":"dunlin","applyset.kubernetes.io/id":)"
            R"("applyset-_kTf4yGSywaqHiCLD_-X3HXWxHOVrA4uv9q9toL0Clo-v1"},)"
            R"("name":"dunlin-shop","namespace":"dunlin-system"}})");
}

}  // namespace
}  // namespace dunlin::plan
