// What keeps a namespace from being deleted, and what does not.
#include "agent/plan/namespace_contents.h"

#include <gtest/gtest.h>

#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

KindTable Kinds() {
  KindTable kinds = Scene().kinds;
  for (auto& [kind, info] : kinds) info.verbs = {"get", "list"};
  kinds[{"", "Event"}] = {"events", true, {"v1"}, {"list"}, false};
  kinds[{"", "Binding"}] = {"bindings", true, {"v1"}, {"create"}, false};
  return kinds;
}

bool Goes(const object::ResourceKey& key, const char* metadata) {
  return GoesWithItsNamespace(key, Json(metadata), Kinds());
}

TEST(NamespaceContents, EveryNamespacedKindThatCanBeListedIsLookedInto) {
  const auto kinds = KindsInNamespaces(Kinds());
  ASSERT_TRUE(kinds);
  std::set<std::string> names;
  for (const ListedKind& kind : *kinds) names.insert(kind.kind.Text());
  EXPECT_EQ(names, (std::set<std::string>{"ConfigMap", "Deployment.apps",
                                          "Ingress.networking.k8s.io", "PersistentVolumeClaim",
                                          "Secret", "Service", "ServiceAccount"}));
}

TEST(NamespaceContents, AStaleKindIsNotKnown) {
  KindTable kinds = Kinds();
  kinds.at({"apps", "Deployment"}).stale = true;
  const auto listed = KindsInNamespaces(kinds);
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().message.find("Deployment.apps"), std::string::npos);
}

TEST(NamespaceContents, WhatKubernetesMakesGoesWithTheNamespace) {
  EXPECT_TRUE(Goes(Key("", "ServiceAccount", "default"), R"({"uid":"1"})"));
  EXPECT_TRUE(Goes(Key("", "ConfigMap", "kube-root-ca.crt"), R"({"uid":"1"})"));
  EXPECT_TRUE(Goes(Key("metrics.k8s.io", "PodMetrics", "a"), "{}"));
  EXPECT_FALSE(Goes(Key("", "ServiceAccount", "robot"), R"({"uid":"1"})"));
  EXPECT_FALSE(Goes(Key("", "ConfigMap", "a"), R"({"uid":"1"})"));
  EXPECT_FALSE(Goes(Key("", "Secret", "default"), R"({"uid":"1"})"));
}

TEST(NamespaceContents, WhatIsOnItsWayOutOrBelongsToANamespacedObjectGoesWithIt) {
  EXPECT_TRUE(
      Goes(Key("", "Secret", "a"), R"({"uid":"1","deletionTimestamp":"2026-01-01T00:00:00Z"})"));
  EXPECT_TRUE(
      Goes(Key("", "Secret", "a"),
           R"({"uid":"1","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment"}]})"));
  EXPECT_FALSE(Goes(Key("", "Secret", "a"),
                    R"({"uid":"1","ownerReferences":[{"apiVersion":"v1","kind":"Namespace"}]})"));
  EXPECT_FALSE(Goes(Key("", "Secret", "a"),
                    R"({"uid":"1","ownerReferences":[{"apiVersion":"x/v1","kind":"Unknown"}]})"));
}

}  // namespace
}  // namespace dunlin::plan
