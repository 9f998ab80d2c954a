// What an agent asks of its apiserver at rest, and for one changed image: counted in the audit log,
// with a hundred objects of the kinds that have cost other syncers a read or a write each round:
// workloads with health, Services with allocated fields, a CRD and its custom resources.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "protocol/object/json.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

using Lines = std::vector<std::string>;

// Longer than every timer that could have asked: a held poll is 55 s (wire::kHoldSeconds), a look
// at a terminating namespace, a token and a lost connection 60 s, the pauses of health and plan 15
// and 30 s. The head lives a minute here, so that it is renewed twice meanwhile. Beyond it are only
// the ends of watches (5 to 6 minutes) and of certificates.
constexpr Seconds kWindow{75};
constexpr int kEach = 30;  // Deployments, Services and ConfigMaps
constexpr int kCustom = 8;

std::string Component(int number, const std::string& shared_tag) {
  const std::string n = std::to_string(number);
  // Three of them run the same image.
  const std::string image = number < 3 ? "shared:" + shared_tag : "own-" + n + ":1.0.0";
  return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: part-" + n +
         " }\nspec:\n  replicas: 1\n  selector: { matchLabels: { app: part-" + n +
         " } }\n  template:\n    metadata: { labels: { app: part-" + n +
         " } }\n    spec:\n      containers:\n        - name: main\n          image: "
         "registry.example.com/" +
         image +
         "\n          ports: [{ name: http, containerPort: 8080 }]\n          resources: { "
         "requests: "
         "{ cpu: 1000m, memory: 64Mi } }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: "
         "part-" +
         n + " }\nspec: { selector: { app: part-" + n +
         " }, ports: [{ port: 80, targetPort: http }] }\n---\napiVersion: v1\nkind: "
         "ConfigMap\nmetadata: { name: part-" +
         n + " }\ndata: { number: \"" + n + "\" }\n";
}

std::string CustomResources() {
  std::string all = R"(---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ferries.harbour.example.com }
spec:
  group: harbour.example.com
  scope: Namespaced
  names: { kind: Ferry, plural: ferries, singular: ferry, listKind: FerryList }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                seats: { type: integer, default: 12 }
                stops: { type: array, items: { type: string } }
)";
  for (int i = 0; i < kCustom; ++i) {
    all += "---\napiVersion: harbour.example.com/v1\nkind: Ferry\nmetadata: { name: ferry-" +
           std::to_string(i) + " }\nspec: { stops: [north, south] }\n";
  }
  return all;
}

std::string Manifests(const std::string& shared_tag) {
  std::string all = CustomResources();
  for (int i = 0; i < kEach; ++i) all += Component(i, shared_tag);
  return all;
}

class Quiet : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<support::TempDir>();
    auto plane =
        Plane::Start(*dir_ / "plane", {.clusters = 1, .controllers = true, .kubelet = true});
    ASSERT_OK(plane);
    plane_ = std::make_unique<Plane>(std::move(*plane));
    auto fleet = Fleet::Create(dir_->path(), {.extra_config = "headLife: 60s\n"});
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    GitRepository& git = fleet_->git();
    ASSERT_OK(git.Write(
        "catalogue/app.yaml",
        "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: harbour }\nspec:\n  source: { "
        "repo: " +
            git.bare() + ", revision: main, path: manifests }\n  namespace: harbour\n"));
    ASSERT_OK(git.Write("manifests/all.yaml", Manifests("1.0.0")));
    const auto revision = git.Push("a hundred objects");
    ASSERT_OK(revision);
    ASSERT_OK(fleet_->StartHub());
    ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->WaitSynced(1, *revision, Seconds(180)));
    // The counting sees reads: a zero below is not that of a blind instrument.
    const Lines first = Requests();
    EXPECT_TRUE(std::any_of(first.begin(), first.end(),
                            [](const std::string& line) { return line.starts_with("get "); }));
    EXPECT_GE(first.size(), 3 * kEach + kCustom);
  }
  static void TearDownTestSuite() {
    fleet_.reset();
    plane_.reset();
    dir_.reset();
  }

  // Everything since the mark except watches, sorted; requests without an object by their verb.
  static Lines Requests() {
    const auto requests = plane_->Requests(0, "dunlin-agent");
    EXPECT_OK(requests);
    Lines lines;
    if (!requests) return {"no audit log"};
    for (const Audited& request : *requests) {
      if (request.verb == "watch") continue;
      lines.push_back(request.verb + " " + request.resource + "/" + request.name);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  // When the hub last heard of the agent, ms.
  static int64_t LastSeen() {
    const auto cluster = fleet_->Json({"cluster", "get", "one"});
    EXPECT_OK(cluster);
    return cluster ? object::FindInt(*cluster, {"last_seen"}).value_or(0) : 0;
  }

  static bool AnyTargetIsNotSynced(const object::Value& status) {
    const object::Array* targets = object::FindArray(status, {"targets"});
    return std::any_of(targets->begin(), targets->end(), [](const object::Value& target) {
      return object::FindString(target, {"state"}) != "Synced";
    });
  }

  static std::unique_ptr<support::TempDir> dir_;
  static std::unique_ptr<Plane> plane_;
  static std::unique_ptr<Fleet> fleet_;
};

std::unique_ptr<support::TempDir> Quiet::dir_;
std::unique_ptr<Plane> Quiet::plane_;
std::unique_ptr<Fleet> Quiet::fleet_;

// Waiting is what is measured here, so this test takes its whole window; the target must stay
// Synced all the time.
TEST_F(Quiet, NothingChangedIsNoRequestForLongerThanEveryTimer) {
  const int64_t seen = LastSeen();
  const auto begin = std::chrono::steady_clock::now();
  plane_->Mark(0);
  const Status changed = fleet_->WaitStatus("any change", AnyTargetIsNotSynced, kWindow);
  EXPECT_FALSE(changed.has_value()) << "the target did not stay Synced";
  ASSERT_GE(std::chrono::steady_clock::now() - begin, kWindow);
  EXPECT_EQ(Requests(), Lines());
  EXPECT_GT(LastSeen(), seen) << "the agent has not polled meanwhile";
}

TEST_F(Quiet, OneImageIsOnePatchForEachObjectAndOneForTheParent) {
  plane_->Mark(0);
  ASSERT_OK(fleet_->git().Write("manifests/all.yaml", Manifests("1.0.1")));
  const auto revision = fleet_->git().Push("another image");
  ASSERT_OK(revision);
  // Synced again means rolled out: the watch has brought many changes of status by then.
  ASSERT_OK(fleet_->WaitSynced(1, *revision, Seconds(90)));
  EXPECT_EQ(Requests(), (Lines{"patch configmaps/dunlin-harbour", "patch deployments/part-0",
                               "patch deployments/part-1", "patch deployments/part-2"}));
}

}  // namespace
}  // namespace dunlin::e2e
