#include "agent/health/conditions.h"

#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

Result<std::vector<Condition>> Read(std::string_view members) {
  static object::Value value;  // conditions are views into it
  value = Object("v1", "X", members);
  return ReadConditions(value);
}

TEST(Conditions, AbsentOrNullIsNone) {
  for (const std::string_view members :
       {"", R"("status":null)", R"("status":{})", R"("status":{"conditions":null})"}) {
    const auto conditions = Read(members);
    ASSERT_TRUE(conditions) << members;
    EXPECT_TRUE(conditions->empty());
  }
}

TEST(Conditions, AllFieldsInOrder) {
  const auto conditions =
      Read(R"("status":{"conditions":[{"type":"A","status":"True","reason":"R","message":"M",)"
           R"("lastTransitionTime":"2026-11-24T11:59:00Z"},{"type":"B"}]})");
  ASSERT_TRUE(conditions);
  ASSERT_EQ(conditions->size(), 2u);
  EXPECT_TRUE(conditions->front().True());
  EXPECT_EQ(conditions->front().reason, "R");
  EXPECT_EQ(conditions->front().Age(Noon()), Millis(60'000));
  EXPECT_EQ(conditions->back().Age(Noon()), std::nullopt);
  EXPECT_EQ(FindCondition(*conditions, "B"), &conditions->back());
  EXPECT_EQ(FindCondition(*conditions, "C"), nullptr);
}

TEST(Conditions, AnotherShapeIsAnError) {
  for (const std::string_view members :
       {R"("status":"ok")", R"("status":{"conditions":{}})", R"("status":{"conditions":["a"]})",
        R"("status":{"conditions":[{"type":1}]})",
        R"("status":{"conditions":[{"status":true}]})"}) {
    EXPECT_FALSE(Read(members)) << members;
    EXPECT_EQ(Evaluate(Object("v1", "X", members), Noon()).status, kUnknown) << members;
  }
}

}  // namespace
}  // namespace dunlin::health
