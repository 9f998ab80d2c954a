// kill -9 of hub and agent at random moments of a change, 50 times (DUNLIN_KILLS for another
// number): every change arrives, and no object is ever set back to an older content on the way. The
// delays come from a fixed seed, printed with every failure.
#include <cstdlib>
#include <random>
#include <thread>

#include "protocol/object/json.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

constexpr int kConfigMaps = 8;

int Kills() {
  const char* text = std::getenv("DUNLIN_KILLS");
  return text == nullptr ? 50 : std::atoi(text);
}

std::string Manifests(int generation) {
  std::string all;
  for (int i = 0; i < kConfigMaps; ++i) {
    all += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: item-" + std::to_string(i) +
           " }\ndata: { generation: \"" + std::to_string(generation) + "\" }\n";
  }
  return all;
}

TEST(Kill, EveryChangeArrivesWhateverIsKilled) {
  support::TempDir dir;
  auto plane = Plane::Start(dir / "plane", {.clusters = 1});
  ASSERT_OK(plane);
  auto fleet = Fleet::Create(dir.path(), {.poll = Millis(500)});
  ASSERT_OK(fleet);
  ASSERT_OK(fleet->git().Write(
      "catalogue/app.yaml",
      "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: kill }\nspec:\n  source: "
      "{ repo: " +
          fleet->git().bare() + ", revision: main, path: manifests }\n  namespace: default\n"));
  ASSERT_OK(fleet->git().Write("manifests/all.yaml", Manifests(0)));
  auto revision = fleet->git().Push("generation 0");
  ASSERT_OK(revision);
  ASSERT_OK(fleet->StartHub());
  ASSERT_OK(fleet->Enroll("one", "eu-west-1", plane->kubeconfig(0)));
  ASSERT_OK(fleet->StartAgent("one", plane->kubeconfig(0)));
  ASSERT_OK(fleet->WaitSynced(1, *revision));

  // Every state that any object was ever in, in order.
  auto watch = support::Child::Start(
      {.command = {std::string(DUNLIN_DEPS_DIR) + "/bin/kubectl", "--kubeconfig",
                   plane->kubeconfig(0), "get", "configmaps", "-n", "default", "-l",
                   "applyset.kubernetes.io/part-of", "-w", "-o",
                   R"(jsonpath={.metadata.name}{" "}{.data.generation}{"\n"})"}});
  ASSERT_OK(watch);

  constexpr unsigned kSeed = 20261124;
  std::mt19937 random(kSeed);
  const int kills = Kills();
  for (int i = 1; i <= kills; ++i) {
    const bool hub = (i % 2) == 0;
    SCOPED_TRACE("kill " + std::to_string(i) + " (" + (hub ? "hub" : "agent") + "), seed " +
                 std::to_string(kSeed));
    ASSERT_OK(fleet->git().Write("manifests/all.yaml", Manifests(i)));
    revision = fleet->git().Push("generation " + std::to_string(i));
    ASSERT_OK(revision);
    // The hub finds the commit by its own poll, 500 ms apart: the kill falls before, into or after
    // each step from the fetch to the last write.
    std::this_thread::sleep_for(Millis(random() % 1000));
    if (hub) {
      fleet->KillHub();
      ASSERT_OK(fleet->StartHub());
    } else {
      fleet->KillAgent("one");
      ASSERT_OK(fleet->StartAgent("one", plane->kubeconfig(0)));
    }
    ASSERT_OK(fleet->WaitSynced(1, *revision, Seconds(60)));
  }

  const auto end = plane->Kubectl(
      0, {"get", "configmaps", "-n", "default", "-l", "applyset.kubernetes.io/part-of", "-o",
          R"(jsonpath={range .items[*]}{.data.generation}{"\n"}{end})"});
  ASSERT_OK(end);
  std::string expected;
  for (int i = 0; i < kConfigMaps; ++i) expected += std::to_string(kills) + "\n";
  EXPECT_EQ(*end, expected);

  std::map<std::string, int> last;
  size_t finished = 0;
  while (finished < kConfigMaps) {
    const auto line = watch->ReadLine(Seconds(10));
    ASSERT_OK(line);
    const size_t space = line->find(' ');
    const int generation = std::atoi(line->c_str() + space + 1);
    int& before = last.try_emplace(line->substr(0, space), -1).first->second;
    EXPECT_GE(generation, before) << *line;
    if (generation == kills && before != kills) ++finished;
    before = generation;
  }
}

}  // namespace
}  // namespace dunlin::e2e
