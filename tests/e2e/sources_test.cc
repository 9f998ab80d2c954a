// A fleet repository over https with a password and a private CA, and an app's over ssh with a key:
// what the hub's credentials directory is for, with real servers on both sides.
#include <filesystem>

#include "protocol/object/json.h"
#include "tests/e2e/one_cluster.h"
#include "tests/support/assert_ok.h"
#include "tests/support/git_server.h"

namespace dunlin::e2e {
namespace {

namespace fs = std::filesystem;

class SourcesTest : public OneCluster {
 protected:
  static void SetUpTestSuite() { StartPlane({}); }

  void SetUp() override {
    const std::string repositories = dir_ / "git";
    fs::create_directories(repositories);
    fs::create_directory_symlink(".", repositories + "/private");
    auto server = support::GitServer::Start(repositories, dir_ / "server");
    ASSERT_OK(server);
    server_.emplace(std::move(*server));
    FleetOptions options;
    options.fleet_repo = server_->Https("private/repo.git");
    options.extra_git = "  allowNetworks: [\"127.0.0.0/8\"]\n";
    auto fleet = Fleet::Create(dir_.path(), options);
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    auto code = GitRepository::Create(dir_ / "git/shop");
    ASSERT_OK(code);
    code_.emplace(std::move(*code));
    for (const char* file : {"ca.pem", "token", "key", "known_hosts"}) {
      const fs::path to = fs::path(fleet_->hub_data()) / "credentials" / file;
      fs::create_directories(to.parent_path());
      fs::copy_file(fs::path(server_->directory()) / file, to);
    }
  }

  // A Source named `name`; `credentials` in flow style.
  static std::string Source(const std::string& name, const std::string& repo,
                            const std::string& credentials) {
    return "apiVersion: dunlin.dev/v1\nkind: Source\nmetadata: { name: " + name +
           " }\nspec:\n  repo: " + repo + "\n  credentials: " + credentials + "\n";
  }
  Status WaitHubSays(const std::string& text) {
    return fleet_->WaitStatus("\"" + text + "\"", [text](const object::Value& status) {
      return object::CanonicalJson(status).find(text) != std::string::npos;
    });
  }

  std::optional<support::GitServer> server_;
  std::optional<GitRepository> code_;
};

TEST_F(SourcesTest, AFleetOverHttpsAndAnAppOverSsh) {
  const std::string shop = server_->Ssh("shop/repo.git");
  ASSERT_OK(code_->Write("manifests/one.yaml", ConfigMap("one")));
  const auto first = code_->Push("first");
  ASSERT_OK(first);
  ASSERT_OK(fleet_->git().Write("catalogue/app.yaml",
                                "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: shop "
                                "}\nspec:\n  source: { repo: \"" +
                                    shop +
                                    "\", revision: main, path: manifests }\n  namespace: shop\n"));
  ASSERT_OK(fleet_->git().Push("fleet"));
  ASSERT_OK(fleet_->StartHub());
  ASSERT_OK(WaitHubSays("certificate is not trusted"));

  ASSERT_OK(fleet_->git().Write(
      "fleet-source.yaml", Source("fleet", server_->Https("private/repo.git"),
                                  "{ username: deploy, passwordFile: token, caFile: ca.pem }")));
  const auto applied = fleet_->Dunlin({"apply", "-f", fleet_->git().tree() + "/fleet-source.yaml"});
  ASSERT_OK(applied);
  ASSERT_EQ(applied->status, 0) << applied->out << Tail(fleet_->directory() + "/dunlin.log");
  ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitProblem("shop", "one", "known_hosts"));

  ASSERT_OK(fleet_->git().Write(
      "catalogue/source.yaml",
      Source("shop", shop, "{ sshKeyFile: key, knownHostsFile: known_hosts }")));
  ASSERT_OK(fleet_->git().Push("the shop's key"));
  ASSERT_OK(fleet_->WaitSynced(1, *first));
  EXPECT_OK(plane_->Get(0, "configmap", "shop", "one"));

  ASSERT_OK(code_->Write("manifests/one.yaml", ConfigMap("one", "two")));
  const auto second = code_->Push("second");
  ASSERT_OK(second);
  ASSERT_OK(fleet_->WaitSynced(1, *second));
}

}  // namespace
}  // namespace dunlin::e2e
