// A HealthRule of the fleet repository, from the commit to the state of a target.
#include "protocol/object/json.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

constexpr const char* kCrd = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: queues.queues.example.io }
spec:
  group: queues.example.io
  names: { kind: Queue, plural: queues, singular: queue }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
)";
constexpr const char* kQueue = R"(apiVersion: queues.example.io/v1
kind: Queue
metadata: { name: orders }
spec: { brokers: 2 }
)";

std::string Rule(const std::string& status) {
  return R"(apiVersion: dunlin.dev/v1
kind: HealthRule
metadata: { name: queue }
spec:
  match: [ { group: queues.example.io, kinds: [Queue] } ]
  cases:
    - { status: Suspended, reason: Drained, when: { pointer: /status/drained, eq: true } }
    - status: )" +
         status + R"(
      reason: LessReady
      when: { pointer: /status/brokers, default: 0, lt: { pointer: /spec/brokers } }
    - { status: Current }
)";
}

class Health : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({.clusters = 1}); }

  Status WaitHealth(const std::string& state, const std::string& health) {
    return fleet_->WaitStatus(state + ", " + health, [&](const object::Value& status) {
      const object::Array* targets = object::FindArray(status, {"targets"});
      return targets != nullptr && targets->size() == 1 &&
             object::FindString(targets->front(), {"state"}) == state &&
             object::FindString(targets->front(), {"health"}) == health;
    });
  }
  Status SetStatus(const std::string& json) {
    TRY_VOID(plane_->Kubectl(0, {"patch", "queue", "orders", "-n", app_, "--type=merge", "-p",
                                 R"({"status":)" + json + "}"}));
    return {};
  }
};

TEST_F(Health, ARuleOfTheFleetRepositoryJudgesACustomResource) {
  CreateFleet("health");
  ASSERT_OK(fleet_->git().Write("manifests/crd.yaml", kCrd));
  ASSERT_OK(fleet_->git().Write("manifests/queue.yaml", kQueue));
  StartSynced();
  ASSERT_OK(WaitHealth("Synced", "Current"));  // nothing is known about a Queue

  ASSERT_OK(fleet_->git().Write("catalogue/health.yaml", Rule("InProgress")));
  ASSERT_OK(fleet_->git().Push("judge queues"));
  ASSERT_OK(WaitHealth("Progressing", "InProgress"));
  ASSERT_OK(SetStatus(R"({"brokers":2})"));
  ASSERT_OK(WaitHealth("Synced", "Current"));
  ASSERT_OK(SetStatus(R"({"brokers":2,"drained":true})"));
  ASSERT_OK(WaitHealth("Synced", "Suspended"));

  // Another rule judges what is there anew; a broken one leaves the last good in force.
  ASSERT_OK(SetStatus(R"({"brokers":1,"drained":false})"));
  ASSERT_OK(WaitHealth("Progressing", "InProgress"));
  ASSERT_OK(fleet_->git().Write("catalogue/health.yaml", Rule("Failed")));
  ASSERT_OK(fleet_->git().Push("be strict"));
  ASSERT_OK(WaitHealth("Degraded", "Failed"));
  ASSERT_OK(fleet_->git().Write("catalogue/health.yaml", Rule("Healthy")));
  ASSERT_OK(fleet_->git().Push("mistake"));
  ASSERT_OK(fleet_->WaitStatus("the problem", [](const object::Value& status) {
    return object::CanonicalJson(status).find("HealthRule queue: spec.cases[1].status") !=
           std::string::npos;
  }));
  ASSERT_OK(WaitHealth("Degraded", "Failed"));
}

}  // namespace
}  // namespace dunlin::e2e
