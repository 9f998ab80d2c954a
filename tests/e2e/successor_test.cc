// A cluster gets a new agent while the former one still runs; and an agent that is gone shows at
// once.
#include "protocol/store/files.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

class Successor : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({}); }

  static int64_t Connected(const object::Value& status) {
    return object::FindInt(status, {"summary", "connected"}).value_or(-1);
  }
};

TEST_F(Successor, TakesOverFromAnAgentThatRunsOnAndIsToldSo) {
  CreateFleet("successor");
  ASSERT_OK(fleet_->git().Write("manifests/a.yaml", ConfigMap("a", "one")));
  ASSERT_NO_FATAL_FAILURE(StartSynced());
  ASSERT_OK(fleet_->EnrollAs("second", "one", "eu-west-1", plane_->kubeconfig(0)));
  // The former agent's poll was held; it hears of it without asking.
  const auto nobody = [](const object::Value& status) { return Connected(status) == 0; };
  ASSERT_OK(fleet_->WaitStatus("the former agent is cut off", nobody, Seconds(15)));
  ASSERT_OK(fleet_->git().Write("manifests/a.yaml", ConfigMap("a", "two")));
  const auto second = fleet_->git().Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->StartAgent("second", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitSynced(1, *second));
  const auto log = ReadFile(fleet_->agent_log("one"), 1 << 22);
  ASSERT_OK(log);
  EXPECT_NE(log->find("another agent was enrolled for cluster one"), std::string::npos) << *log;

  fleet_->KillAgent("second");
  ASSERT_OK(fleet_->WaitStatus("a killed agent shows", nobody, Seconds(15)));
  const auto target = fleet_->Target(app_, "one");
  ASSERT_OK(target);
  EXPECT_EQ(object::FindString(*target, {"state"}), "Stale");
  EXPECT_NE(object::FindString(*target, {"reason"}).find("the agent's connection ended"),
            std::string_view::npos);
  EXPECT_OK(fleet_->StopAgent("one"));
}

}  // namespace
}  // namespace dunlin::e2e
