#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/healthrule/rule.h"
#include "protocol/object/json.h"

namespace dunlin::healthrule {
namespace {

constexpr std::string_view kMatch = R"("match":[{"group":"example.io","kinds":["Thing"]}])";

object::Value Json(const std::string& text) {
  auto value = object::ParseJson(text);
  EXPECT_TRUE(value) << text;
  return value ? std::move(*value) : object::Value();
}

// A rule with one case whose `when` is this.
Result<HealthRule> ParseWhen(const std::string& when) {
  return ParseSpec(
      Json("{" + std::string(kMatch) + R"(,"cases":[{"status":"Failed","when":)" + when + "}]}"));
}

TEST(HealthRule, EveryForm) {
  const auto rule = ParseSpec(Json(R"({
    "match":[{"group":"example.io","kinds":["Thing"],"versions":["v1","v2"]},
             {"group":"*.example.io","kinds":"*"}],
    "ignoreObservedGeneration":true,
    "cases":[
      {"status":"Failed","reason":"Broken","message":{"pointer":"/status/text","default":"?"},
       "when":{"any":[{"condition":{"type":["A","B"],"status":true,"reason":"R","notReason":["S"],
                        "messageContains":"m","olderThan":"5m","observed":false,"at":"/status/list"}},
                      {"not":{"pointer":"/a","exists":true}},
                      {"all":[{"pointer":"/a","lt":{"root":"/b","default":1},"ge":0}]},
                      {"some":{"pointer":"/l","satisfies":{"condition":{"type":"Ready"}}}},
                      {"every":{"root":"/l","satisfies":{"pointer":"/x","in":["a",1]}}},
                      {"pointer":"/l","count":true,"gt":2},
                      {"pointer":"/t","olderThan":"1h30m"}]}},
      {"status":"Current"}]})"));
  ASSERT_TRUE(rule) << rule.error().message;
  EXPECT_TRUE(rule->ignore_observed_generation);
  EXPECT_TRUE(rule->Matches("example.io", "v1", "Thing"));
  EXPECT_FALSE(rule->Matches("example.io", "v3", "Thing"));
  EXPECT_FALSE(rule->Matches("example.io", "v1", "Other"));
  EXPECT_TRUE(rule->Matches("a.example.io", "v3", "Other"));
  EXPECT_TRUE(rule->match[0].Exact());
  EXPECT_FALSE(rule->match[1].Exact());
  ASSERT_EQ(rule->cases.size(), 2u);
  EXPECT_EQ(rule->cases[0].when->parts.size(), 7u);
  const ConditionTest& condition = rule->cases[0].when->parts[0].condition;
  EXPECT_EQ(condition.statuses, std::vector<std::string>{"True"});
  EXPECT_EQ(condition.older_than, Millis{300'000});
  EXPECT_FALSE(rule->cases[1].when.has_value());
}

struct Wrong {
  std::string when;
  std::string problem;
};

TEST(HealthRule, NamesWhatIsWrongWithAnExpression) {
  const std::vector<Wrong> rows = {
      {R"("x")", "spec.cases[0].when: must be a mapping"},
      {"{}", "spec.cases[0].when: is no expression"},
      {R"({"al":[]})", "spec.cases[0].when.al: unknown field, did you mean \"all\"?"},
      {R"({"all":[]})", "spec.cases[0].when.all: must be a list with an expression"},
      {R"({"pointer":"a","eq":1})", "spec.cases[0].when.pointer: must be a JSON pointer"},
      {R"({"pointer":"/a"})", "spec.cases[0].when: compares with nothing"},
      {R"({"pointer":"/a","equals":1})", "spec.cases[0].when.equals: unknown field"},
      {R"({"pointer":"/a","root":"/a","eq":1})", "has both pointer and root"},
      {R"({"pointer":"/a","in":"x"})", "spec.cases[0].when.in: must be a list"},
      {R"({"pointer":"/a","eq":["x"]})", "spec.cases[0].when.eq: cannot be a list"},
      {R"({"pointer":"/a","exists":false})", "spec.cases[0].when.exists: can only be true"},
      {R"({"pointer":"/a","prefix":1})", "spec.cases[0].when.prefix: must be text"},
      {R"({"pointer":"/a","olderThan":"5"})", "spec.cases[0].when.olderThan: must be a duration"},
      {R"({"pointer":"/a","eq":{"pointr":"/b"}})", "spec.cases[0].when.eq: needs pointer"},
      {R"({"pointer":"/a","eq":1,"condition":{"type":"A"}})", "is more than one expression"},
      {R"({"condition":{}})", "spec.cases[0].when.condition.type: is missing"},
      {R"({"condition":{"type":"A","state":"True"}})",
       "spec.cases[0].when.condition.state: unknown field"},
      {R"({"some":{"pointer":"/a"}})", "spec.cases[0].when.some.satisfies: is missing"},
  };
  for (const Wrong& row : rows) {
    const auto rule = ParseWhen(row.when);
    ASSERT_FALSE(rule) << row.when;
    EXPECT_EQ(rule.error().code, Errc::kInvalidArgument) << row.when;
    EXPECT_NE(rule.error().message.find(row.problem), std::string::npos)
        << row.when << "\n  " << rule.error().message;
  }
}

TEST(HealthRule, NamesWhatIsWrongWithTheRest) {
  const std::string cases = R"("cases":[{"status":"Current"}])";
  const std::vector<Wrong> rows = {
      {"[]", "spec: must be a mapping"},
      {"{" + std::string(kMatch) + "}", "spec.cases: must be a list of cases"},
      {"{" + cases + "}", "spec.match: must be a list of groups and kinds"},
      {R"({"match":[{"kinds":["A"]}],)" + cases + "}", "spec.match[0].group: is missing"},
      {R"({"match":[{"group":"a"}],)" + cases + "}", "spec.match[0].kinds: is missing"},
      {R"({"match":[{"group":"a","kind":"A"}],)" + cases + "}",
       "spec.match[0].kind: unknown field, did you mean \"kinds\"?"},
      {R"({"match":[{"group":"a.*","kinds":["A"]}],)" + cases + "}", "a '*' can only stand alone"},
      {"{" + std::string(kMatch) + R"(,"cases":[{"status":"Healthy"}]})", "must be one of Current"},
      {"{" + std::string(kMatch) + R"(,"cases":[{"status":"Curent"}]})",
       "did you mean \"Current\"?"},
      {"{" + std::string(kMatch) + R"(,"cases":[{}]})", "spec.cases[0].status: is missing"},
      {"{" + std::string(kMatch) + R"(,"cases":[{"status":"Failed"},{"status":"Current"}]})",
       "spec.cases[0]: always holds"},
      {"{" + std::string(kMatch) + "," + cases + R"(,"script":"x"})", "spec.script: unknown field"},
  };
  for (const Wrong& row : rows) {
    const auto rule = ParseSpec(Json(row.when));
    ASSERT_FALSE(rule) << row.when;
    EXPECT_NE(rule.error().message.find(row.problem), std::string::npos)
        << row.when << "\n  " << rule.error().message;
  }
}

TEST(HealthRule, AllProblemsComeAtOnceUpToALimit) {
  std::string cases;
  for (int i = 0; i < 7; ++i) cases += R"({"status":"X","when":{"pointer":"/a","eq":1}},)";
  const auto rule =
      ParseSpec(Json("{" + std::string(kMatch) + R"(,"cases":[)" + cases + R"({"status":"X"}]})"));
  ASSERT_FALSE(rule);
  EXPECT_NE(rule.error().message.find("spec.cases[4].status"), std::string::npos);
  EXPECT_EQ(rule.error().message.find("spec.cases[5].status"), std::string::npos);
  EXPECT_TRUE(rule.error().message.ends_with("; and 3 more")) << rule.error().message;
}

void ExpectLimit(const Result<HealthRule>& at, const Result<HealthRule>& above) {
  EXPECT_TRUE(at) << at.error().message;
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().code, Errc::kLimit) << above.error().message;
}

Result<HealthRule> WithCases(size_t count) {
  std::string cases;
  for (size_t i = 0; i < count; ++i) {
    cases +=
        std::string(i == 0 ? "" : ",") + R"({"status":"Failed","when":{"pointer":"/a","eq":1}})";
  }
  return ParseSpec(Json("{" + std::string(kMatch) + R"(,"cases":[)" + cases + "]}"));
}

Result<HealthRule> WithMatches(size_t count) {
  std::string matches;
  for (size_t i = 0; i < count; ++i) {
    matches += std::string(i == 0 ? "" : ",") + R"({"group":"a","kinds":["B"]})";
  }
  return ParseSpec(Json(R"({"match":[)" + matches + R"(],"cases":[{"status":"Current"}]})"));
}

// One expression is depth 1.
Result<HealthRule> WithDepth(int depth) {
  std::string when = R"({"pointer":"/a","eq":1})";
  for (int i = 1; i < depth; ++i) when = R"({"not":)" + when + "}";
  return ParseWhen(when);
}

Result<HealthRule> WithBytes(size_t bytes) {
  const std::string begin = R"({"cases":[{"message":")";
  const std::string end = R"(","status":"Current"}],"match":[{"group":"a","kinds":["B"]}]})";
  const std::string text(bytes - begin.size() - end.size(), 'x');
  return ParseSpec(Json(begin + text + end));
}

TEST(HealthRule, Limits) {
  ExpectLimit(WithCases(limits::kHealthRuleCases), WithCases(limits::kHealthRuleCases + 1));
  ExpectLimit(WithMatches(limits::kHealthRuleMatches), WithMatches(limits::kHealthRuleMatches + 1));
  ExpectLimit(WithDepth(limits::kHealthRuleDepth), WithDepth(limits::kHealthRuleDepth + 1));
  ExpectLimit(WithBytes(limits::kHealthRuleBytes), WithBytes(limits::kHealthRuleBytes + 1));
}

TEST(HealthRule, TheMatchOfARuleThatIsOtherwiseWrong) {
  const auto match = ParseMatch(Json("{" + std::string(kMatch) + R"(,"cases":7,"later":true})"));
  ASSERT_TRUE(match);
  ASSERT_EQ(match->size(), 1u);
  EXPECT_EQ(match->front().group, "example.io");
  EXPECT_FALSE(ParseMatch(Json(R"({"match":{}})")));
}

}  // namespace
}  // namespace dunlin::healthrule
