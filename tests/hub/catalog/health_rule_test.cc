#include <gtest/gtest.h>

#include "documents.h"
#include "hub/catalog/targets.h"

namespace dunlin::catalog {
namespace {

std::string RuleText(const std::string& name, const std::string& more = "") {
  return "{'apiVersion':'dunlin.dev/v1','kind':'HealthRule','metadata':{'name':'" + name +
         "'},'spec':{'match':[{'group':'queues.example.io','kinds':['Queue']}],"
         "'cases':[{'status':'Current'}]" +
         more + "}}";
}

TEST(HealthRule, IsAnObjectOfTheCatalogue) {
  Catalogue catalogue;
  const auto change = catalogue.ReplaceFleet({Doc("health.yaml", 1, RuleText("queue"))});
  EXPECT_TRUE(catalogue.problems().empty());
  EXPECT_EQ(change.created, (std::vector<ObjectId>{{ObjectKind::kHealthRule, "queue"}}));
  EXPECT_EQ(change.created[0].Text(), "HealthRule queue");
  ASSERT_EQ(catalogue.HealthRules().size(), 1u);
  EXPECT_EQ(catalogue.HealthRules()[0]->name, "queue");
  const Catalogue restored = Catalogue::Restore(catalogue.Stored());
  EXPECT_EQ(restored.HealthRules().size(), 1u);
}

TEST(HealthRule, ABrokenOneLeavesTheLastGoodInForce) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("health.yaml", 1, RuleText("queue"))});
  (void)catalogue.ReplaceFleet({Doc("health.yaml", 1, RuleText("queue", ",'script':'return'"))});
  ASSERT_EQ(catalogue.problems().size(), 1u);
  EXPECT_EQ(catalogue.problems()[0].error.message, "HealthRule queue: spec.script: unknown field");
  EXPECT_TRUE(catalogue.problems()[0].last_good_kept);
  EXPECT_EQ(catalogue.HealthRules().size(), 1u);
}

TEST(HealthRule, NamesWhatIsWrong) {
  const std::string head =
      "{'apiVersion':'dunlin.dev/v1','kind':'HealthRule','metadata':{'name':'a'}";
  EXPECT_EQ(MustFail(head + "}").message, "spec: is missing");
  EXPECT_EQ(MustFail(head + ",'spec':{}}").message,
            "spec.match: must be a list of groups and kinds; spec.cases: must be a list of cases");
  EXPECT_EQ(MustFail(RuleText("a", ",'mach':1")).message,
            "spec.mach: unknown field, did you mean "
            "\"match\"?");
}

// One fleet, one set of rules: every target carries them, and the app itself stays as it is.
TEST(HealthRule, GoesToEveryTarget) {
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet({Doc("f.yaml", 1, ClusterText("c1")), Doc("f.yaml", 2, AppText("a")),
                                Doc("f.yaml", 3, AppText("b")), Doc("f.yaml", 4, RuleText("y")),
                                Doc("f.yaml", 5, RuleText("x"))});
  const Resolution resolution = ResolveTargets(catalogue, {{"c1", ClusterId("uuid-1")}});
  ASSERT_EQ(resolution.targets.size(), 2u);
  for (const TargetSpec& target : resolution.targets) {
    ASSERT_EQ(target.spec->health_rules.size(), 2u);
    EXPECT_EQ(target.spec->health_rules[0]->name, "x");
  }
  EXPECT_TRUE(catalogue.FindApp("a")->health_rules.empty());
}

}  // namespace
}  // namespace dunlin::catalog
