// A cluster, a hub and an agent, and the requests that the apiserver has seen.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/agent/sync/simulation.h"

namespace dunlin::sync {

class Scenario {
 public:
  using Apps = std::map<std::string, FakeHub::App>;

  void Publish(const Apps& apps) {
    sim.now += Millis(1000);
    sim.hub.Publish(apps, sim.now);
  }
  void Deploy(const Apps& apps) {
    Publish(apps);
    if (!sim.running()) sim.Boot();
    sim.Run(Millis(2000));
  }
  // Writes since the last call.
  std::vector<Request> NewWrites() {
    const std::vector<Request> writes = sim.cluster.Writes();
    std::vector<Request> fresh(writes.begin() + static_cast<ptrdiff_t>(seen_), writes.end());
    seen_ = writes.size();
    return fresh;
  }
  std::string Live(const object::ResourceKey& key, std::initializer_list<std::string_view> path) {
    const object::Value* found = sim.cluster.Find(key);
    return found == nullptr ? "missing" : std::string(object::FindString(*found, path));
  }
  std::string Image(const std::string& name) {
    return Live(DeploymentKey(name), {"spec", "template", "spec", "image"});
  }
  std::string Value(const std::string& name) { return Live(ConfigMapKey(name), {"data", "key"}); }
  // Codes of the target's problems and warnings.
  std::vector<std::string> Codes(const std::string& app) {
    std::vector<std::string> codes;
    const wire::TargetReport target = sim.Target(app);
    for (const auto& problem : target.problems) codes.push_back(problem.code);
    for (const auto& warning : target.warnings) codes.push_back(warning.code);
    return codes;
  }

  Simulation sim;

 private:
  size_t seen_ = 0;
};

class SyncTest : public testing::Test, public Scenario {};

}  // namespace dunlin::sync
