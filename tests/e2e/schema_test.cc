// An agent whose account may not read the OpenAPI documents: it does not know how lists merge, so
// it changes none, and says why.
#include <filesystem>
#include <fstream>
#include <regex>

#include "protocol/object/json.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

std::string Role(const std::string& urls) {
  return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: agent }\n"
         "rules:\n- { apiGroups: [\"*\"], resources: [\"*\"], verbs: [get, create, patch, delete, "
         "list, watch] }\n- { nonResourceURLs: " +
         urls + ", verbs: [get] }\n";
}

std::string Web(const std::string& image) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  selector: "
         "{ matchLabels: { a: web } }\n  template:\n    metadata: { labels: { a: web } }\n    "
         "spec: "
         "{ containers: [ { name: main, image: \"" +
         image + "\" } ] }\n";
}

class Schema : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({.clusters = 1}); }

  // The plane's kubeconfig with the token of a ServiceAccount instead of a client certificate.
  Result<std::string> Restricted() {
    TRY_VOID(plane_->Kubectl(0, {"create", "serviceaccount", "agent", "-n", "default"}));
    TRY_VOID(plane_->Kubectl(0, {"create", "clusterrolebinding", "agent", "--clusterrole=agent",
                                 "--serviceaccount=default:agent"}));
    // Otherwise every account may read them.
    TRY_VOID(plane_->Kubectl(0, {"delete", "clusterrolebinding", "system:discovery"}));
    TRY(std::string token, plane_->Kubectl(0, {"create", "token", "agent", "-n", "default"}));
    while (!token.empty() && token.back() == '\n') token.pop_back();
    std::stringstream text;
    text << std::ifstream(plane_->kubeconfig(0)).rdbuf();
    const std::string whole = text.str();
    const auto field = [&](const char* name) {
      std::smatch found;
      const std::regex expression(std::string(name) + ":\\s*(\\S+)");
      return std::regex_search(whole, found, expression) ? found[1].str() : std::string();
    };
    const std::string path = dir_ / "restricted.kubeconfig";
    std::ofstream(path)
        << "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters:\n- name: c\n  cluster:\n"
        << "    server: " << field("server")
        << "\n    certificate-authority-data: " << field("certificate-authority-data")
        << "\nusers:\n- name: u\n  user: { token: " << token
        << " }\ncontexts:\n- name: a\n  context: { cluster: c, user: u }\n";
    return path;
  }
  Result<std::string> Images() {
    return plane_->Kubectl(0, {"get", "deployment", "web", "-n", app_, "-o",
                               "jsonpath={.spec.template.spec.containers[*].image}"});
  }
};

TEST_F(Schema, WithoutTheDocumentNoListIsReplaced) {
  ASSERT_NO_FATAL_FAILURE(CreateFleet("schema"));
  const std::string discovery = R"(["/api", "/api/*", "/apis", "/apis/*", "/version"])";
  ASSERT_OK(plane_->Kubectl(0, {"apply", "-f", "-"}, Role(discovery)));
  const auto kubeconfig = Restricted();
  ASSERT_OK(kubeconfig);
  ASSERT_OK(fleet_->git().Write("manifests/web.yaml", Web("main:1")));
  ASSERT_OK(fleet_->git().Write("manifests/map.yaml", ConfigMap("map")));
  auto revision = fleet_->git().Push("first");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->StartHub());
  ASSERT_OK(fleet_->Enroll("one", "eu-west-1", *kubeconfig));
  ASSERT_OK(fleet_->StartAgent("one", *kubeconfig));
  ASSERT_OK(fleet_->WaitApplied(1, *revision));
  ASSERT_OK(plane_->Kubectl(0, {"patch", "deployment", "web", "-n", app_, "--type=json", "-p",
                                R"([{"op":"add","path":"/spec/template/spec/containers/-",
               "value":{"name":"side","image":"side:1"}}])"}));

  ASSERT_OK(fleet_->git().Write("manifests/web.yaml", Web("main:2")));
  ASSERT_OK(fleet_->git().Write("manifests/map.yaml", ConfigMap("map", "two")));
  revision = fleet_->git().Push("second");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitProblem(app_, "one", "schema_unavailable"));
  ASSERT_OK(plane_->WaitFor(0, "configmap", app_, "map", ".data.text", "two"));
  EXPECT_EQ(Images().value_or("?"), "main:1 side:1");

  ASSERT_OK(plane_->Kubectl(0, {"apply", "-f", "-"}, Role(R"(["*"])")));
  ASSERT_OK(fleet_->WaitApplied(1, *revision));
  EXPECT_EQ(Images().value_or("?"), "main:2 side:1");
}

}  // namespace
}  // namespace dunlin::e2e
