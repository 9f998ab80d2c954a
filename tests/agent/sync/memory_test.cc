// What the machine keeps for a thousand objects at rest.
#include <malloc.h>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using MemoryTest = SyncTest;

// About 3 KB, as a Deployment with one container and some environment is.
object::Value RealisticDeployment(const std::string& name) {
  object::Value object = DeploymentOf(name, "registry.example/team/web:1");
  object::Array env;
  for (int i = 0; i < 40; ++i) {
    env.push_back(object::Object{{"name", "VARIABLE_" + std::to_string(i)},
                                 {"value", "value number " + std::to_string(i)}});
  }
  object.as_object()["spec"].as_object()["template"].as_object()["spec"].as_object()["env"] = env;
  return object;
}

TEST_F(MemoryTest, AThousandObjectsAtRestStayBelowTenMegabytes) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's allocator counts nothing";
#endif
  FakeHub::App app;
  for (int i = 0; i < 1000; ++i) {
    app.objects.push_back(RealisticDeployment("web-" + std::to_string(i)));
  }
  Deploy({{"app", app}});
  ASSERT_EQ(sim.State("app"), "Synced");
  const size_t with = mallinfo2().uordblks;
  sim.Kill();
  const size_t without = mallinfo2().uordblks;
  RecordProperty("bytes", std::to_string(with - without));
  EXPECT_LT(with - without, size_t{10} << 20);
}

}  // namespace
}  // namespace dunlin::sync
