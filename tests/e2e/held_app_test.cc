// The hub has lost a bundle and cannot render it again, because the app's own repository is away:
// that app waits, the cluster's other apps do not.
#include <filesystem>

#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

class HeldApp : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({}); }

  std::string Text(const std::string& namespace_, const std::string& name) const {
    const auto live = plane_->Get(0, "configmap", namespace_, name);
    return live ? std::string(object::FindString(*live, {"data", "text"})) : live.error().message;
  }
};

TEST_F(HeldApp, HoldsBackNoOtherAppAndGoesOnOnceItsRepositoryIsBack) {
  CreateFleet("held");
  const auto other = GitRepository::Create(fleet_->directory() + "/git/other");
  ASSERT_OK(other);
  GitRepository tools = *other;
  ASSERT_OK(tools.Write("b.yaml", ConfigMap("b", "one")));
  ASSERT_OK(tools.Push("first"));
  ASSERT_OK(fleet_->git().Write(
      "catalogue/tools.yaml",
      "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: tools }\nspec:\n  source: { repo: " +
          tools.bare() + ", revision: main, path: . }\n  namespace: tools\n"));
  ASSERT_OK(fleet_->git().Write("manifests/a.yaml", ConfigMap("a", "one")));
  const auto first = fleet_->git().Push("first");
  ASSERT_OK(first);
  ASSERT_OK(fleet_->StartHub());
  ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitSynced(2, ""));
  ASSERT_OK(fleet_->StopAgent("one"));

  // While the agent is away, both change; then the new bundles go, and with them one repository.
  ASSERT_OK(tools.Write("b.yaml", ConfigMap("b", "two")));
  const auto lost = tools.Push("second");
  ASSERT_OK(lost);
  const auto rendered = [&](const object::Value& status) {
    for (const object::Value& target : *object::FindArray(status, {"targets"})) {
      if (object::FindString(target, {"app"}) == "tools") {
        return object::FindString(target, {"revision"}) == *lost;
      }
    }
    return false;
  };
  ASSERT_OK(fleet_->WaitStatus("the change of tools is published", rendered));
  ASSERT_OK(fleet_->StopHub());  // it has deltas in memory
  std::filesystem::remove_all(fleet_->hub_data() + "/bundles");
  std::filesystem::rename(tools.bare(), tools.bare() + ".away");
  std::filesystem::remove_all(fleet_->hub_data() + "/mirrors");
  ASSERT_OK(fleet_->git().Write("manifests/a.yaml", ConfigMap("a", "two")));
  const auto second = fleet_->git().Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->StartHub());
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));

  ASSERT_OK(fleet_->WaitProblem("tools", "one", "bundle_unavailable"));
  const auto target = [&](const object::Value&) {
    const auto app = fleet_->Target(app_, "one");
    return app && object::FindString(*app, {"state"}) == "Synced" &&
           object::FindString(*app, {"revision"}) == *second;
  };
  ASSERT_OK(fleet_->WaitStatus("the other app goes on", target));
  EXPECT_EQ(Text(app_, "a"), "two");
  EXPECT_EQ(Text("tools", "b"), "one");

  std::filesystem::rename(tools.bare() + ".away", tools.bare());
  ASSERT_OK(fleet_->WaitSynced(2, "", Seconds(90)));
  EXPECT_EQ(Text("tools", "b"), "two");
}

}  // namespace
}  // namespace dunlin::e2e
