#include "agent/plan/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

TEST(Order, StagesFollowTheTable) {
  const std::vector<std::pair<GroupKind, int>> rows = {
      {{"", "Namespace"}, 0},
      {{"networking.k8s.io", "IngressClass"}, 0},
      {{"storage.k8s.io", "StorageClass"}, 0},
      {{"scheduling.k8s.io", "PriorityClass"}, 0},
      {{"apiextensions.k8s.io", "CustomResourceDefinition"}, 1},
      {{"", "ServiceAccount"}, 2},
      {{"rbac.authorization.k8s.io", "ClusterRoleBinding"}, 2},
      {{"", "ResourceQuota"}, 2},
      {{"networking.k8s.io", "NetworkPolicy"}, 2},
      {{"", "Secret"}, 2},
      {{"", "ConfigMap"}, 2},
      {{"", "PersistentVolumeClaim"}, 2},
      {{"", "Service"}, 3},
      {{"apps", "Deployment"}, 3},
      {{"apps", "StatefulSet"}, 3},
      {{"", "Pod"}, 3},
      {{"batch", "CronJob"}, 3},
      {{"autoscaling", "HorizontalPodAutoscaler"}, 4},
      {{"policy", "PodDisruptionBudget"}, 4},
      {{"networking.k8s.io", "Ingress"}, 4},
      {{"apiregistration.k8s.io", "APIService"}, 4},
      {{"cert-manager.io", "Certificate"}, 4},
      {{"admissionregistration.k8s.io", "MutatingWebhookConfiguration"}, 5},
      {{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"}, 5},
  };
  for (const auto& [kind, stage] : rows) EXPECT_EQ(StageOf(kind), stage) << kind.Text();
}

TEST(Order, ACustomKindWithTheNameOfABuiltInOneIsACustomResource) {
  EXPECT_EQ(StageOf({"serving.knative.dev", "Service"}), kStageOther);
  EXPECT_EQ(StageOf({"gateway.networking.k8s.io", "GatewayClass"}), kStageOther);
}

TEST(Order, InstallOrderIsHelms) {
  std::vector<std::string> kinds = {
      "Zebra",   "APIService", "Deployment",   "Service",
      "Secret",  "Namespace",  "ConfigMap",    "CustomResourceDefinition",
      "CronJob", "Ingress",    "NetworkPolicy"};
  std::sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) {
    return InstallRank({"", a}) < InstallRank({"", b});
  });
  const std::vector<std::string> expected = {
      "Namespace", "NetworkPolicy", "Secret",  "ConfigMap", "CustomResourceDefinition",
      "Service",   "Deployment",    "CronJob", "Ingress",   "APIService",
      "Zebra"};
  EXPECT_EQ(kinds, expected);
}

TEST(Order, UninstallIsTheReverseWithServiceThird) {
  std::vector<std::string> kinds = {"Service", "Namespace",    "Zebra",      "Ingress",
                                    "CronJob", "IngressClass", "DaemonSet",  "APIService",
                                    "Secret",  "ConfigMap",    "RoleBinding"};
  std::sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) {
    return UninstallRank({"", a}) < UninstallRank({"", b});
  });
  const std::vector<std::string> expected = {
      "Zebra",     "APIService",  "Ingress",   "Service", "IngressClass", "CronJob",
      "DaemonSet", "RoleBinding", "ConfigMap", "Secret",  "Namespace"};
  EXPECT_EQ(kinds, expected);
}

TEST(Order, UninstallRanksAreDistinct) {
  std::set<int> ranks;
  const std::vector<std::string> kinds = {
      "CronJob",         "Job",     "StatefulSet",  "Deployment", "Pod", "DaemonSet", "Service",
      "RoleBindingList", "Ingress", "IngressClass", "APIService"};
  for (const auto& kind : kinds) ranks.insert(UninstallRank({"", kind}));
  EXPECT_EQ(ranks.size(), kinds.size());
}

TEST(Order, TiesAreBrokenByNamespaceThenName) {
  EXPECT_TRUE(InstallsBefore(Key("", "Secret", "b", "a"), Key("", "Secret", "a", "b")));
  EXPECT_TRUE(InstallsBefore(Key("", "Secret", "a", "a"), Key("", "Secret", "b", "a")));
  EXPECT_TRUE(InstallsBefore(Key("x.io", "Ant", "z"), Key("x.io", "Bee", "a")));
  EXPECT_FALSE(InstallsBefore(Key("", "Secret", "a"), Key("", "Secret", "a")));
}

int32_t Wave(std::string_view annotations) {
  return WaveOf(Manifest("v1", "ConfigMap", "a",
                         R"({"metadata":{"annotations":)" + std::string(annotations) + "}}"));
}

TEST(Wave, OurAnnotationThenArgoCdsThenHelms) {
  EXPECT_EQ(Wave(R"({"dunlin.dev/wave":"1","argocd.argoproj.io/sync-wave":"2"})"), 1);
  EXPECT_EQ(Wave(R"({"argocd.argoproj.io/sync-wave":"-2","helm.sh/hook-weight":"3"})"), -2);
  EXPECT_EQ(Wave(R"({"helm.sh/hook-weight":"+3"})"), 3);
  EXPECT_EQ(Wave("{}"), 0);
}

TEST(Wave, ABadIntegerFallsThrough) {
  EXPECT_EQ(Wave(R"({"dunlin.dev/wave":"first","argocd.argoproj.io/sync-wave":"2"})"), 2);
  EXPECT_EQ(Wave(R"({"dunlin.dev/wave":"1.5","argocd.argoproj.io/sync-wave":"99999999999"})"), 0);
  EXPECT_EQ(Wave(R"({"dunlin.dev/wave":"+-1"})"), 0);
  EXPECT_EQ(Wave(R"({"dunlin.dev/wave":7})"), 0) << "annotations are strings";
}

}  // namespace
}  // namespace dunlin::plan
