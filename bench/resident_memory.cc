// Resident memory of the real programs at rest: an agent with 1,000 objects and a hub with three
// clusters, after a first sync and one change, beside the goals of 20 MB and 100 MB.
//
//   DUNLIN_BIN=$PWD/build/release/bin build/dev/bench/resident_memory
//
// Exit 0 when all are within their goals, 1 when one is above or nothing could be measured. Without
// DUNLIN_BIN it measures the unoptimised programs beside it, which are larger.
//
// 1,000 objects as a store has them: 300 Deployments, 300 Services, 400 ConfigMaps, each Deployment
// about 1.2 KB of JSON, 4 KB live with its defaults and status.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "tests/e2e/fleet.h"

namespace dunlin::e2e {
namespace {

std::string Deployment(const std::string& name, const std::string& tag) {
  return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: " + name +
         " }\nspec:\n  replicas: 2\n  selector: { matchLabels: { app: " + name +
         " } }\n  template:\n    metadata: { labels: { app: " + name +
         " } }\n    spec:\n      containers:\n        - name: main\n          image: "
         "registry.example.com/" +
         name + ":" + tag +
         "\n          ports: [{ name: http, containerPort: 8080 }]\n          env:\n            - "
         "{ name: MODE, "
         "value: production }\n            - { name: REGION, value: north }\n          resources: "
         "{ requests: { "
         "cpu: 100m, memory: 64Mi }, limits: { memory: 128Mi } }\n          readinessProbe: { "
         "httpGet: { path: "
         "/ready, port: http } }\n          livenessProbe: { httpGet: { path: /live, port: http } "
         "}\n";
}

std::string Manifests(const std::string& first_tag) {
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "svc-" + std::to_string(i);
    all += Deployment(name, i == 0 ? first_tag : "1.0.0");
    all += "---\napiVersion: v1\nkind: Service\nmetadata: { name: " + name +
           " }\nspec: { selector: { app: " + name +
           " }, ports: [{ name: http, port: 80, targetPort: http }] }\n";
  }
  for (int i = 0; i < 400; ++i) {
    all += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings-" + std::to_string(i) +
           " }\ndata: { a: \"" + std::string(200, 'x') + "\", b: \"" + std::to_string(i) + "\" }\n";
  }
  return all;
}

// VmRSS and the anonymous part of it, in kB.
std::pair<long, long> Resident(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  long rss = 0;
  long anonymous = 0;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string name;
    long value = 0;
    words >> name >> value;
    if (name == "VmRSS:") rss = value;
    if (name == "RssAnon:") anonymous = value;
  }
  return {rss, anonymous};
}

constexpr double kAgentGoalMb = 20;
constexpr double kHubGoalMb = 100;

// Whether it is within its goal.
bool Print(const std::string& what, pid_t pid, double goal_mb) {
  const auto [rss_kb, anonymous_kb] = Resident(pid);
  const double mb = static_cast<double>(rss_kb) / 1000.0;
  const bool within = rss_kb > 0 && mb <= goal_mb;
  fmt::print("{:<28} {:6.1f} MB resident ({:.1f} MB anonymous), goal {} MB: {}\n", what, mb,
             static_cast<double>(anonymous_kb) / 1000.0, goal_mb, within ? "met" : "missed");
  return within;
}

Result<bool> Main() {
  support::TempDir dir;
  TRY(Plane plane, Plane::Start(dir / "plane", {.clusters = 3}));
  TRY(Fleet fleet, Fleet::Create(dir.path()));
  TRY_VOID(fleet.git().Write(
      "catalogue/app.yaml",
      "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: store }\nspec:\n  source: { "
      "repo: " +
          fleet.git().bare() + ", revision: main, path: manifests }\n  namespace: store\n"));
  TRY_VOID(fleet.git().Write("manifests/all.yaml", Manifests("1.0.0")));
  TRY(std::string revision, fleet.git().Push("1,000 objects"));
  TRY_VOID(fleet.StartHub());
  for (int i = 0; i < 3; ++i) {
    const std::string name = "store-" + std::to_string(i);
    TRY_VOID(fleet.Enroll(name, "eu-west-1", plane.kubeconfig(i)));
    TRY_VOID(fleet.StartAgent(name, plane.kubeconfig(i)));
  }
  TRY_VOID(fleet.WaitApplied(3, revision, Seconds(180)));
  TRY_VOID(fleet.git().Write("manifests/all.yaml", Manifests("1.0.1")));
  TRY(revision, fleet.git().Push("one image"));
  TRY_VOID(fleet.WaitApplied(3, revision, Seconds(60)));

  bool within = true;
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    within &= Print("agent " + n + ", 1,000 objects", fleet.agent_pid("store-" + n), kAgentGoalMb);
  }
  within &= Print("hub, 3 clusters", fleet.hub_pid(), kHubGoalMb);
  return within;
}

}  // namespace
}  // namespace dunlin::e2e

int main() {
  const auto within = dunlin::e2e::Main();
  if (!within) {
    fmt::print(stderr, "error: {}\n", within.error().message);
    return 1;
  }
  return *within ? 0 : 1;
}
