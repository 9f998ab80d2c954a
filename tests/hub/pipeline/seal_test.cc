#include "hub/pipeline/seal.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"

namespace dunlin::hub {
namespace {

const TreeIndex kTree = {{"app/deploy.yaml", "1"}};

object::Value ConfigMap(const std::string& name) {
  return object::Object{{"apiVersion", "v1"},
                        {"kind", "ConfigMap"},
                        {"metadata", {{"name", name}, {"namespace", "shop"}}}};
}

catalog::App App(const std::string& name) {
  catalog::App app;
  app.name = AppName(name);
  return app;
}

JobAnswer Objects(std::vector<object::Value> objects) {
  JobAnswer answer;
  answer.objects = std::move(objects);
  answer.seen.read = {"app/deploy.yaml"};
  answer.seen.missing = {"app/Chart.yaml"};
  return answer;
}

TEST(SealJob, PutsTheAppsPolicyUnderTheDigest) {
  catalog::App app = App("shop");
  const JobResult first = SealJob(app, Objects({ConfigMap("a")}), kTree);
  ASSERT_TRUE(first.sealed);
  app.sync.self_heal = false;
  app.namespace_ = "shop";
  app.depends_on = {AppName("base")};
  const JobResult second = SealJob(app, Objects({ConfigMap("a")}), kTree);
  ASSERT_TRUE(second.sealed);
  EXPECT_NE(first.sealed->digest, second.sealed->digest);
  const auto bundle = bundle::ParseCanonical(second.sealed->canonical);
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ(bundle->app, "shop");
  EXPECT_FALSE(bundle->policy.self_heal);
  EXPECT_EQ(bundle->policy.namespace_, "shop");
  EXPECT_EQ(bundle->policy.depends_on, std::vector<std::string>{"base"});
  EXPECT_EQ(second.sealed->objects, 1);
}

std::shared_ptr<const catalog::HealthRule> RuleFor(const std::string& name,
                                                   const std::string& group,
                                                   const std::string& kind) {
  return std::make_shared<const catalog::HealthRule>(catalog::HealthRule{
      name, *object::ParseJson(R"({"match":[{"group":")" + group + R"(","kinds":[")" + kind +
                               R"("]}],"cases":[{"status":"Current"}]})")});
}

// A rule of the fleet changes the bundles that hold an object of its kinds, and no others.
TEST(SealJob, OnlyTheHealthRulesForItsObjectsAreInTheBundle) {
  catalog::App app = App("shop");
  const JobResult without = SealJob(app, Objects({ConfigMap("a")}), kTree);
  app.health_rules = {RuleFor("queues", "queues.example.io", "Queue")};
  const JobResult other = SealJob(app, Objects({ConfigMap("a")}), kTree);
  EXPECT_EQ(other.sealed->digest, without.sealed->digest);
  EXPECT_NE(PolicyText(app), PolicyText(App("shop"))) << "it must be rendered again to be sure";
  app.health_rules.push_back(RuleFor("all", "*", "*"));
  app.health_rules.push_back(RuleFor("maps", "", "ConfigMap"));
  const JobResult ours = SealJob(app, Objects({ConfigMap("a")}), kTree);
  EXPECT_NE(ours.sealed->digest, without.sealed->digest);
  const auto bundle = bundle::ParseCanonical(ours.sealed->canonical);
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->policy.health_rules.size(), 2u);
  EXPECT_EQ(bundle->policy.health_rules[0].name, "all");
  EXPECT_EQ(bundle->policy.health_rules[1].name, "maps");
  EXPECT_EQ(bundle->policy.health_rules[1].spec, app.health_rules[2]->spec);
}

TEST(SealJob, TheOrderInWhichObjectsComeDoesNotMatter) {
  const catalog::App app = App("shop");
  const auto one = SealJob(app, Objects({ConfigMap("a"), ConfigMap("b")}), kTree);
  const auto two = SealJob(app, Objects({ConfigMap("b"), ConfigMap("a")}), kTree);
  EXPECT_EQ(one.sealed->digest, two.sealed->digest);
}

TEST(SealJob, AnEmptyRenderIsAnErrorUnlessTheAppAllowsIt) {
  catalog::App app = App("shop");
  const JobResult refused = SealJob(app, Objects({}), kTree);
  EXPECT_FALSE(refused.sealed);
  EXPECT_EQ(refused.error->code, Errc::kPrecondition);
  app.sync.allow_empty = true;
  EXPECT_TRUE(SealJob(app, Objects({}), kTree).sealed);
}

TEST(SealJob, TwoObjectsWithOneKeyAreRefused) {
  const JobResult result = SealJob(App("shop"), Objects({ConfigMap("a"), ConfigMap("a")}), kTree);
  EXPECT_FALSE(result.sealed);
  EXPECT_EQ(result.error->code, Errc::kInvalidArgument);
  EXPECT_FALSE(result.by_renderer);
}

TEST(SealJob, KeepsTheWorkersOwnCode) {
  JobAnswer answer;
  answer.error = MakeError(Errc::kNotFound, "no file x");
  answer.fault = "RENDER_MISSING";
  const JobResult result = SealJob(App("shop"), std::move(answer), kTree);
  EXPECT_EQ(result.fault, "RENDER_MISSING");
  EXPECT_TRUE(result.by_renderer);
}

}  // namespace
}  // namespace dunlin::hub
