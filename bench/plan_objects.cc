// Planning 2,130 objects on one core (design: at most 100 ms), from canonical documents to the
// ordered steps of a run in which nothing changed: normalise, stamp, hash, order, decide.
//
//   plan_objects [iterations]
//
// Beside it, as the floor that no planner gets below, the SHA-256 of the same documents' bytes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "agent/plan/plan.h"
#include "protocol/crypto/crypto.h"
#include "protocol/object/json.h"

namespace {

using dunlin::object::Value;
namespace plan = dunlin::plan;

constexpr int kApps = 142;
constexpr int kObjectsOfApp = 15;  // 2,130 in all, as in the reference scenario

Value Document(int app, int index) {
  static const char* const kKinds[][2] = {
      {"apps/v1", "Deployment"}, {"v1", "Service"}, {"v1", "ConfigMap"}, {"v1", "Secret"}};
  const auto& [version, kind] = kKinds[index % 4];
  std::string data;
  for (int i = 0; i < 40; ++i) {
    data += (i > 0 ? "," : "") + std::string("\"key-") + std::to_string(i) +
            "\":\"http://service-" + std::to_string(i) + ".shop.svc.cluster.local:8080/\"";
  }
  return *dunlin::object::ParseJson(std::string(R"({"apiVersion":")") + version + R"(","kind":")" +
                                    kind + R"(","metadata":{"name":"object-)" +
                                    std::to_string(index) + R"(","namespace":"app-)" +
                                    std::to_string(app) + R"("},"spec":{"data":{)" + data + "}}}");
}

plan::KindTable Kinds() {
  plan::KindTable kinds;
  kinds[{"apps", "Deployment"}] = {"deployments", true, {"v1"}, {}, false};
  kinds[{"", "Service"}] = {"services", true, {"v1"}, {}, false};
  kinds[{"", "ConfigMap"}] = {"configmaps", true, {"v1"}, {}, false};
  kinds[{"", "Secret"}] = {"secrets", true, {"v1"}, {}, false};
  return kinds;
}

// What a cluster holds that runs the documents already.
void Apply(const plan::DesiredSet& set, plan::LiveSnapshot& live, plan::Inventory& inventory) {
  for (const plan::PreparedApp& app : set.apps) {
    for (const plan::DesiredPtr& item : app.objects) {
      Value metadata = *dunlin::object::Find(item->object, {"metadata"});
      metadata.as_object()["uid"] = "uid-" + item->key.Text();
      metadata.as_object()["resourceVersion"] = "1";
      live[item->key].metadata = metadata;
      plan::InventoryRecord record;
      record.key = item->key;
      record.app = app.name;
      record.uid = "uid-" + item->key.Text();
      record.desired_hash = item->hash;
      record.observed_resource_version = "1";
      inventory[item->key] = record;
    }
  }
}

double Milliseconds(std::clock_t since) {
  return 1000.0 * static_cast<double>(std::clock() - since) / CLOCKS_PER_SEC;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
  std::vector<std::vector<Value>> documents(kApps);
  std::vector<std::string> texts;
  std::vector<plan::AppInput> apps;
  size_t bytes = 0;
  for (int app = 0; app < kApps; ++app) {
    for (int i = 0; i < kObjectsOfApp; ++i) documents[app].push_back(Document(app, i));
    plan::AppInput input;
    input.name = "app-" + std::to_string(app);
    input.expected_objects = kObjectsOfApp;
    for (const Value& document : documents[app]) {
      input.objects.push_back(&document);
      texts.push_back(dunlin::object::CanonicalJson(document));
      bytes += texts.back().size();
    }
    apps.push_back(std::move(input));
  }
  const plan::KindTable kinds = Kinds();
  plan::LiveSnapshot live;
  plan::Inventory inventory;
  Apply(plan::Prepare(apps, kinds, ""), live, inventory);

  double prepare = 0;
  double decide = 0;
  double hash = 0;
  size_t skipped = 0;
  for (int round = 0; round < rounds; ++round) {
    std::clock_t begin = std::clock();
    const plan::DesiredSet set = plan::Prepare(apps, kinds, "");
    prepare += Milliseconds(begin);
    plan::PlanInput input;
    input.desired = &set;
    input.live = &live;
    input.inventory = &inventory;
    input.kinds = &kinds;
    input.statement_complete = true;
    begin = std::clock();
    const auto made = plan::MakePlan(input);
    decide += Milliseconds(begin);
    if (!made) return 1;
    skipped = 0;
    for (const plan::AppPlan& app : made->apps) {
      for (const plan::Stage& stage : app.stages) {
        for (const plan::Step& step : stage.steps) {
          skipped += step.action == plan::Action::kSkip ? 1 : 0;
        }
      }
    }
    begin = std::clock();
    for (const std::string& text : texts) {
      if (dunlin::crypto::Sha256(text).View().empty()) return 1;
    }
    hash += Milliseconds(begin);
  }
  if (skipped != texts.size()) {
    std::fprintf(stderr, "%zu of %zu objects were found unchanged\n", skipped, texts.size());
    return 1;
  }
  const double total = (prepare + decide) / rounds;
  std::printf("%zu objects, %zu KB: plan %.1f ms (prepare %.1f, decide %.1f), goal 100 ms\n",
              texts.size(), bytes / 1024, total, prepare / rounds, decide / rounds);
  std::printf("SHA-256 of the same bytes: %.1f ms; the plan takes %.1f times that\n", hash / rounds,
              total / (hash / rounds));
  return 0;
}
