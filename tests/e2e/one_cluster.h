// Base of test fixtures with one cluster. The control plane serves the whole program; every test
// has a fleet, an app and a namespace of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/e2e/fleet.h"

namespace dunlin::e2e {

std::string ConfigMap(const std::string& name, const std::string& text = "one");

class OneCluster : public testing::Test {
 protected:
  // For SetUpTestSuite.
  static void StartPlane(const PlaneOptions& options);
  static void TearDownTestSuite();

  // A fleet whose repository holds one app, named `prefix`-<count>, and not yet its manifests/.
  void CreateFleet(const std::string& prefix);
  // Pushes what is in the work tree, starts hub and agent, waits until the app is Synced. Requests
  // count from then on.
  void StartSynced();

  // The App object, with its manifests at `path` of the repository.
  std::string App(const std::string& path) const;

  static std::unique_ptr<support::TempDir> planes_;
  static std::unique_ptr<Plane> plane_;
  static int counter_;
  support::TempDir dir_;
  std::unique_ptr<Fleet> fleet_;
  std::string app_;  // and its namespace
};

}  // namespace dunlin::e2e
