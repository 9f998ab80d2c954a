#include "agent/plan/order.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <tuple>

namespace dunlin::plan {

namespace {

// Helm's InstallOrder (pkg/releaseutil/kind_sorter.go). By kind alone, as Helm does.
// clang-format off
constexpr std::string_view kInstallOrder[] = {
    "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass",
    "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole",
    "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList",
    "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController",
    "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService"};
// clang-format on

constexpr int kInstallKinds = static_cast<int>(std::size(kInstallOrder));
constexpr int kServiceUninstallRank = 2;  // third among Helm's kinds

constexpr std::string_view kWaveAnnotations[] = {"dunlin.dev/wave", "argocd.argoproj.io/sync-wave",
                                                 "helm.sh/hook-weight"};

struct StagedKind {
  std::string_view group;
  std::string_view kind;  // empty: every kind of the group
  int stage;
};

// Groups count: a "Service" of serving.knative.dev is a custom resource. Every kind that is not
// named here is stage 4.
constexpr StagedKind kStages[] = {
    {"", "Namespace", kStageNamespaces},
    {"storage.k8s.io", "StorageClass", kStageNamespaces},
    {"storage.k8s.io", "VolumeAttributesClass", kStageNamespaces},
    {"networking.k8s.io", "IngressClass", kStageNamespaces},
    {"node.k8s.io", "RuntimeClass", kStageNamespaces},
    {"scheduling.k8s.io", "PriorityClass", kStageNamespaces},
    {"resource.k8s.io", "DeviceClass", kStageNamespaces},
    {"apiextensions.k8s.io", "CustomResourceDefinition", kStageCrds},
    {"", "ServiceAccount", kStageConfiguration},
    {"rbac.authorization.k8s.io", "", kStageConfiguration},
    {"", "ResourceQuota", kStageConfiguration},
    {"", "LimitRange", kStageConfiguration},
    {"networking.k8s.io", "NetworkPolicy", kStageConfiguration},
    {"", "Secret", kStageConfiguration},
    {"", "ConfigMap", kStageConfiguration},
    {"", "PersistentVolume", kStageConfiguration},
    {"", "PersistentVolumeClaim", kStageConfiguration},
    {"", "Service", kStageWorkloads},
    {"", "Pod", kStageWorkloads},
    {"", "ReplicationController", kStageWorkloads},
    {"apps", "", kStageWorkloads},
    {"batch", "", kStageWorkloads},
    {"admissionregistration.k8s.io", "", kStageAdmission},
};

std::optional<int> HelmRank(std::string_view kind) {
  const auto* found = std::find(std::begin(kInstallOrder), std::end(kInstallOrder), kind);
  if (found == std::end(kInstallOrder)) return std::nullopt;
  return static_cast<int>(found - std::begin(kInstallOrder));
}

// As strconv.Atoi: an optional sign, then digits only.
std::optional<int32_t> ParseInteger(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

int StageOf(const GroupKind& kind) {
  for (const StagedKind& row : kStages) {
    if (row.group == kind.group && (row.kind.empty() || row.kind == kind.kind)) return row.stage;
  }
  return kStageOther;
}

int InstallRank(const GroupKind& kind) { return HelmRank(kind.kind).value_or(kInstallKinds); }

int UninstallRank(const GroupKind& kind) {
  const std::optional<int> rank = HelmRank(kind.kind);
  if (!rank) return -1;  // what was installed last goes first
  if (kind.kind == "Service") return kServiceUninstallRank;
  const int reversed = kInstallKinds - 1 - *rank;
  // Service moved forward: the kinds between its two places make room for it.
  const int service = kInstallKinds - 1 - *HelmRank("Service");
  return reversed >= kServiceUninstallRank && reversed < service ? reversed + 1 : reversed;
}

int32_t WaveOf(const object::Value& object) {
  for (const std::string_view annotation : kWaveAnnotations) {
    const auto wave =
        ParseInteger(object::FindString(object, {"metadata", "annotations", annotation}));
    if (wave) return *wave;
  }
  return 0;
}

bool InstallsBefore(const object::ResourceKey& a, const object::ResourceKey& b) {
  const int rank_a = InstallRank(GroupKind::Of(a));
  const int rank_b = InstallRank(GroupKind::Of(b));
  return std::tie(rank_a, a.kind, a.namespace_, a.name, a.group) <
         std::tie(rank_b, b.kind, b.namespace_, b.name, b.group);
}

}  // namespace dunlin::plan
