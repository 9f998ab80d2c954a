// The example of docs/health.md works, and does what the page says.
#include <fstream>
#include <sstream>

#include "agent/health/judge.h"
#include "protocol/yaml/config_yaml.h"
#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

object::Value Example() {
  std::ifstream in(std::string(DUNLIN_SOURCE_DIR) + "/docs/health.md");
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str();
  const std::string fence = "```yaml\n";
  const size_t begin = text.find(fence) + fence.size();
  const auto document = yaml::ParseConfig(text.substr(begin, text.find("```", begin) - begin));
  EXPECT_TRUE(document) << document.error().message;
  return document ? *document : object::Value();
}

TEST(HealthPage, ItsExampleWorks) {
  const object::Value document = Example();
  Judge judge;
  judge.SetFleetRules({{std::string(object::FindString(document, {"metadata", "name"})),
                        *object::Find(document, {"spec"})}});
  const std::vector<Row> rows = {
      {"paused", R"("spec":{"paused":true})", kSuspended, "Drained"},
      {"cut off for long",
       R"("status":{"readyBrokers":1,"conditions":[{"type":"Connected","status":"False","reason":"NoRoute",)"
       R"("lastTransitionTime":"2026-11-24T11:57:00Z"}]})",
       kFailed, "NoRoute"},
      {"cut off just now",
       R"("status":{"readyBrokers":1,"conditions":[{"type":"Connected","status":"False","reason":"NoRoute",)"
       R"("lastTransitionTime":"2026-11-24T11:59:00Z"}]})",
       kCurrent, ""},
      {"a mirror is lost", R"("status":{"mirrors":[{"state":"in sync"},{"state":"lost"}]})",
       kFailed, "MirrorLost"},
      {"no status yet", "", kInProgress, "LessReady"},
      {"less than wanted", R"("spec":{"brokers":3},"status":{"readyBrokers":2})", kInProgress,
       "LessReady"},
      {"as wanted", R"("spec":{"brokers":3},"status":{"readyBrokers":3})", kCurrent, ""},
  };
  for (const Row& row : rows) {
    const Health health =
        judge.Evaluate(Object("queues.example.io/v1", "Queue", row.members), Noon());
    EXPECT_EQ(Name(health.status), Name(row.status)) << row.what;
    EXPECT_EQ(health.reason, row.reason) << row.what;
  }
}

}  // namespace
}  // namespace dunlin::health
