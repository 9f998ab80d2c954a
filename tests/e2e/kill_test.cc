// kill -9 of hub and agent at random moments of a change, 50 times (DUNLIN_KILLS for another
// number), every second one of the agent between two writes, with a newer state before it is back.
// Changes set values, add and remove fields and objects, and move an object between two
// apps. Every change arrives, no object is ever set back to an older content on the way, and at the
// end each live object is exactly the expected one and nothing else is there. The delays come from
// a fixed seed, printed with every failure.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <thread>

#include "protocol/object/json.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

constexpr int kConfigMaps = 200;  // many more than the agent has in flight at once

int Kills() {
  const char* text = std::getenv("DUNLIN_KILLS");
  return text == nullptr ? 50 : std::atoi(text);
}

using Data = std::map<std::string, std::string>;
using Objects = std::map<std::string, Data>;  // ConfigMaps by name

// What each app holds in one generation. Of `item-*`: a field that every generation has with
// another value, and one that only every third has, under a name of its own.
struct Wanted {
  Objects first, second;

  explicit Wanted(int generation) {
    const std::string number = std::to_string(generation);
    for (int i = 0; i < kConfigMaps; ++i) {
      Data data{{"generation", number}};
      if ((generation + i) % 3 == 0) data["only-" + number] = "x";
      first["item-" + std::to_string(i)] = data;
    }
    for (int i = 0; i < generation % 4; ++i) {
      first["passing-" + number + "-" + std::to_string(i)] = {{"generation", number}};
    }
    second["fixed"] = {{"generation", number}};
    // Moves between the apps at every other generation, and not always with the same fields.
    Data moving{{"generation", number}};
    if (generation % 3 == 1) moving["of-" + number] = "x";
    (generation % 4 < 2 ? first : second)["moving"] = moving;
  }

  Objects All() const {
    Objects all = first;
    all.insert(second.begin(), second.end());
    return all;
  }
};

std::string Manifests(const Objects& objects) {
  std::string all;
  for (const auto& [name, data] : objects) {
    all += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: " + name + " }\ndata:\n";
    for (const auto& [field, value] : data) all += "  " + field + ": \"" + value + "\"\n";
  }
  return all;
}

Status Write(GitRepository& git, int generation) {
  const Wanted wanted(generation);
  TRY_VOID(git.Write("first/all.yaml", Manifests(wanted.first)));
  return git.Write("second/all.yaml", Manifests(wanted.second));
}

std::string AppOf(const std::string& name, const std::string& repository) {
  return "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: " + name +
         " }\nspec:\n  source: { repo: " + repository + ", revision: main, path: " + name +
         " }\n  namespace: default\n";
}

// Everything in the namespace that came from us: by mark, and by name for what may have lost it.
Result<Objects> Live(Plane& plane) {
  TRY(const std::string text,
      plane.Kubectl(0, {"get", "configmaps", "-n", "default", "-o", "json"}));
  TRY(const object::Value list, object::ParseJson(text));
  Objects out;
  for (const object::Value& item : *object::FindArray(list, {"items"})) {
    const std::string name(object::FindString(item, {"metadata", "name"}));
    if (name == "kube-root-ca.crt") continue;
    Data& data = out[name];
    const object::Value* fields = object::Find(item, {"data"});
    if (fields == nullptr) continue;
    for (const auto& field : fields->as_object()) {
      data[std::string(field.key())] = object::FindString(*fields, {field.key()});
    }
  }
  return out;
}

TEST(Kill, EveryChangeArrivesWhateverIsKilled) {
  support::TempDir dir;
  auto plane = Plane::Start(dir / "plane", {.clusters = 1});
  ASSERT_OK(plane);
  auto fleet = Fleet::Create(dir.path(), {.poll = Millis(500)});
  ASSERT_OK(fleet);
  for (const char* app : {"first", "second"}) {
    ASSERT_OK(fleet->git().Write(std::string("catalogue/") + app + ".yaml",
                                 AppOf(app, fleet->git().bare())));
  }
  ASSERT_OK(Write(fleet->git(), 0));
  auto revision = fleet->git().Push("generation 0");
  ASSERT_OK(revision);
  ASSERT_OK(fleet->StartHub());
  ASSERT_OK(fleet->Enroll("one", "eu-west-1", plane->kubeconfig(0)));
  ASSERT_OK(fleet->StartAgent("one", plane->kubeconfig(0)));
  ASSERT_OK(fleet->WaitSynced(2, *revision));

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
  // Reads one state and checks it; its generation.
  std::map<std::string, int> last;
  const auto see = [&]() -> Result<int> {
    TRY(const std::string line, watch->ReadLine(Seconds(30)));
    const size_t space = line.find(' ');
    const int seen = std::atoi(line.c_str() + space + 1);
    int& before = last.try_emplace(line.substr(0, space), -1).first->second;
    EXPECT_GE(seen, before) << line;
    before = seen;
    return seen;
  };
  int generation = 0;
  const auto next = [&] {
    EXPECT_OK(Write(fleet->git(), ++generation));
    revision = fleet->git().Push("generation " + std::to_string(generation));
    EXPECT_OK(revision);
  };
  for (int i = 1; i <= kills; ++i) {
    const bool hub = (i % 2) == 0;
    SCOPED_TRACE("kill " + std::to_string(i) + " (" + (hub ? "hub" : "agent") + "), seed " +
                 std::to_string(kSeed));
    next();
    const bool replaced = i % 4 == 1;
    // Into the writes: after some of them, before the others.
    for (unsigned left = replaced ? 1 + random() % 20 : 0; left > 0;) {
      const auto seen = see();
      ASSERT_OK(seen);
      if (*seen == generation) --left;
    }
    // The hub finds the commit by its own poll, 500 ms apart: the kill falls before, into or after
    // each step from the fetch to the last write.
    if (!replaced) std::this_thread::sleep_for(Millis(random() % 1000));
    if (hub) {
      fleet->KillHub();
      ASSERT_OK(fleet->StartHub());
    } else {
      fleet->KillAgent("one");
      if (replaced) {  // what the agent was at is over before it is back
        next();
        ASSERT_OK(fleet->WaitStatus("the newer state", [&](const object::Value& status) {
          return object::CanonicalJson(status).find(*revision) != std::string::npos;
        }));
      }
      ASSERT_OK(fleet->StartAgent("one", plane->kubeconfig(0)));
    }
    ASSERT_OK(fleet->WaitSynced(2, *revision, Seconds(60)));
  }

  const auto live = Live(*plane);
  ASSERT_OK(live);
  EXPECT_EQ(*live, Wanted(generation).All());

  const auto current = [&](const auto& item) { return item.second == generation; };
  const auto expected = static_cast<ptrdiff_t>(live->size());
  while (std::count_if(last.begin(), last.end(), current) < expected) ASSERT_OK(see());
}

}  // namespace
}  // namespace dunlin::e2e
