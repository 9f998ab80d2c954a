// Hooks and waves on a real apiserver with the real Job controller: an application in Argo CD's
// style behaves in the documented order, a failing PreSync job stops it, Helm's hooks run, and a
// definition comes before its custom resources. The plane's kubelet ends the pods of Jobs.
#include <algorithm>

#include "protocol/object/json.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

std::string Job(const std::string& name, const std::string& annotations,
                const std::string& pod_annotations = "") {
  return "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: " + name + "\n  annotations: { " +
         annotations +
         " }\nspec:\n  backoffLimit: 0\n  template:\n    metadata: { annotations: { " +
         pod_annotations +
         " } }\n    spec:\n      restartPolicy: Never\n      containers: [{ name: run, image: "
         "'registry.example/run:1' }]\n";
}

std::string Hook(const std::string& phase, const std::string& more = "") {
  return "argocd.argoproj.io/hook: " + phase + more;
}

std::string InWave(const std::string& name, const std::string& wave) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name +
         "\n  annotations: { argocd.argoproj.io/sync-wave: '" + wave + "' }\ndata: { text: one }\n";
}

class Hooks : public OneCluster {
 protected:
  static void SetUpTestSuite() {
    StartPlane({.clusters = 1, .controllers = true, .kubelet = true});
  }
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(CreateFleet("hooks")); }

  void Write(const std::string& file, const std::string& text) {
    ASSERT_OK(fleet_->git().Write("manifests/" + file, text));
  }

  // Pushes, starts hub and agent.
  void Start() {
    plane_->Mark(0);
    ASSERT_OK(fleet_->git().Push("first"));
    ASSERT_OK(fleet_->StartHub());
    ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  }

  // "create jobs/migrate", in order; parents and namespaces left out.
  std::vector<std::string> Writes() {
    std::vector<std::string> out;
    const auto requests = plane_->Requests(0, "dunlin-agent");
    EXPECT_OK(requests);
    if (!requests) return out;
    for (const Audited& request : *requests) {
      if (!IsWrite(request) || request.code >= 300 || request.namespace_ != app_) continue;
      out.push_back(request.verb + " " + request.resource + "/" + request.name);
    }
    return out;
  }
};
using Lines = std::vector<std::string>;

TEST_F(Hooks, JobsAndWavesGoInTheDocumentedOrder) {
  Write("migrate.yaml", Job("migrate", Hook("PreSync")));
  Write("first.yaml", InWave("first", "-1"));
  Write("second.yaml", InWave("second", "0"));
  Write("third.yaml", InWave("third", "5"));
  Write("check.yaml",
        Job("check", Hook("PostSync", ", argocd.argoproj.io/hook-delete-policy: HookSucceeded")));
  Write("alarm.yaml", Job("alarm", Hook("SyncFail")));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  EXPECT_EQ(Writes(),
            (Lines{"create jobs/migrate", "create configmaps/first", "create configmaps/second",
                   "create configmaps/third", "create jobs/check", "delete jobs/check"}));
  const auto migrate = plane_->Get(0, "job", app_, "migrate");
  ASSERT_OK(migrate);
  EXPECT_EQ(object::FindInt(*migrate, {"status", "succeeded"}), 1);
  // A restart and self-heal start none of them again.
  plane_->Mark(0);
  ASSERT_OK(fleet_->StopAgent("one"));
  ASSERT_OK(plane_->Kubectl(0, {"patch", "configmap", "first", "-n", app_, "--type=merge", "-p",
                                R"({"data":{"text":"other"}})"}));
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(plane_->WaitFor(0, "configmap", app_, "first", ".data.text", "one"));
  EXPECT_EQ(Writes(), Lines{"patch configmaps/first"});
  // The next commit does.
  plane_->Mark(0);
  Write("second.yaml", InWave("second", "0") + "# comment\n");
  Write("third.yaml", InWave("third", "6"));
  const auto revision = fleet_->git().Push("another wave");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  EXPECT_EQ(Writes(), (Lines{"delete jobs/migrate", "create jobs/migrate", "patch configmaps/third",
                             "create jobs/check", "delete jobs/check"}));
}

TEST_F(Hooks, AFailingPreSyncJobStopsTheSyncAndRunsSyncFail) {
  Write("migrate.yaml", Job("migrate", Hook("PreSync"), "testplane/pod-state: fail"));
  Write("alarm.yaml", Job("alarm", Hook("SyncFail")));
  Write("settings.yaml", ConfigMap("settings"));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "hook_failed"));
  ASSERT_OK(plane_->WaitFor(0, "job", app_, "alarm", ".status.succeeded", "1"));
  EXPECT_EQ(Writes(), (Lines{"create jobs/migrate", "create jobs/alarm"}));
  Write("migrate.yaml", Job("migrate", Hook("PreSync")));
  const auto revision = fleet_->git().Push("mended");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  ASSERT_OK(plane_->Get(0, "configmap", app_, "settings"));
}

TEST_F(Hooks, AHelmChartsHooksRunAroundItsObjects) {
  Write("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
  Write("templates/pre.yaml",
        Job("{{ .Release.Name }}-pre",
            "helm.sh/hook: 'pre-install,pre-upgrade', "
            "helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'"));
  Write("templates/post.yaml", Job("post", "helm.sh/hook: 'post-install,post-upgrade'"));
  Write("templates/test.yaml", Job("try", "helm.sh/hook: test"));
  Write("templates/settings.yaml", ConfigMap("settings"));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  EXPECT_EQ(Writes(), (Lines{"create jobs/" + app_ + "-pre", "create configmaps/settings",
                             "create jobs/post", "delete jobs/" + app_ + "-pre"}));
}

TEST_F(Hooks, ADefinitionAndItsResourceComeInOneCommit) {
  Write(
      "crd.yaml",
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: "
      "gates.hooks.example }\nspec:\n  group: hooks.example\n  scope: Namespaced\n  names: { kind: "
      "Gate, plural: gates, singular: gate, listKind: GateList }\n  versions:\n  - name: v1\n    "
      "served: true\n    storage: true\n    schema: { openAPIV3Schema: { type: object, properties: "
      "{ spec: { type: object, properties: { width: { type: integer } } } } } }\n");
  Write("gate.yaml",
        "apiVersion: hooks.example/v1\nkind: Gate\nmetadata: { name: east }\nspec: { width: 3 }\n");
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  const auto gate = plane_->Get(0, "gates.hooks.example", app_, "east");
  ASSERT_OK(gate);
  EXPECT_EQ(object::FindInt(*gate, {"spec", "width"}), 3);
}

TEST_F(Hooks, ANamespaceStuckInTerminatingIsSaidAndMadeAgain) {
  Write("settings.yaml", ConfigMap("settings"));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  ASSERT_OK(plane_->Kubectl(0, {"create", "-n", app_, "-f", "-"},
                            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: stuck, finalizers: "
                            "[hooks.example/hold] }\n"));
  ASSERT_OK(plane_->Kubectl(0, {"delete", "namespace", app_, "--wait=false"}));
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "being deleted"));
  const auto stuck = plane_->Get(0, "configmap", app_, "stuck");
  ASSERT_OK(stuck);
  EXPECT_NE(object::FindArray(*stuck, {"metadata", "finalizers"}), nullptr) << "never stripped";
  ASSERT_OK(plane_->Kubectl(0, {"patch", "configmap", "stuck", "-n", app_, "--type=merge", "-p",
                                R"({"metadata":{"finalizers":null}})"}));
  ASSERT_OK(fleet_->WaitStatus(
      "the namespace to be made again",
      [this](const object::Value&) {
        const auto settings = plane_->Get(0, "configmap", app_, "settings");
        return settings && object::FindString(*settings, {"metadata", "deletionTimestamp"}).empty();
      },
      Seconds(120)));
  ASSERT_OK(fleet_->WaitSynced(1, "", Seconds(120)));
}

}  // namespace
}  // namespace dunlin::e2e
