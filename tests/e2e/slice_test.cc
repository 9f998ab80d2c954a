// The main job once, thin and real: a bare repository with plain manifests, the hub, one agent, one
// kube-apiserver.
#include <gtest/gtest.h>

#include "protocol/object/json.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

constexpr std::string_view kApp = R"(apiVersion: dunlin.dev/v1
kind: App
metadata: { name: hello }
spec:
  source: { repo: REPO, revision: main, path: hello }
  namespace: default
)";

constexpr std::string_view kManifests = R"(apiVersion: v1
kind: ConfigMap
metadata: { name: greeting }
data: { text: hello }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: "registry.example.com/web:1.0.0", ports: [{ containerPort: 8080 }] }
)";

TEST(Slice, PlainManifestsFromGitToApiserverToStatus) {
  support::TempDir dir;
  auto plane = Plane::Start(dir / "plane", {.clusters = 1, .controllers = true, .kubelet = true});
  ASSERT_OK(plane);
  auto fleet = Fleet::Create(dir.path());
  ASSERT_OK(fleet);
  std::string app(kApp);
  app.replace(app.find("REPO"), 4, fleet->git().bare());
  ASSERT_OK(fleet->git().Write("catalogue/hello.yaml", app));
  ASSERT_OK(fleet->git().Write("hello/all.yaml", kManifests));
  const auto first = fleet->git().Push("first");
  ASSERT_OK(first);

  ASSERT_OK(fleet->StartHub());
  ASSERT_OK(fleet->Enroll("one", "eu-west-1", plane->kubeconfig(0)));
  ASSERT_OK(fleet->StartAgent("one", plane->kubeconfig(0)));
  ASSERT_OK(fleet->WaitSynced(1, *first));
  const auto greeting = plane->Get(0, "configmap", "default", "greeting");
  ASSERT_OK(greeting);
  EXPECT_EQ(object::FindString(*greeting, {"data", "text"}), "hello");

  // One changed image is one PATCH of one object, the app's parent ConfigMap apart.
  plane->Mark(0);
  ASSERT_OK(fleet->git().Edit("hello/all.yaml", "web:1.0.0", "web:1.0.1"));
  const auto second = fleet->git().Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet->WaitSynced(1, *second));
  const auto requests = plane->Requests(0, "dunlin-agent");
  ASSERT_OK(requests);
  std::vector<std::string> writes;
  for (const Audited& request : *requests) {
    if (IsWrite(request) && request.namespace_ != "dunlin-system") {
      writes.push_back(request.verb + " " + request.resource + "/" + request.name);
    }
  }
  EXPECT_EQ(writes, std::vector<std::string>{"patch deployments/web"});
  const auto web = plane->Get(0, "deployment", "default", "web");
  ASSERT_OK(web);
  EXPECT_NE(object::CanonicalJson(*web).find("web:1.0.1"), std::string::npos);
  ASSERT_OK(fleet->StopAgent("one"));
  ASSERT_OK(fleet->StopHub());
}

}  // namespace
}  // namespace dunlin::e2e
