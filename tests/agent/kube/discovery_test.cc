#include "agent/kube/discovery.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"

namespace dunlin::kube {
namespace {

object::Value Json(std::string_view text) {
  auto value = object::ParseJson(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(*value) : object::Value();
}

const char kCore[] =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
  {"metadata":{"name":""},"versions":[{"version":"v1","freshness":"Current","resources":[
    {"resource":"pods","responseKind":{"group":"","version":"v1","kind":"Pod"},"scope":"Namespaced",
     "verbs":["create","list","watch"],"subresources":[{"subresource":"log"}]},
    {"resource":"namespaces","responseKind":{"group":"","version":"v1","kind":"Namespace"},
     "scope":"Cluster","verbs":["create"]}]}]}]})";

const char kGroups[] = R"({"kind":"APIGroupDiscoveryList","items":[
  {"metadata":{"name":"autoscaling"},"versions":[
    {"version":"v2","freshness":"Current","resources":[{"resource":"horizontalpodautoscalers",
     "responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","verbs":["list"]}]},
    {"version":"v1","freshness":"Current","resources":[{"resource":"horizontalpodautoscalers",
     "responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","verbs":["list"]}]}]},
  {"metadata":{"name":"metrics.k8s.io"},"versions":[
    {"version":"v1beta1","freshness":"Stale","resources":[{"resource":"nodes",
     "responseKind":{"kind":"NodeMetrics"},"scope":"Cluster","verbs":["get"]}]}]},
  {"metadata":{"name":"ext.example"},"versions":[
    {"version":"v1","freshness":"Current","resources":[
     {"resource":"things","subresources":[{"subresource":"scale"}]}]}]}]})";

TEST(Discovery, ReadsTheAggregatedDocuments) {
  Discovery discovery;
  for (const char* text : {kCore, kGroups}) {
    auto open = discovery.AddRoot(Json(text));
    ASSERT_TRUE(open.has_value());
    EXPECT_TRUE(open->empty());
  }
  const plan::KindTable kinds = discovery.Kinds();
  ASSERT_EQ(kinds.size(), 4u);
  const plan::KindInfo& pod = kinds.at({"", "Pod"});
  EXPECT_EQ(pod.plural, "pods");
  EXPECT_TRUE(pod.namespaced);
  EXPECT_EQ(pod.verbs, (std::vector<std::string>{"create", "list", "watch"}));
  EXPECT_FALSE(pod.stale);
  EXPECT_FALSE(kinds.at({"", "Namespace"}).namespaced);
  EXPECT_EQ(kinds.at({"autoscaling", "HorizontalPodAutoscaler"}).versions,
            (std::vector<std::string>{"v2", "v1"}));
  EXPECT_TRUE(kinds.at({"metrics.k8s.io", "NodeMetrics"}).stale);
}

TEST(Discovery, NamesApiVersionsAsHelmDoes) {
  Discovery discovery;
  ASSERT_TRUE(discovery.AddRoot(Json(kCore)).has_value());
  EXPECT_EQ(discovery.ApiVersions(), (std::vector<std::string>{"v1", "v1/Namespace", "v1/Pod"}));
}

TEST(Discovery, AsksAnOldServerForEachGroupVersion) {
  Discovery discovery;
  auto core = discovery.AddRoot(Json(R"({"kind":"APIVersions","versions":["v1"]})"));
  ASSERT_TRUE(core.has_value());
  EXPECT_EQ(*core, (std::vector<object::GroupVersion>{{"", "v1"}}));
  auto groups = discovery.AddRoot(
      Json(R"({"kind":"APIGroupList","groups":[{"name":"batch","versions":[{"version":"v1beta1"},)"
           R"({"version":"v1"}],"preferredVersion":{"version":"v1"}}]})"));
  ASSERT_TRUE(groups.has_value());
  // The preferred version first: its kinds decide.
  EXPECT_EQ(*groups, (std::vector<object::GroupVersion>{{"batch", "v1"}, {"batch", "v1beta1"}}));
  const object::Value resources =
      Json(R"({"kind":"APIResourceList","groupVersion":"batch/v1","resources":[)"
           R"({"name":"jobs","kind":"Job","namespaced":true,"verbs":["create"]},)"
           R"({"name":"jobs/status","kind":"Job","namespaced":true,"verbs":["get"]}]})");
  ASSERT_TRUE(discovery.AddResources({"batch", "v1"}, resources).has_value());
  const plan::KindTable kinds = discovery.Kinds();
  ASSERT_EQ(kinds.size(), 1u);
  EXPECT_EQ(kinds.at({"batch", "Job"}).plural, "jobs");
  EXPECT_EQ(kinds.at({"batch", "Job"}).verbs, (std::vector<std::string>{"create"}));
}

TEST(Discovery, MarksTheKindsOfAGroupWithAnUnreadableVersionAsStale) {
  Discovery discovery;
  const object::Value resources = Json(
      R"({"kind":"APIResourceList","resources":[{"name":"as","kind":"A","namespaced":true}]})");
  ASSERT_TRUE(discovery.AddResources({"g", "v1"}, resources).has_value());
  ASSERT_TRUE(discovery.AddResources({"h", "v1"}, resources).has_value());
  discovery.AddStale({"g", "v2"});
  const plan::KindTable kinds = discovery.Kinds();
  EXPECT_TRUE(kinds.at({"g", "A"}).stale);
  EXPECT_FALSE(kinds.at({"h", "A"}).stale);
  EXPECT_EQ(discovery.ApiVersions(),
            (std::vector<std::string>{"g/v1", "g/v1/A", "h/v1", "h/v1/A"}));
}

TEST(Discovery, RefusesOtherDocuments) {
  for (const char* text : {"{}", "[]", "7", R"({"kind":"Status"})", R"({"kind":"PodList"})",
                           R"({"kind":"APIGroupDiscoveryList","items":[{"versions":[{}]}]})"}) {
    Discovery discovery;
    const auto got = discovery.AddRoot(Json(text));
    ASSERT_FALSE(got.has_value()) << text;
    EXPECT_EQ(got.error().code, Errc::kCorrupt);
  }
  EXPECT_FALSE(Discovery().AddResources({"g", "v1"}, Json("{}")).has_value());
}

}  // namespace
}  // namespace dunlin::kube
