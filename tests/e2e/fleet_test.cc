// Several clusters in several regions, the example fleet in all four renderers, an Argo CD
// Application read as it is, rollback, and the administrator's commands.
#include "tests/e2e/fleet.h"

#include <filesystem>

#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

const std::vector<std::pair<std::string, std::string>> kClusters = {
    {"store-eu", "eu-west-1"}, {"store-us", "us-east-1"}, {"store-ap", "ap-south-1"}};

class FleetTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<support::TempDir>();
    auto plane =
        Plane::Start(*dir_ / "plane", {.clusters = 3, .controllers = true, .kubelet = true});
    ASSERT_OK(plane);
    plane_ = std::make_unique<Plane>(std::move(*plane));
    auto fleet = Fleet::Create(dir_->path());
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    GitRepository& git = fleet_->git();
    ASSERT_OK(git.CopyIn(std::string(DUNLIN_SOURCE_DIR) + "/docs/examples/fleet", ""));
    for (const char* app : {"ticketing", "storefront", "telemetry", "boarding"}) {
      ASSERT_OK(git.Edit("catalogue/" + std::string(app) + ".yaml",
                         "https://git.example.com/harbour/fleet.git", git.bare()));
    }
    const auto revision = git.Push("the example fleet");
    ASSERT_OK(revision);
    ASSERT_OK(fleet_->StartHub());
    for (size_t i = 0; i < kClusters.size(); ++i) {
      const std::string& kubeconfig = plane_->kubeconfig(static_cast<int>(i));
      ASSERT_OK(fleet_->Enroll(kClusters[i].first, kClusters[i].second, kubeconfig));
      ASSERT_OK(fleet_->StartAgent(kClusters[i].first, kubeconfig));
    }
    ASSERT_OK(fleet_->WaitSynced(4 * kClusters.size(), *revision, Seconds(120)));
  }
  static void TearDownTestSuite() {
    fleet_.reset();
    plane_.reset();
    dir_.reset();
  }

  static std::string Image(int cluster, const std::string& namespace_, const std::string& name) {
    const auto deployment = plane_->Get(cluster, "deployment", namespace_, name);
    if (!deployment) return deployment.error().message;
    const object::Array* containers =
        object::FindArray(*deployment, {"spec", "template", "spec", "containers"});
    return containers == nullptr ? ""
                                 : std::string(object::FindString(containers->front(), {"image"}));
  }

  static std::unique_ptr<support::TempDir> dir_;
  static std::unique_ptr<Plane> plane_;
  static std::unique_ptr<Fleet> fleet_;
};

std::unique_ptr<support::TempDir> FleetTest::dir_;
std::unique_ptr<Plane> FleetTest::plane_;
std::unique_ptr<Fleet> FleetTest::fleet_;

TEST_F(FleetTest, EachClusterHasItsRegionsOverlay) {
  const std::vector<int64_t> replicas = {3, 4, 2};
  for (int i = 0; i < 3; ++i) {
    const auto web = plane_->Get(i, "deployment", "storefront", "web");
    ASSERT_OK(web);
    EXPECT_EQ(object::FindInt(*web, {"spec", "replicas"}), replicas[i]);
    const auto settings = plane_->Get(i, "configmap", "boarding", "boarding-region");
    ASSERT_OK(settings);
    EXPECT_EQ(object::FindString(*settings, {"data", "region"}), kClusters[i].second);
  }
}

TEST_F(FleetTest, OneImageIsOnePatchOnEachCluster) {
  for (int i = 0; i < 3; ++i) plane_->Mark(i);
  ASSERT_OK(fleet_->git().Edit("apps/ticketing/fares.yaml", "fares:2.1.4", "fares:2.1.5"));
  const auto revision = fleet_->git().Push("fares 2.1.5");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(12, *revision));
  for (int i = 0; i < 3; ++i) {
    const auto requests = plane_->Requests(i, "dunlin-agent");
    ASSERT_OK(requests);
    std::vector<std::string> writes;
    for (const Audited& request : *requests) {
      if (IsWrite(request) && request.namespace_ != "dunlin-system") {
        writes.push_back(request.verb + " " + request.resource + "/" + request.name);
      }
    }
    EXPECT_EQ(writes, std::vector<std::string>{"patch deployments/fares"});
    EXPECT_EQ(Image(i, "ticketing", "fares"), "registry.example.com/harbour/fares:2.1.5");
  }
}

TEST_F(FleetTest, RollbackGoesBackEverywhereAndStaysUntilTheAppChanges) {
  ASSERT_OK(fleet_->git().Edit("apps/ticketing/seats.yaml", "seats:1.2.0", "seats:1.3.0"));
  const auto revision = fleet_->git().Push("seats 1.3.0");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(12, *revision));
  const auto history = fleet_->Json({"app", "history", "ticketing"});
  ASSERT_OK(history);
  ASSERT_OK(fleet_->Json({"app", "rollback", "ticketing"}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(plane_->WaitFor(i, "deployment", "ticketing", "seats",
                              ".spec.template.spec.containers[0].image",
                              "registry.example.com/harbour/seats:1.2.0"));
  }
  // Somebody else's commit in the same repository; the answer comes when it is rendered.
  ASSERT_OK(fleet_->git().Write("docs/NOTES.md", "for another team\n"));
  ASSERT_OK(fleet_->git().Push("notes"));
  ASSERT_OK(fleet_->Json({"source", "refresh"}));
  const auto held = fleet_->Json({"app", "get", "ticketing"});
  ASSERT_OK(held);
  EXPECT_NE(object::FindString(*held, {"pinned_entry"}), "");
  EXPECT_NE(object::FindString(*held, {"note"}).find("rolled back"), std::string_view::npos);
  EXPECT_EQ(Image(0, "ticketing", "seats"), "registry.example.com/harbour/seats:1.2.0");
  ASSERT_OK(fleet_->git().Edit("apps/ticketing/seats.yaml", "seats:1.3.0", "seats:1.4.0"));
  const auto next = fleet_->git().Push("seats 1.4.0");
  ASSERT_OK(next);
  ASSERT_OK(fleet_->WaitSynced(12, *next));
  EXPECT_EQ(Image(0, "ticketing", "seats"), "registry.example.com/harbour/seats:1.4.0");
}

TEST_F(FleetTest, BundlesThatTheHubLostAreMadeAgainForAnAgentThatIsBehind) {
  ASSERT_OK(fleet_->StopAgent("store-eu"));
  ASSERT_OK(fleet_->git().Edit("apps/ticketing/fares.yaml", "harbour/fares:", "harbour/fares:9."));
  const auto revision = fleet_->git().Push("fares 9");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->Json({"source", "refresh"}));
  std::filesystem::remove_all(fleet_->hub_data() + "/bundles");
  ASSERT_OK(fleet_->StartAgent("store-eu", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitSynced(12, *revision));
  EXPECT_NE(Image(0, "ticketing", "fares").find("fares:9."), std::string::npos);
}

TEST_F(FleetTest, AnArgoCdApplicationIsReadAsItIs) {
  ASSERT_OK(fleet_->git().Write(
      "guest/all.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: guest }\ndata: { a: b }\n"));
  ASSERT_OK(fleet_->git().Write(
      "catalogue/guest.yaml",
      "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: guest, "
      "namespace: argocd }\nspec:\n  project: default\n  source: { repoURL: \"" +
          fleet_->git().bare() +
          "\", targetRevision: main, path: guest }\n  destination: { name: store-us, "
          "namespace: guest }\n  syncPolicy:\n    automated: { prune: true, selfHeal: true "
          "}\n    syncOptions: [CreateNamespace=true]\n"));
  const auto revision = fleet_->git().Push("an Application");
  ASSERT_OK(revision);
  ASSERT_OK(fleet_->WaitSynced(13, *revision));
  EXPECT_OK(plane_->Get(1, "configmap", "guest", "guest"));
  EXPECT_FALSE(plane_->Get(0, "configmap", "guest", "guest").has_value());
}

TEST_F(FleetTest, ApplyFromTheCommandLineAndOneOriginOnly) {
  const std::string file = *dir_ / "applied.yaml";
  ASSERT_OK(WriteFileDurably(
      file,
      "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: applied }\nspec:\n  source: "
      "{ repo: " +
          fleet_->git().bare() +
          ", revision: main, path: apps/ticketing }\n  namespace: applied\n  clusters: { "
          "names: [store-ap] }\n",
      0600));
  ASSERT_OK(fleet_->Json({"apply", "-f", file}));
  ASSERT_OK(fleet_->WaitStatus("the applied app", [](const object::Value& status) {
    const object::Array* targets = object::FindArray(status, {"targets"});
    for (const object::Value& target : *targets) {
      if (object::FindString(target, {"app"}) == "applied") {
        return object::FindString(target, {"state"}) == "Synced";
      }
    }
    return false;
  }));
  EXPECT_OK(plane_->Get(2, "deployment", "applied", "booking"));
  // The fleet repository has `ticketing`: a second origin is refused, and both are named.
  const auto text = ReadFile(fleet_->git().tree() + "/catalogue/ticketing.yaml", 1 << 20);
  ASSERT_OK(text);
  ASSERT_OK(WriteFileDurably(*dir_ / "second.yaml", *text, 0600));
  const auto refused = fleet_->Dunlin({"apply", "-f", *dir_ / "second.yaml", "-o", "json"});
  ASSERT_OK(refused);
  EXPECT_EQ(refused->status, 6) << refused->out;
  EXPECT_NE(refused->out.find("fleet repository"), std::string::npos) << refused->out;
}

// A second token for a live cluster must not move it to other apps, least of all by a typing error.
TEST_F(FleetTest, ASecondTokenChangesNothingOfTheCluster) {
  EXPECT_OK(fleet_->Json({"cluster", "add", "store-eu"}));
  const auto moved = fleet_->Dunlin({"cluster", "add", "store-eu", "--region", "eu-west-1",
                                     "--label", "tier=core", "-o", "json"});
  ASSERT_OK(moved);
  EXPECT_EQ(moved->status, 6) << moved->out;
  EXPECT_NE(moved->out.find("with labels of its own"), std::string::npos) << moved->out;
  const auto cluster = fleet_->Json({"cluster", "get", "store-eu"});
  ASSERT_OK(cluster);
  EXPECT_EQ(object::FindString(*cluster, {"labels", "tier"}), "edge");
}

TEST_F(FleetTest, EveryReadVerbAnswersInEveryFormat) {
  const std::vector<std::vector<std::string>> verbs = {{"cluster", "list"},
                                                       {"cluster", "get", "store-eu"},
                                                       {"app", "list"},
                                                       {"app", "get", "ticketing"},
                                                       {"app", "history", "ticketing"},
                                                       {"status"},
                                                       {"fleet", "status"},
                                                       {"source", "list"}};
  for (const std::vector<std::string>& verb : verbs) {
    for (const char* format : {"table", "json", "yaml"}) {
      std::vector<std::string> command = verb;
      command.insert(command.end(), {"-o", format});
      const auto finished = fleet_->Dunlin(command);
      ASSERT_OK(finished);
      EXPECT_EQ(finished->status, 0) << verb[0] << " " << format << finished->out;
      EXPECT_FALSE(finished->out.empty());
      if (std::string(format) == "json") EXPECT_OK(object::ParseJson(finished->out));
    }
  }
  const auto missing = fleet_->Dunlin({"app", "get", "tiketing", "-o", "json"});
  ASSERT_OK(missing);
  EXPECT_EQ(missing->status, 2);
  EXPECT_NE(missing->out.find("\"error\""), std::string::npos);
}

}  // namespace
}  // namespace dunlin::e2e
