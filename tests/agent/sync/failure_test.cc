// What the apiserver refuses or loses, at every step of a run, and that the run gets there all the
// same.
#include "protocol/base/limits.h"
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using FailureTest = SyncTest;

struct Fault {
  std::string name;
  ApiFailure failure;
  bool performed = false;  // the apiserver did it, only its answer was lost
};

std::vector<Fault> Faults() {
  ApiFailure overloaded = Refusal(429, "TooManyRequests");
  overloaded.retry_after = Millis(2000);
  ApiFailure webhook = Refusal(500, "InternalError", "failed calling webhook \"x\"");
  webhook.code = Errc::kUnavailable;
  ApiFailure timeout = Refusal(0, "", "no answer in 30 s");
  timeout.code = Errc::kTimeout;
  return {{"Conflict", Refusal(409, "Conflict")},
          {"Invalid", Refusal(422, "Invalid")},
          {"Overloaded", overloaded},
          {"Webhook", webhook},
          {"NotFound", Refusal(404, "NotFound")},
          {"Forbidden", Refusal(403, "Forbidden")},
          {"Unreachable", Refusal(0, "", "connection reset")},
          {"LostAnswer", timeout, true}};
}

class FaultAtEveryStep : public SyncTest,
                         public testing::WithParamInterface<std::tuple<Fault, int>> {};

// One create, one patch and one delete in one run; one of them fails once.
TEST_P(FaultAtEveryStep, ConvergesAndComesToRest) {
  const auto& [fault, at] = GetParam();
  if (at == 2 && fault.failure.http == 404) return;  // of a DELETE: success, by definition
  Deploy({{"shop", Shop("web:1", 2)}});
  ASSERT_EQ(sim.State("shop"), "Synced");
  int write = -1;
  bool inside = false;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (inside || request.verb == Verb::kGet || ++write != at) return std::nullopt;
    if (fault.performed) {
      inside = true;
      sim.cluster.Answer(request);
      inside = false;
    }
    return fault.failure;
  };
  Apps second = {{"shop", Shop("web:2", 1)}};
  second["shop"].objects.push_back(ConfigMapOf("new", "one"));
  Publish(second);
  sim.Run(Millis(120000));
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_EQ(Image("web"), "web:2");
  EXPECT_EQ(Value("new"), "one");
  EXPECT_EQ(Value("config-1"), "missing");
  EXPECT_TRUE(Codes("shop").empty()) << testing::PrintToString(Codes("shop"));
  const size_t requests = sim.cluster.log.size();
  sim.Run(Millis(300000));
  EXPECT_EQ(sim.cluster.log.size(), requests);
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultAtEveryStep,
                         testing::Combine(testing::ValuesIn(Faults()), testing::Values(0, 1, 2)),
                         [](const auto& info) {
                           return std::get<0>(info.param).name +
                                  std::to_string(std::get<1>(info.param));
                         });

TEST_F(FailureTest, AnObjectThatExistsWithoutMarkIsAdopted) {
  sim.cluster.Put(ConfigMapOf("config-0", "by hand"));
  Deploy({{"shop", Shop("web:1", 1)}});
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_EQ(Value("config-0"), "one");
}

TEST_F(FailureTest, AnObjectOfAnotherToolIsAConflictThatNamesIt) {
  object::Value taken = ConfigMapOf("config-0", "helm's");
  taken.as_object()["metadata"].as_object()["annotations"] =
      Json(R"({"meta.helm.sh/release-name":"web","meta.helm.sh/release-namespace":"shop"})");
  sim.cluster.Put(taken);
  Deploy({{"shop", Shop("web:1", 2)}});
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_EQ(Value("config-0"), "helm's");
  EXPECT_EQ(Value("config-1"), "one");
  ASSERT_FALSE(sim.Target("shop").problems.empty());
  const wire::Problem problem = sim.Target("shop").problems.front();
  EXPECT_EQ(problem.code, "ownership_conflict");
  EXPECT_NE(problem.message.find("Helm"), std::string::npos) << problem.message;
}

TEST_F(FailureTest, ARefusedObjectIsReportedWithAHintAndTheOthersGoOn) {
  sim.cluster.fault = [](const Request& request) -> std::optional<ApiFailure> {
    if (request.key.kind != "Deployment") return std::nullopt;
    return Refusal(422, "Invalid", "spec.selector: Invalid value: field is immutable");
  };
  Deploy({{"shop", Shop("web:1", 2)}});
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_EQ(Value("config-1"), "one");
  ASSERT_EQ(sim.Target("shop").problems.size(), 1u);
  const wire::Problem problem = sim.Target("shop").problems.front();
  EXPECT_EQ(problem.code, "immutable_field");
  EXPECT_EQ(problem.object, "Deployment.apps shop/web");
  EXPECT_FALSE(problem.hint.empty());
  // The slow loop never gives up, and never hammers.
  const size_t before = sim.cluster.log.size();
  sim.Run(Millis(10 * 60 * 1000));
  const size_t tries = sim.cluster.log.size() - before;
  EXPECT_GE(tries, 9u);
  EXPECT_LE(tries, 16u);
  sim.cluster.fault = nullptr;
  sim.Run(Millis(90000));
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(FailureTest, FiveFastTriesThenTheSlowLoop) {
  std::vector<TimePoint> tries;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (request.key.kind != "Deployment") return std::nullopt;
    tries.push_back(sim.now);
    return Refusal(500, "InternalError", "etcdserver: leader changed");
  };
  Deploy({{"shop", Shop("web:1", 0)}});
  sim.Run(Millis(60000));
  ASSERT_GE(tries.size(), 7u);
  EXPECT_LE(tries[5] - tries[0], Millis(3800));
  EXPECT_GE(tries[5] - tries[0], Millis(2400));
  EXPECT_GE(tries[6] - tries[5], Millis(4000));
}

TEST_F(FailureTest, NothingIsPrunedInARunWithAFailedStep) {
  Deploy({{"shop", Shop("web:1", 3)}});
  sim.cluster.fault = [](const Request& request) -> std::optional<ApiFailure> {
    if (request.verb != Verb::kPatch) return std::nullopt;
    return Refusal(422, "Invalid");
  };
  Deploy({{"shop", Shop("web:2", 2)}});
  EXPECT_EQ(sim.State("shop"), "Failed");
  EXPECT_EQ(Value("config-2"), "one");
  sim.cluster.fault = nullptr;
  sim.Run(Millis(60000));
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_EQ(Value("config-2"), "missing");
}

TEST_F(FailureTest, OverloadHalvesTheWriteWindow) {
  FakeHub::App app = Shop("web:1", 60);
  size_t most = 0;
  int refused = 0;
  sim.hold_answers = true;
  sim.cluster.fault = [&](const Request& request) -> std::optional<ApiFailure> {
    if (request.key.kind != "ConfigMap" || refused >= 2) return std::nullopt;
    ++refused;
    return Refusal(429, "TooManyRequests");
  };
  Publish({{"shop", app}});
  sim.Boot();
  for (int i = 0; i < 200 && sim.State("shop") != "Synced"; ++i) {
    sim.Run(Millis(100));
    most = std::max(most, sim.machine().apps().in_flight());
    sim.ReleaseAnswers();
  }
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(most, size_t{limits::kWritesInFlight});
  EXPECT_LE(sim.machine().apps().window().size(), 6);
}

TEST_F(FailureTest, AMissingNamespaceIsMadeWhenThePolicySaysSo) {
  sim.cluster.namespaces_matter = true;
  FakeHub::App app;
  app.objects = {ConfigMapOf("config-0", "one")};
  app.policy.namespace_ = "shop";
  app.policy.create_namespace = true;
  Deploy({{"shop", app}});
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_NE(sim.cluster.Find({"", "Namespace", "", "shop"}), nullptr);
}

TEST_F(FailureTest, ANamespaceThatIsThereAlreadyStaysOthers) {
  sim.cluster.namespaces_matter = true;
  object::Value space = NamespaceOf("shop");
  space.as_object()["metadata"].as_object()["annotations"] =
      Json(R"({"meta.helm.sh/release-name":"base","meta.helm.sh/release-namespace":"x"})");
  sim.cluster.Put(space);
  FakeHub::App app;
  app.objects = {ConfigMapOf("config-0", "one")};
  app.policy.namespace_ = "shop";
  app.policy.create_namespace = true;
  Deploy({{"shop", app}});
  EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
  const size_t requests = sim.cluster.log.size();
  app.objects = {ConfigMapOf("config-0", "one")};
  Deploy({{"shop", app}});
  sim.Boot();
  sim.Run(Millis(5000));
  EXPECT_EQ(sim.cluster.log.size(), requests);
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(FailureTest, EveryRequestOfAnAppWithAServiceAccountIsImpersonated) {
  FakeHub::App app = Shop("web:1", 1);
  app.policy.service_account = "shop/deployer";
  Deploy({{"shop", app}});
  ASSERT_FALSE(sim.cluster.log.empty());
  for (const Request& request : sim.cluster.log) {
    EXPECT_EQ(request.as_user, "system:serviceaccount:shop:deployer");
  }
}

}  // namespace
}  // namespace dunlin::sync
