// The rights that docs/agent-rbac.yaml gives are enough, as they stand and narrowed to the kinds of
// the apps: the agent is refused nothing.
#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

const char kMail[] =
    "apiVersion: v1\nkind: Service\nmetadata: { name: mail }\nspec: { selector: { app: mail }, "
    "ports: [{ port: 25 }] }\n";
const std::string kRights = std::string(DUNLIN_SOURCE_DIR) + "/docs/agent-rbac.yaml";

class Rbac : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({.clusters = 1}); }

  void SetUp() override { ASSERT_NO_FATAL_FAILURE(CreateFleet("rights")); }

  // Runs an agent as the ServiceAccount of these rights until the app is as Git says.
  void StartWith(const std::string& rights) {
    ASSERT_OK(plane_->Kubectl(0, {"apply", "-f", "-"}, rights));
    const auto token =
        plane_->Kubectl(0, {"create", "token", "dunlin-agent", "-n", "dunlin-system"});
    ASSERT_OK(token);
    auto config = ReadFile(plane_->kubeconfig(0), 1 << 20);
    ASSERT_OK(config);
    // The admin's token stands last in its line.
    const size_t begin = config->find("token: ");
    ASSERT_NE(begin, std::string::npos);
    config->replace(begin, config->find('\n', begin) - begin, "token: " + *token);
    const std::string file = AgentConfig();
    ASSERT_OK(WriteFileDurably(file, *config, 0600));
    const auto revision = fleet_->git().Push("first");
    ASSERT_OK(revision);
    plane_->Mark(0);
    ASSERT_OK(fleet_->StartHub());
    ASSERT_OK(fleet_->Enroll("one", "eu-west-1", file));
    ASSERT_OK(fleet_->StartAgent("one", file));
    ASSERT_OK(fleet_->WaitApplied(1, *revision));
  }
  std::string AgentConfig() const { return dir_ / "agent.kubeconfig"; }

  void ExpectNothingRefused() {
    const auto requests = plane_->Requests(0, "dunlin-agent");
    ASSERT_OK(requests);
    EXPECT_FALSE(requests->empty());
    for (const Audited& request : *requests) {
      EXPECT_NE(request.code, 403) << request.verb << " " << request.resource << "/" << request.name
                                   << " in \"" << request.namespace_ << "\"";
    }
  }
};

TEST_F(Rbac, TheDocumentedRightsAreEnoughForEveryKind) {
  ASSERT_OK(fleet_->git().Write("manifests/settings.yaml", ConfigMap("settings")));
  ASSERT_OK(fleet_->git().Write("manifests/ferry.yaml", R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ferries.rights.example.com }
spec:
  group: rights.example.com
  scope: Namespaced
  names: { kind: Ferry, plural: ferries, singular: ferry, listKind: FerryList }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
---
apiVersion: rights.example.com/v1
kind: Ferry
metadata: { name: one }
spec: { seats: 12 }
)"));
  const auto rights = ReadFile(kRights, 1 << 20);
  ASSERT_OK(rights);
  ASSERT_NO_FATAL_FAILURE(StartWith(*rights));
  // Drift, a change and a removal.
  ASSERT_OK(plane_->Kubectl(0, {"delete", "ferry", "one", "-n", app_}));
  ASSERT_OK(plane_->WaitFor(0, "ferry", app_, "one", ".spec.seats", "12"));
  ASSERT_OK(fleet_->git().Write("manifests/more.yaml", ConfigMap("more")));
  ASSERT_OK(fleet_->git().Remove("manifests/settings.yaml"));
  const auto revision = fleet_->git().Push("second");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitApplied(1, *revision));
  EXPECT_FALSE(plane_->Get(0, "configmap", app_, "settings").has_value());
  ExpectNothingRefused();
}

// Without a right to ConfigMaps in the role of the apps: the parents have one of their own.
TEST_F(Rbac, RightsNarrowedToTheKindsOfTheAppsAreEnough) {
  ASSERT_OK(fleet_->git().Write("manifests/web.yaml",
                                "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { "
                                "selector: { app: web }, ports: [{ port: 80 }] }\n"));
  auto rights = ReadFile(kRights, 1 << 20);
  ASSERT_OK(rights);
  const std::string all = "apiGroups: [\"*\"]\n    resources: [\"*\"]";
  const size_t place = rights->find(all);
  ASSERT_NE(place, std::string::npos);
  rights->replace(place, all.size(), "apiGroups: [\"\"]\n    resources: [services]");
  ASSERT_NO_FATAL_FAILURE(StartWith(*rights));
  EXPECT_OK(plane_->Get(0, "service", app_, "web"));
  EXPECT_OK(
      plane_->WaitFor(0, "configmap", "dunlin-system", "dunlin-" + app_, ".kind", "ConfigMap"));

  // An agent that starts again does not know whose the parent is.
  ASSERT_OK(fleet_->StopAgent("one"));
  ASSERT_OK(fleet_->git().Edit("manifests/web.yaml", "port: 80", "port: 81"));
  const auto second = fleet_->git().Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->StartAgent("one", AgentConfig()));
  ASSERT_OK(fleet_->WaitApplied(1, *second));
  ASSERT_OK(fleet_->git().Remove("catalogue/app.yaml"));
  std::string other = App("extra");
  other.replace(other.find(app_), app_.size(), app_ + "-other");
  ASSERT_OK(fleet_->git().Write("catalogue/other.yaml", other));
  ASSERT_OK(fleet_->git().Write("extra/mail.yaml", kMail));
  ASSERT_OK(fleet_->git().Push("another app instead"));
  ASSERT_OK(fleet_->WaitStatus("the app to be gone", [this](const object::Value& status) {
    return object::CanonicalJson(status).find("\"" + app_ + "\"") == std::string::npos;
  }));
  EXPECT_FALSE(plane_->Get(0, "configmap", "dunlin-system", "dunlin-" + app_).has_value());
  ExpectNothingRefused();
}

}  // namespace
}  // namespace dunlin::e2e
