// An agent that does not see its cluster, or sees another one: it says so where people look, writes
// nothing on a guess, and goes on by itself when the cluster is back.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "tests/e2e/detour.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

constexpr const char* kAccount = "agent";
constexpr const char* kAccountSpace = "agents";
constexpr uint16_t kNobody = 1;  // a port at which nothing listens

// Everything but to see config maps, which is given and taken.
std::string Role(bool sees_config_maps) {
  std::string role = R"(apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: agent }
rules:
- { apiGroups: ["*"], resources: ["*"], verbs: [get, create, patch, delete] }
- { apiGroups: [""], resources: [namespaces, services], verbs: [list, watch] }
- { nonResourceURLs: ["*"], verbs: [get] }
)";
  if (sees_config_maps) {
    role += "- { apiGroups: [\"\"], resources: [configmaps], verbs: [list, watch] }\n";
  }
  return role;
}

class KnownCluster : public OneCluster {
 protected:
  static constexpr int kObjects = 4;

  static void SetUpTestSuite() { StartPlane({.clusters = 2}); }

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(CreateFleet("known"));
    for (int i = 0; i < kObjects; ++i) ASSERT_OK(Write(i, "one"));
    auto detour = Detour::Start(plane_->port(0));
    ASSERT_OK(detour);
    detour_ = std::move(*detour);
  }

  static Status Put(const std::string& file, std::string_view text) {
    return WriteFileDurably(file, text, 0600);
  }
  static std::string Item(int i) { return "item-" + std::to_string(i); }
  static std::string File(int i) { return "manifests/" + Item(i) + ".yaml"; }
  Status Write(int i, const std::string& text) {
    return fleet_->git().Write(File(i), ConfigMap(Item(i), text));
  }
  std::string Token() const { return dir_ / "token"; }

  // What a pod finds: the credentials are files.
  Status WriteToken(const std::string& token) { return Put(Token(), token); }
  static std::string AdminToken(int cluster) {
    const auto text = ReadFile(plane_->kubeconfig(cluster), 1 << 20);
    EXPECT_OK(text);
    const size_t begin = text->find("token: ") + 7;
    return text->substr(begin, text->find('\n', begin) - begin);
  }
  static std::string AccountToken() {
    const auto token =
        plane_->Kubectl(0, {"create", "token", kAccount, "-n", kAccountSpace, "--duration=1h"});
    EXPECT_OK(token);
    return token ? *token : "";
  }
  static Status MakeAccount() {
    TRY_VOID(plane_->Kubectl(0, {"create", "serviceaccount", kAccount, "-n", kAccountSpace}));
    return {};
  }
  static Status GiveRole(bool sees_config_maps) {
    TRY_VOID(plane_->Kubectl(0, {"apply", "-f", "-"}, Role(sees_config_maps)));
    return {};
  }
  static Status MakeAccountWithRole() {
    TRY_VOID(plane_->Kubectl(0, {"apply", "-f", "-"},
                             std::string("apiVersion: v1\nkind: Namespace\nmetadata: { name: ") +
                                 kAccountSpace + " }\n"));
    TRY_VOID(MakeAccount());
    TRY_VOID(GiveRole(true));
    TRY_VOID(
        plane_->Kubectl(0, {"create", "clusterrolebinding", "agent", "--clusterrole=agent",
                            std::string("--serviceaccount=") + kAccountSpace + ":" + kAccount}));
    return {};
  }
  static void ForgetAccount() {
    EXPECT_OK(plane_->Kubectl(0, {"delete", "clusterrolebinding,clusterrole", "agent"}));
    EXPECT_OK(plane_->Kubectl(0, {"delete", "serviceaccount", kAccount, "-n", kAccountSpace}));
  }

  // By way of the detour, with the token file, and trusting the CAs of both clusters.
  std::string DetourKubeconfig() {
    std::string authorities;
    for (int cluster = 0; cluster < plane_->size(); ++cluster) {
      const auto ca = ReadFile(plane_->ca_file(cluster), 1 << 20);
      EXPECT_OK(ca);
      authorities += *ca;
    }
    EXPECT_OK(Put(dir_ / "ca.crt", authorities));
    const std::string file = dir_ / "detour.kubeconfig";
    EXPECT_OK(
        Put(file,
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{ name: c, cluster: { "
            "server: \"https://127.0.0.1:" +
                std::to_string(detour_->port()) + "\", certificate-authority: \"" +
                (dir_ / "ca.crt") + "\" } }]\nusers: [{ name: u, user: { tokenFile: \"" + Token() +
                "\" } }]\ncontexts: [{ name: c, context: { cluster: c, user: u } }]\n"));
    return file;
  }
  Status StartHub() {
    TRY(first_, fleet_->git().Push("first"));
    TRY_VOID(fleet_->StartHub());
    return fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0));
  }
  Status WaitProblem(const std::string& text, Seconds limit) {
    return fleet_->WaitProblem(app_, "one", text, limit);
  }
  bool IsLive(int cluster, int item) {
    return plane_->Get(cluster, "configmap", app_, Item(item)).has_value();
  }
  // `dunlin-agent status` shows what the agent wrote at its last beat, a second ago at most.
  void ExpectLocalStatus(const std::string& text, bool there = true) {
    std::string said;
    for (int i = 0; i < 100; ++i) {
      const auto status = support::Run(
          {.command = {Program("dunlin-agent"), "status", "--state", fleet_->state("one")}});
      ASSERT_OK(status);
      said = status->out;
      if ((said.find(text) != std::string::npos) == there) return;
      std::this_thread::sleep_for(Millis(100));
    }
    ADD_FAILURE() << (there ? "not there: " : "still there: ") << text << "\n" << said;
  }

  std::unique_ptr<Detour> detour_;
  std::string first_;
};

TEST_F(KnownCluster, AnotherClusterBehindTheAddressIsNotWrittenTo) {
  ASSERT_OK(WriteToken(AdminToken(0)));
  ASSERT_OK(StartHub());
  ASSERT_OK(fleet_->StartAgent("one", DetourKubeconfig()));
  ASSERT_OK(fleet_->WaitSynced(1, first_));

  plane_->Mark(1);
  ASSERT_OK(WriteToken(AdminToken(1)));
  detour_->LeadTo(plane_->port(1));
  ASSERT_OK(WaitProblem("leads to the cluster", Seconds(30)));
  ExpectLocalStatus("leads to the cluster");
  ASSERT_OK(Write(0, "two"));
  const auto second = fleet_->git().Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->WaitStatus("the second revision", [&](const object::Value& status) {
    return object::CanonicalJson(status).find(*second) != std::string::npos;
  }));
  const auto requests = plane_->Requests(1, "dunlin-agent");
  ASSERT_OK(requests);
  EXPECT_FALSE(requests->empty());
  for (const Audited& request : *requests) {
    EXPECT_EQ(request.verb + " " + request.resource + " " + request.name,
              "get namespaces kube-system");
  }
  const auto log = ReadFile(fleet_->agent_log("one"), 1 << 20);
  ASSERT_OK(log);
  EXPECT_NE(log->find("other_cluster"), std::string::npos);
  EXPECT_EQ(log->find("other_cluster"), log->rfind("other_cluster")) << *log;

  ASSERT_OK(WriteToken(AdminToken(0)));
  detour_->LeadTo(plane_->port(0));
  ASSERT_OK(fleet_->WaitSynced(1, *second, Seconds(90)));
}

TEST_F(KnownCluster, AKindThatMayNotBeSeenAnyMoreIsSaidAndNotPruned) {
  ASSERT_OK(MakeAccountWithRole());
  ASSERT_OK(WriteToken(AccountToken()));
  ASSERT_OK(StartHub());
  ASSERT_OK(fleet_->StartAgent("one", DetourKubeconfig()));
  ASSERT_OK(fleet_->WaitSynced(1, first_));

  ASSERT_OK(GiveRole(false));
  detour_->Cut();  // a watch that is open stays so; the next one is refused
  ASSERT_OK(WaitProblem("ConfigMap cannot be listed and watched", Seconds(30)));
  ASSERT_OK(plane_->Kubectl(
      0, {"label", "configmap", Item(0), "-n", app_, "applyset.kubernetes.io/part-of-"}));
  ASSERT_OK(fleet_->git().Remove(File(0)));
  ASSERT_OK(fleet_->git().Remove(File(1)));
  const auto second = fleet_->git().Push("two are given up");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->WaitStatus("the second revision, refused", [&](const object::Value& status) {
    const std::string text = object::CanonicalJson(status);
    return text.find(*second) != std::string::npos && text.find("\"Failed\"") != std::string::npos;
  }));
  EXPECT_TRUE(IsLive(0, 0));
  EXPECT_TRUE(IsLive(0, 1));

  ASSERT_OK(GiveRole(true));
  ASSERT_OK(fleet_->WaitSynced(1, *second, Seconds(90)));
  EXPECT_TRUE(IsLive(0, 0));  // somebody took it from us
  EXPECT_FALSE(IsLive(0, 1));
  EXPECT_TRUE(IsLive(0, 2));
  const auto requests = plane_->Requests(0, "dunlin-agent");
  ASSERT_OK(requests);
  EXPECT_EQ(std::count_if(requests->begin(), requests->end(),
                          [this](const Audited& request) {
                            return request.verb == "delete" && request.namespace_ == app_;
                          }),
            1);
  ForgetAccount();
}

TEST_F(KnownCluster, AnApiserverThatDiesWhileNothingHappensShowsInTheStatus) {
  ASSERT_OK(WriteToken(AdminToken(0)));
  ASSERT_OK(StartHub());
  ASSERT_OK(fleet_->StartAgent("one", DetourKubeconfig()));
  ASSERT_OK(fleet_->WaitSynced(1, first_));
  detour_->LeadTo(kNobody);
  EXPECT_OK(WaitProblem("the apiserver does not answer", Seconds(30)));
  ExpectLocalStatus("the apiserver does not answer");
  detour_->LeadTo(plane_->port(0));
  ASSERT_OK(fleet_->WaitSynced(1, "", Seconds(90)));
  ExpectLocalStatus("the apiserver does not answer", false);
}

TEST_F(KnownCluster, APodsServiceAccountWorksAndItsTokenMayChange) {
  ASSERT_OK(MakeAccountWithRole());
  std::filesystem::create_directories(dir_ / "mounted");
  std::filesystem::copy(plane_->ca_file(0), dir_ / "mounted/ca.crt");
  ASSERT_OK(Put(dir_ / "mounted/namespace", kAccountSpace));
  ASSERT_OK(Put(dir_ / "mounted/token", AccountToken()));
  ASSERT_OK(StartHub());
  ASSERT_OK(fleet_->StartAgent("one", {"--service-account", dir_ / "mounted"},
                               {{"KUBECONFIG", ""},
                                {"KUBERNETES_SERVICE_HOST", "127.0.0.1"},
                                {"KUBERNETES_SERVICE_PORT", std::to_string(detour_->port())}}));
  ASSERT_OK(fleet_->WaitSynced(1, first_));
  const auto parents = plane_->Kubectl(0, {"get", "configmap", "-n", kAccountSpace, "-l",
                                           "applyset.kubernetes.io/id", "-o", "name"});
  ASSERT_OK(parents);
  EXPECT_NE(parents->find(app_), std::string::npos);  // the pod's namespace is the agent's own

  // Another account of the same name: the old token is good for nothing.
  ASSERT_OK(plane_->Kubectl(0, {"delete", "serviceaccount", kAccount, "-n", kAccountSpace}));
  ASSERT_OK(MakeAccount());
  ASSERT_OK(Put(dir_ / "mounted/token", AccountToken()));
  ASSERT_OK(Write(0, "two"));
  const auto second = fleet_->git().Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->WaitSynced(1, *second));
  detour_->Cut();
  ASSERT_OK(Write(0, "three"));
  const auto third = fleet_->git().Push("third");
  ASSERT_OK(third);
  ASSERT_OK(fleet_->WaitSynced(1, *third));
  ForgetAccount();
}

}  // namespace
}  // namespace dunlin::e2e
