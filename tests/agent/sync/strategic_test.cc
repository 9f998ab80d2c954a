// Strategic patches with Kubernetes' own schema, against a server that defaults and injects.
#include <fstream>
#include <sstream>

#include "protocol/base/check.h"
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

SchemaPtr KubernetesSchema() {
  std::ifstream file(DUNLIN_SOURCE_DIR "/tests/oracle/schemas/kubernetes.json");
  std::stringstream text;
  text << file.rdbuf();
  auto schema = merge::Schema::FromOpenApi(text.str());
  CHECK(schema.has_value());
  return std::make_shared<const merge::Schema>(std::move(*schema));
}

object::Array& Containers(object::Value& deployment) {
  return deployment.as_object()["spec"]
      .as_object()["template"]
      .as_object()["spec"]
      .as_object()["containers"]
      .as_array();
}

object::Value Web(const std::string& image) {
  return Json(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
      "namespace":"shop"},"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{
      "metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":")" +
              image + R"(","resources":{"limits":{"cpu":"1000m"}}}]}}}})");
}

class StrategicTest : public SyncTest {
 protected:
  StrategicTest() {
    const SchemaPtr schema = KubernetesSchema();
    sim.cluster.schemas = {{{"", "v1"}, schema}, {{"apps", "v1"}, schema}};
    sim.cluster.admit = [](object::Value& object) {
      if (object::FindString(object, {"kind"}) != "Deployment") return;
      object::Array& containers = Containers(object);
      for (object::Value& container : containers) {
        container.as_object()["imagePullPolicy"] = "IfNotPresent";
        if (container.as_object().contains("resources")) {
          container.as_object()["resources"] = Json(R"({"limits":{"cpu":"1"}})");
        }
      }
      if (containers.size() == 1) {
        containers.push_back(object::Object{{"name", "mesh"}, {"image", "mesh:7"}});
      }
    };
  }
  std::string ImageOf(size_t index) {
    object::Value live = *sim.cluster.Find(DeploymentKey("web"));
    return std::string(object::FindString(Containers(live).at(index), {"image"}));
  }
};

TEST_F(StrategicTest, DefaultsQuantitiesAndInjectedContainersAreNoDrift) {
  FakeHub::App app;
  app.objects = {Web("web:1")};
  Deploy({{"app", app}});
  ASSERT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
  const size_t requests = sim.cluster.log.size();
  sim.cluster.Edit(DeploymentKey("web"), [](object::Value&) {});
  sim.Boot();
  sim.Run(Millis(5000));
  EXPECT_EQ(sim.cluster.log.size(), requests);
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(StrategicTest, OneImageIsOneStrategicPatchThatLeavesTheOthersAlone) {
  FakeHub::App app;
  app.objects = {Web("web:1")};
  Deploy({{"app", app}});
  NewWrites();
  app.objects = {Web("web:2")};
  Deploy({{"app", app}});
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].content_type, "application/strategic-merge-patch+json");
  EXPECT_EQ(ImageOf(0), "web:2");
  EXPECT_EQ(ImageOf(1), "mesh:7");
  EXPECT_EQ(sim.State("app"), "Synced");
}

TEST_F(StrategicTest, AServerThatTakesNoStrategicPatchGetsAJsonMergePatch) {
  FakeHub::App app;
  app.objects = {Web("web:1")};
  Deploy({{"app", app}});
  sim.cluster.schemas.clear();  // answers 415 from now on
  NewWrites();
  app.objects = {Web("web:2")};
  Deploy({{"app", app}});
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 2u);
  EXPECT_EQ(writes[1].content_type, "application/merge-patch+json");
  EXPECT_EQ(ImageOf(0), "web:2");
  EXPECT_EQ(sim.State("app"), "Synced") << testing::PrintToString(Codes("app"));
}

}  // namespace
}  // namespace dunlin::sync
