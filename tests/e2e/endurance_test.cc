// An agent on its own: without the hub, after a kill, after a restart, it keeps enforcing what it
// verified last; drift is one repair; nothing happens when nothing changed.
#include "protocol/object/json.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

class Endurance : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({.clusters = 1, .front = true}); }

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(CreateFleet("endure"));
    Settings("one");
    ASSERT_NO_FATAL_FAILURE(StartSynced());
  }

  void Settings(const std::string& text) {
    ASSERT_OK(fleet_->git().Write("manifests/settings.yaml", ConfigMap("settings", text)));
  }

  void Break() {
    ASSERT_OK(plane_->Kubectl(0, {"patch", "configmap", "settings", "-n", app_, "--type=merge",
                                  "-p", R"({"data":{"text":"broken"}})"}));
  }
  void ExpectRepaired(const std::string& text) {
    EXPECT_OK(plane_->WaitFor(0, "configmap", app_, "settings", ".data.text", text));
  }
  std::vector<std::string> Writes() {
    std::vector<std::string> writes;
    const auto requests = plane_->Requests(0, "dunlin-agent");
    EXPECT_OK(requests);
    for (const Audited& request : *requests) {
      if (IsWrite(request))
        writes.push_back(request.verb + " " + request.resource + "/" + request.name);
    }
    return writes;
  }
};

TEST_F(Endurance, DriftIsRepairedWithOneRequest) {
  Break();
  ExpectRepaired("one");
  EXPECT_EQ(Writes(), std::vector<std::string>{"patch configmaps/settings"});
}

TEST_F(Endurance, ADeletedObjectComesBack) {
  ASSERT_OK(plane_->Kubectl(0, {"delete", "configmap", "settings", "-n", app_}));
  ASSERT_OK(plane_->Kubectl(
      0, {"wait", "configmap/settings", "-n", app_, "--for=create", "--timeout=30s"}));
  ExpectRepaired("one");
}

TEST_F(Endurance, DriftIsRepairedWhileTheHubIsAway) {
  fleet_->KillHub();
  Break();
  ExpectRepaired("one");
}

TEST_F(Endurance, AfterARestartWithoutTheHubTheLastStateIsEnforced) {
  fleet_->KillAgent("one");
  fleet_->KillHub();
  Break();
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ExpectRepaired("one");
}

TEST_F(Endurance, AChangeMadeWhileTheAgentWasAwayArrives) {
  fleet_->KillAgent("one");
  Settings("two");
  const auto revision = fleet_->git().Push("second");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  ExpectRepaired("two");
}

TEST_F(Endurance, AnApiserverThatIsAwayIsSaidAndCaughtUpWith) {
  ASSERT_OK(plane_->Control("cut 1"));
  Settings("two");
  const auto revision = fleet_->git().Push("second");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitStatus("the apiserver's absence", [](const object::Value& status) {
    return object::CanonicalJson(status).find("apiserver") != std::string::npos;
  }));
  ASSERT_OK(plane_->Control("resume 1"));
  ASSERT_OK(fleet_->WaitSynced(1, *revision, Seconds(90)));
  ExpectRepaired("two");
}

// A commit that changes no object: the revision moves at the hub, the apiserver sees no request.
TEST_F(Endurance, NothingChangedMeansNoRequestAtAll) {
  ASSERT_OK(fleet_->git().Write("README.md", "words\n"));
  const auto revision = fleet_->git().Push("only words");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(1, *revision));
  const auto requests = plane_->Requests(0, "dunlin-agent");
  ASSERT_OK(requests);
  for (const Audited& request : *requests) {
    EXPECT_EQ(request.verb, "watch") << request.verb << " " << request.resource;
  }
}

TEST_F(Endurance, BothEndCleanlyOnSigterm) {
  ASSERT_OK(fleet_->StopAgent("one"));
  ASSERT_OK(fleet_->StopHub());
}

}  // namespace
}  // namespace dunlin::e2e
