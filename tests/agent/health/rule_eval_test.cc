#include "agent/health/rule_eval.h"

#include "agent/health/judge.h"
#include "protocol/base/limits.h"
#include "tests/agent/health/health_table.h"

namespace dunlin::health {
namespace {

constexpr std::string_view kObject = R"(
  "metadata":{"generation":3},
  "spec":{"replicas":3,"on":true,"name":"a"},
  "status":{"ready":3,"text":"12","phase":"Running","since":"2026-11-24T11:50:00Z",
    "list":[{"state":"up","n":1,"want":3},{"state":"down","n":2,"want":3}],
    "map":{"x":{"state":"up"},"y":{"state":"up"}},"words":["a","b"],"empty":[],
    "conditions":[
      {"type":"Ready","status":"False","reason":"Pulling","message":"pulls image a",
       "lastTransitionTime":"2026-11-24T11:55:00Z","observedGeneration":3},
      {"type":"Old","status":"True","observedGeneration":2}],
    "parents":[{"conditions":[{"type":"Accepted","status":"True"}]},
               {"conditions":[{"type":"Accepted","status":"False","reason":"NoMatch"}]}]})";

healthrule::HealthRule Rule(const std::string& cases) {
  auto spec =
      object::ParseJson(R"({"match":[{"group":"e.io","kinds":["X"]}],"cases":[)" + cases + "]}");
  EXPECT_TRUE(spec) << cases;
  auto rule = healthrule::ParseSpec(*spec);
  EXPECT_TRUE(rule) << cases << "\n" << rule.error().message;
  return rule ? std::move(*rule) : healthrule::HealthRule{};
}

bool Holds(const std::string& when) {
  const auto rule = Rule(R"({"status":"Failed","when":)" + when + "}");
  return Apply(rule, Object("e.io/v1", "X", kObject), Noon()).has_value();
}

struct Expectation {
  bool holds;
  std::string when;
};

TEST(RuleEvaluation, Expressions) {
  const std::vector<Expectation> rows = {
      {true, R"({"pointer":"/spec/name","exists":true})"},
      {false, R"({"pointer":"/spec/other","exists":true})"},
      {true, R"({"pointer":"/spec/other","absent":true})"},
      {true, R"({"pointer":"/spec/name","eq":"a"})"},
      {false, R"({"pointer":"/spec/name","eq":"b"})"},
      {false, R"({"pointer":"/spec/other","eq":"b"})"},
      {true, R"({"pointer":"/spec/other","ne":"b"})"},
      {true, R"({"pointer":"/spec/on","eq":true})"},
      {true, R"({"pointer":"/spec/replicas","eq":{"pointer":"/status/ready"}})"},
      {true, R"({"pointer":"/spec/other","eq":{"pointer":"/status/other"}})"},
      {false, R"({"pointer":"/spec/replicas","eq":{"pointer":"/status/other"}})"},
      {true, R"({"pointer":"/spec/replicas","eq":{"pointer":"/status/other","default":3}})"},
      {true, R"({"pointer":"/spec/other","default":2,"lt":{"pointer":"/spec/replicas"}})"},
      {true, R"({"pointer":"/status/text","eq":12})"},
      {true, R"({"pointer":"/status/text","gt":9})"},
      {false, R"({"pointer":"/status/phase","gt":9})"},
      {true, R"({"pointer":"/spec/replicas","ge":3,"le":3})"},
      {false, R"({"pointer":"/spec/replicas","ge":3,"lt":3})"},
      {false, R"({"pointer":"/spec/other","lt":3})"},
      {true, R"({"pointer":"/status/phase","in":["Ready","Running"]})"},
      {false, R"({"pointer":"/status/phase","notIn":["Ready","Running"]})"},
      {true, R"({"pointer":"/status/other","notIn":["Ready"]})"},
      {true, R"({"pointer":"/status/phase","prefix":"Run"})"},
      {true, R"({"pointer":"/status/phase","contains":"unn"})"},
      {true, R"({"pointer":"/status/words","contains":"b"})"},
      {false, R"({"pointer":"/status/words","contains":"c"})"},
      {true, R"({"pointer":"/status/since","olderThan":"10m"})"},
      {false, R"({"pointer":"/status/since","olderThan":"601s"})"},
      {true, R"({"pointer":"/status/list","count":true,"eq":2})"},
      {true, R"({"pointer":"/status/map","count":true,"eq":2})"},
      {true, R"({"pointer":"/status/other","count":true,"eq":0})"},
      {true, R"({"all":[{"pointer":"/spec/on","eq":true},{"pointer":"/spec/name","eq":"a"}]})"},
      {false, R"({"all":[{"pointer":"/spec/on","eq":true},{"pointer":"/spec/name","eq":"b"}]})"},
      {true, R"({"any":[{"pointer":"/spec/on","eq":false},{"pointer":"/spec/name","eq":"a"}]})"},
      {true, R"({"not":{"pointer":"/spec/on","eq":false}})"},
      {true, R"({"some":{"pointer":"/status/list","satisfies":{"pointer":"/state","eq":"down"}}})"},
      {false, R"({"every":{"pointer":"/status/list","satisfies":{"pointer":"/state","eq":"up"}}})"},
      {true, R"({"every":{"pointer":"/status/map","satisfies":{"pointer":"/state","eq":"up"}}})"},
      {true, R"({"every":{"pointer":"/status/list","satisfies":
                 {"pointer":"/want","eq":{"root":"/spec/replicas"}}}})"},
      {false, R"({"some":{"pointer":"/status/empty","satisfies":{"pointer":"","exists":true}}})"},
      {true, R"({"every":{"pointer":"/status/other","satisfies":{"pointer":"","absent":true}}})"},
      {true, R"({"some":{"pointer":"/status/words","satisfies":{"pointer":"","eq":"a"}}})"},
      {true, R"({"condition":{"type":"Ready"}})"},
      {false, R"({"condition":{"type":"Ready","status":"True"}})"},
      {true, R"({"condition":{"type":["Good","Ready"],"status":false,"reason":"Pulling"}})"},
      {false, R"({"condition":{"type":"Ready","notReason":["Pulling"]}})"},
      {true, R"({"condition":{"type":"Ready","messageContains":"image"}})"},
      {true, R"({"condition":{"type":"Ready","olderThan":"5m"}})"},
      {false, R"({"condition":{"type":"Ready","olderThan":"6m"}})"},
      {true, R"({"condition":{"type":"Ready","observed":true}})"},
      {true, R"({"condition":{"type":"Old","observed":false}})"},
      {false, R"({"condition":{"type":"Old","observed":true}})"},
      {true, R"({"some":{"pointer":"/status/parents","satisfies":
                 {"condition":{"type":"Accepted","status":"False"}}}})"},
      {true, R"({"condition":{"type":"Accepted","at":"/status/parents/0/conditions"}})"},
      {false, R"({"condition":{"type":"Ready","at":"/status/phase"}})"},
  };
  for (const Expectation& row : rows) EXPECT_EQ(Holds(row.when), row.holds) << row.when;
}

Health Judged(const std::string& cases) {
  return Apply(Rule(cases), Object("e.io/v1", "X", kObject), Noon()).value_or(Health{});
}

TEST(RuleEvaluation, TheFirstCaseThatHoldsDecides) {
  const Health health = Judged(
      R"({"status":"Current","when":{"pointer":"/spec/on","eq":false}},
         {"status":"Suspended","reason":"R","when":{"pointer":"/spec/on","eq":true}},
         {"status":"Failed"})");
  EXPECT_EQ(health, (Health{kSuspended, "R", ""}));
}

TEST(RuleEvaluation, ReasonAndMessage) {
  // By default those of the condition that made the case hold.
  EXPECT_EQ(
      Judged(R"({"status":"InProgress","when":{"condition":{"type":"Ready","status":"False"}}})"),
      (Health{kInProgress, "Pulling", "pulls image a"}));
  EXPECT_EQ(Judged(R"({"status":"Failed","when":{"some":{"pointer":"/status/parents","satisfies":
                      {"condition":{"type":"Accepted","status":"False"}}}}})")
                .reason,
            "NoMatch");
  // What does not hold explains nothing.
  EXPECT_EQ(
      Judged(
          R"({"status":"Failed","when":{"not":{"condition":{"type":"Ready","status":"True"}}}})"),
      (Health{kFailed, "Failed", ""}));
  EXPECT_EQ(Judged(R"({"status":"Failed","reason":{"pointer":"/status/phase"},
                      "message":{"pointer":"/status/ready"}})"),
            (Health{kFailed, "Running", "3"}));
  EXPECT_EQ(
      Judged(R"({"status":"Failed","message":{"pointer":"/status/none","default":"nothing"}})")
          .message,
      "nothing");
}

// Two lists in one another: n * n comparisons.
std::string Grid(size_t n) {
  std::string list;
  for (size_t i = 0; i < n; ++i) list += i == 0 ? "1" : ",1";
  return R"("list":[)" + list + "]";
}

TEST(RuleEvaluation, AnExpensiveRuleIsGivenUp) {
  const auto rule = Rule(R"({"status":"Failed","when":{"some":{"pointer":"/list","satisfies":
      {"some":{"root":"/list","satisfies":{"pointer":"","eq":2}}}}}},{"status":"Current"})");
  // 1 + n + n * n comparisons.
  static_assert(limits::kHealthRuleSteps == 100'000);
  const auto at = Apply(rule, Object("e.io/v1", "X", Grid(315)), Noon());
  EXPECT_EQ(at->status, kCurrent);
  const auto above = Apply(rule, Object("e.io/v1", "X", Grid(316)), Noon());
  EXPECT_EQ(above->status, kUnknown);
  EXPECT_EQ(above->reason, kTooCostly);
}

FleetRule Fleet(std::string name, std::string_view group, std::string_view kind,
                std::string_view status) {
  return {std::move(name),
          *object::ParseJson(R"({"match":[{"group":")" + std::string(group) + R"(","kinds":[")" +
                             std::string(kind) + R"("]}],"cases":[{"status":")" +
                             std::string(status) + R"(","reason":"ByFleet"}]})")};
}

TEST(Judge, TheFleetsRulesComeFirst) {
  const object::Value certificate = Object("cert-manager.io/v1", "Certificate", "");
  const object::Value deployment = Object("apps/v1", "Deployment", R"("spec":{"paused":true})");
  Judge judge;
  EXPECT_EQ(judge.Evaluate(deployment, Noon()).status, kSuspended);
  EXPECT_FALSE(judge.HasFleetRule("apps", "Deployment"));
  judge.SetFleetRules({Fleet("b", "*", "*", "Failed"), Fleet("d", "apps", "Deployment", "Unknown"),
                       Fleet("a", "cert-manager.io", "*", "Suspended")});
  EXPECT_TRUE(judge.HasFleetRule("apps", "Deployment"));
  EXPECT_EQ(judge.Evaluate(certificate, Noon()).status, kSuspended) << "by name";
  EXPECT_EQ(judge.Evaluate(deployment, Noon()).status, kUnknown) << "the one that names the kind";
  judge.SetFleetRules({});
  EXPECT_EQ(judge.Evaluate(deployment, Noon()).status, kSuspended);
}

TEST(Judge, WhatIsDeletedOrNotObservedIsNotAskedAbout) {
  Judge judge;
  judge.SetFleetRules({Fleet("a", "e.io", "X", "Current")});
  EXPECT_EQ(
      judge.Evaluate(Object("e.io/v1", "X", R"("metadata":{"deletionTimestamp":"x"})"), Noon())
          .status,
      kTerminating);
  constexpr std::string_view kOld =
      R"("metadata":{"generation":2},"status":{"observedGeneration":1})";
  EXPECT_EQ(judge.Evaluate(Object("e.io/v1", "X", kOld), Noon()).status, kInProgress);
  FleetRule ignores = Fleet("a", "e.io", "X", "Current");
  ignores.spec.as_object()["ignoreObservedGeneration"] = true;
  judge.SetFleetRules({ignores});
  EXPECT_EQ(judge.Evaluate(Object("e.io/v1", "X", kOld), Noon()).status, kCurrent);
}

TEST(Judge, ABrokenRuleIsNamed) {
  FleetRule broken = Fleet("later", "e.io", "X", "Current");
  broken.spec.as_object()["script"] = "return true";
  Judge judge;
  judge.SetFleetRules({broken});
  const Health health = judge.Evaluate(Object("e.io/v1", "X", ""), Noon());
  EXPECT_EQ(health.status, kUnknown);
  EXPECT_EQ(health.reason, "HealthRuleBroken");
  EXPECT_NE(health.message.find("HealthRule later"), std::string::npos);
  EXPECT_NE(health.message.find("spec.script"), std::string::npos);
  EXPECT_EQ(judge.Evaluate(Object("e.io/v1", "Y", ""), Noon()).status, kCurrent);
  judge.SetFleetRules({{"worse", object::Value(7)}});
  EXPECT_EQ(judge.Evaluate(Object("e.io/v1", "Y", ""), Noon()).status, kUnknown);
}

}  // namespace
}  // namespace dunlin::health
