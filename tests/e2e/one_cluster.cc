#include "tests/e2e/one_cluster.h"

#include "tests/support/assert_ok.h"

namespace dunlin::e2e {

std::unique_ptr<support::TempDir> OneCluster::planes_;
std::unique_ptr<Plane> OneCluster::plane_;
int OneCluster::counter_ = 0;

std::string ConfigMap(const std::string& name, const std::string& text) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: " + name + " }\ndata: { text: \"" +
         text + "\" }\n";
}

void OneCluster::StartPlane(const PlaneOptions& options) {
  planes_ = std::make_unique<support::TempDir>();
  auto plane = Plane::Start(planes_->path(), options);
  ASSERT_OK(plane);
  plane_ = std::make_unique<Plane>(std::move(*plane));
}

void OneCluster::TearDownTestSuite() {
  plane_.reset();
  planes_.reset();
}

void OneCluster::CreateFleet(const std::string& prefix) {
  app_ = prefix + "-" + std::to_string(++counter_);
  auto fleet = Fleet::Create(dir_.path());
  ASSERT_OK(fleet);
  fleet_ = std::make_unique<Fleet>(std::move(*fleet));
  ASSERT_OK(fleet_->git().Write("catalogue/app.yaml", App("manifests")));
}

void OneCluster::StartSynced() {
  const auto revision = fleet_->git().Push("first");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->StartHub());
  ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  plane_->Mark(0);
}

std::string OneCluster::App(const std::string& path) const {
  return "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: " + app_ +
         " }\nspec:\n  source: { repo: " + fleet_->git().bare() +
         ", revision: main, path: " + path + " }\n  namespace: " + app_ + "\n";
}

}  // namespace dunlin::e2e
