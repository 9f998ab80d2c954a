// The objects on an apiserver are those that `kubectl apply` of the upstream tools' output gives:
// Dunlin applies to the first cluster, kubectl to the second, and the two are compared object by
// object. Left out of the comparison are the fields that the server sets for each object by itself,
// and our own label and hash annotation. No controllers run, so nothing else writes.
#include <filesystem>

#include "protocol/object/json.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

const std::string kData = std::string(DUNLIN_SOURCE_DIR) + "/../shared/data/online-boutique";
const std::string kExamples = std::string(DUNLIN_SOURCE_DIR) + "/docs/examples/fleet";
const std::string kTools = std::string(DUNLIN_DEPS_DIR) + "/bin/";

struct Case {
  std::string name;                   // app and namespace
  std::string from;                   // copied into the repository below `name`
  std::string path;                   // of the app, below `name`
  std::string render;                 // YAML of spec.render
  std::vector<std::string> upstream;  // the tool and its arguments; run in the copied directory
};

std::vector<Case> Cases() {
  std::vector<Case> cases = {
      {"ticketing", kExamples, "apps/ticketing", "{ kind: plain }", {"cat-yaml", "apps/ticketing"}},
      {"storefront",
       kExamples,
       "apps/storefront/overlays/us-east-1",
       "{ kind: auto }",
       {"kubectl", "kustomize", "apps/storefront/overlays/us-east-1"}},
      {"telemetry",
       kExamples,
       "charts/telemetry",
       "{ kind: helm, helm: { releaseName: tele, values: { retentionDays: 3, region: moon } } }",
       {"helm", "template", "tele", "charts/telemetry", "-n", "telemetry", "--set",
        "retentionDays=3,region=moon"}},
      {"boarding",
       kExamples,
       "apps/boarding",
       "{ kind: jsonnet, jsonnet: { tlas: [{ name: region, value: moon }] } }",
       {"jsonnet", "-y", "--tla-str", "region=moon", "apps/boarding/main.jsonnet"}},
  };
  if (!std::filesystem::exists(kData)) return cases;
  cases.push_back({"boutique-plain",
                   kData,
                   "kubernetes-manifests",
                   "{ kind: plain, plain: { exclude: kustomization.yaml } }",
                   {"cat-yaml", "kubernetes-manifests"}});
  cases.push_back({"boutique-kustomize",
                   kData,
                   "two-components",
                   "{ kind: kustomize }",
                   {"kubectl", "kustomize", "two-components"}});
  cases.push_back(
      {"boutique-helm",
       kData,
       "helm-chart",
       "{ kind: helm, helm: { releaseName: shop, values: { networkPolicies: { create: true }, "
       "frontend: { externalService: false }, images: { tag: v9.9.9 } } } }",
       {"helm", "template", "shop", "helm-chart", "-n", "boutique-helm", "--set",
        "networkPolicies.create=true,frontend.externalService=false,images.tag=v9.9.9"}});
  return cases;
}

constexpr std::string_view kTwoComponents = R"(apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../kustomize/base]
components: [../kustomize/components/network-policies, ../kustomize/components/without-loadgenerator]
)";

// Members that no applier decides.
void DropServerFields(object::Value& value) {
  object::Object& root = value.as_object();
  root.erase("status");
  object::Object& metadata = root["metadata"].as_object();
  for (const char* member : {"uid", "resourceVersion", "creationTimestamp", "managedFields"}) {
    metadata.erase(member);
  }
  const auto drop = [&metadata](const char* block, std::initializer_list<const char*> members) {
    if (!metadata.contains(block)) return;
    object::Object& map = metadata[block].as_object();
    for (const char* member : members) map.erase(member);
    if (map.empty()) metadata.erase(block);
  };
  drop("annotations", {"kubectl.kubernetes.io/last-applied-configuration", "dunlin.dev/hash"});
  drop("labels", {"applyset.kubernetes.io/part-of"});
  if (object::FindString(value, {"kind"}) == "Service") {
    object::Object& spec = root["spec"].as_object();
    spec.erase("clusterIP");
    spec.erase("clusterIPs");
    if (spec.contains("ports")) {
      for (object::Value& port : spec["ports"].as_array()) port.as_object().erase("nodePort");
    }
  }
}

class Compare : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<support::TempDir>();
    auto plane = Plane::Start(*dir_ / "plane", {.clusters = 2});
    ASSERT_OK(plane);
    plane_ = std::make_unique<Plane>(std::move(*plane));
    auto fleet = Fleet::Create(dir_->path());
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    for (const Case& item : Cases()) AddToRepository(item);
    const auto revision = fleet_->git().Push("all apps");
    ASSERT_OK(revision);
    ASSERT_OK(fleet_->StartHub());
    ASSERT_OK(fleet_->Enroll("one", "us-east-1", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->WaitApplied(Cases().size(), *revision, Seconds(90)));
  }
  static void TearDownTestSuite() {
    fleet_.reset();
    plane_.reset();
    dir_.reset();
  }

  static void AddToRepository(const Case& item) {
    ASSERT_OK(fleet_->git().CopyIn(item.from, item.name));
    if (item.name == "boutique-kustomize") {
      ASSERT_OK(
          fleet_->git().Write(item.name + "/two-components/kustomization.yaml", kTwoComponents));
    }
    ASSERT_OK(fleet_->git().Write(
        "catalogue/" + item.name + ".yaml",
        "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: " + item.name +
            " }\nspec:\n  source: { repo: " + fleet_->git().bare() + ", revision: main, path: \"" +
            item.name + "/" + item.path + "\" }\n  render: " + item.render +
            "\n  namespace: " + item.name + "\n"));
  }

  static Result<std::string> Upstream(const Case& item) {
    const std::string directory = fleet_->git().tree() + "/" + item.name;
    if (item.upstream[0] == "cat-yaml") {
      std::string all;
      for (const auto& entry :
           std::filesystem::directory_iterator(directory + "/" + item.upstream[1])) {
        if (entry.path().filename() == "kustomization.yaml") continue;
        TRY(const support::Finished text,
            support::Run({.command = {"cat", entry.path().string()}}));
        all += "\n---\n" + text.out;
      }
      return all;
    }
    std::vector<std::string> command = item.upstream;
    command[0] = kTools + command[0];
    TRY(support::Finished finished, support::Run({.command = command, .directory = directory}));
    if (finished.status != 0) return MakeError(Errc::kInternal, item.upstream[0] + " failed");
    return finished.out;
  }

  static std::unique_ptr<support::TempDir> dir_;
  static std::unique_ptr<Plane> plane_;
  static std::unique_ptr<Fleet> fleet_;
};

std::unique_ptr<support::TempDir> Compare::dir_;
std::unique_ptr<Plane> Compare::plane_;
std::unique_ptr<Fleet> Compare::fleet_;

std::map<std::string, object::Value> ByName(const object::Value& list) {
  std::map<std::string, object::Value> objects;
  const object::Array* items = object::FindArray(list, {"items"});
  if (items == nullptr) return objects;
  for (object::Value item : *items) {
    const std::string name = std::string(object::FindString(item, {"kind"})) + "/" +
                             std::string(object::FindString(item, {"metadata", "name"}));
    DropServerFields(item);
    objects.emplace(name, std::move(item));
  }
  return objects;
}

TEST_F(Compare, EveryObjectEqualsThatOfKubectlApply) {
  for (const Case& item : Cases()) {
    SCOPED_TRACE(item.name);
    const auto manifests = Upstream(item);
    ASSERT_OK(manifests);
    ASSERT_OK(plane_->Kubectl(1, {"create", "namespace", item.name}));
    ASSERT_OK(plane_->Kubectl(1, {"apply", "-n", item.name, "-f", "-"}, *manifests));
    const std::vector<std::string> get = {"get", "-n", item.name, "-f", "-", "-o", "json"};
    const auto ours = plane_->Kubectl(0, get, *manifests);
    ASSERT_OK(ours);
    const auto theirs = plane_->Kubectl(1, get, *manifests);
    ASSERT_OK(theirs);
    const auto parsed_ours = object::ParseJson(*ours, {.max_bytes = 64 << 20});
    const auto parsed_theirs = object::ParseJson(*theirs, {.max_bytes = 64 << 20});
    ASSERT_OK(parsed_ours);
    ASSERT_OK(parsed_theirs);
    const auto left = ByName(*parsed_ours);
    const auto right = ByName(*parsed_theirs);
    EXPECT_GT(right.size(), 5u);
    EXPECT_EQ(left.size(), right.size());
    for (const auto& [name, object] : right) {
      const auto found = left.find(name);
      ASSERT_NE(found, left.end()) << name;
      EXPECT_EQ(object::CanonicalJson(found->second), object::CanonicalJson(object)) << name;
    }
  }
}

TEST_F(Compare, NothingElseCarriesOurLabel) {
  size_t expected = 0;
  for (const Case& item : Cases()) {
    const auto target = fleet_->Target(item.name, "one");
    ASSERT_OK(target);
    expected += static_cast<size_t>(object::FindInt(*target, {"objects"}).value_or(0));
  }
  const auto names = plane_->Kubectl(
      0, {"get",
          "deployments,services,serviceaccounts,configmaps,networkpolicies,poddisruptionbudgets",
          "-A", "-l", "applyset.kubernetes.io/part-of", "-o", "name"});
  ASSERT_OK(names);
  EXPECT_EQ(static_cast<size_t>(std::count(names->begin(), names->end(), '\n')), expected);
}

}  // namespace
}  // namespace dunlin::e2e
