#include "hub/pipeline/render_plan.h"

#include <gtest/gtest.h>

namespace dunlin::hub {
namespace {

RenderInput Input(const std::string& cluster, const std::string& path) {
  return {"shop", ClusterId(cluster), path, "auto", "{}", "shop", "{}", "v1.36.3", {}};
}

RenderMemory Remember(const RenderInput& input, const FilesSeen& seen, const TreeIndex& tree) {
  return {RenderKey(input), EncodeReads(seen, tree)};
}

const TreeIndex kTree = {{"base/deploy.yaml", "1"}, {"eu/kustomization.yaml", "2"}};

TEST(PlanRenders, TargetsWithEqualInputsShareOneRender) {
  const auto plan = PlanRenders({Input("a", "eu"), Input("b", "us"), Input("c", "eu")},
                                std::vector<RenderMemory>(3), kTree);
  ASSERT_EQ(plan.jobs.size(), 2u);
  EXPECT_EQ(plan.jobs[0].members, (std::vector<size_t>{0, 2}));
  EXPECT_EQ(plan.jobs[1].members, (std::vector<size_t>{1}));
  EXPECT_TRUE(plan.unaffected.empty());
}

TEST(PlanRenders, ATargetWhoseFilesDidNotChangeIsNotRenderedAgain) {
  const RenderInput input = Input("a", "eu");
  const auto memory = Remember(input, {{"eu/kustomization.yaml"}, {"eu/Chart.yaml"}}, kTree);
  TreeIndex next = kTree;
  next["base/deploy.yaml"] = "changed";
  const auto plan = PlanRenders({input}, {memory}, next);
  EXPECT_TRUE(plan.jobs.empty());
  EXPECT_EQ(plan.unaffected, (std::vector<size_t>{0}));
}

TEST(PlanRenders, AChangedReadFileRenders) {
  const RenderInput input = Input("a", "eu");
  const auto memory = Remember(input, {{"eu/kustomization.yaml"}, {}}, kTree);
  TreeIndex next = kTree;
  next["eu/kustomization.yaml"] = "changed";
  EXPECT_EQ(PlanRenders({input}, {memory}, next).jobs.size(), 1u);
  next.erase("eu/kustomization.yaml");
  EXPECT_EQ(PlanRenders({input}, {memory}, next).jobs.size(), 1u);
}

TEST(PlanRenders, AFileThatWasMissedAndNowExistsRenders) {
  const RenderInput input = Input("a", "eu");
  const auto memory = Remember(input, {{"eu/kustomization.yaml"}, {"eu/values.yaml"}}, kTree);
  TreeIndex next = kTree;
  next["eu/values.yaml"] = "new";
  EXPECT_EQ(PlanRenders({input}, {memory}, next).jobs.size(), 1u);
}

TEST(PlanRenders, ANewFileInAReadDirectoryRenders) {
  const RenderInput input = Input("a", "eu");
  const auto memory = Remember(input, {{"eu", "eu/kustomization.yaml"}, {}}, kTree);
  EXPECT_TRUE(PlanRenders({input}, {memory}, kTree).jobs.empty());
  TreeIndex next = kTree;
  next["eu/extra.yaml"] = "new";
  EXPECT_EQ(PlanRenders({input}, {memory}, next).jobs.size(), 1u);
}

TEST(PlanRenders, ChangedOptionsOrClusterFactsRender) {
  const RenderInput input = Input("a", "eu");
  const auto memory = Remember(input, {{"eu/kustomization.yaml"}, {}}, kTree);
  RenderInput upgraded = input;
  upgraded.kube_version = "v1.37.0";
  RenderInput other = input;
  other.options = R"({"helm":{}})";
  EXPECT_EQ(PlanRenders({upgraded}, {memory}, kTree).jobs.size(), 1u);
  EXPECT_EQ(PlanRenders({other}, {memory}, kTree).jobs.size(), 1u);
}

TEST(PlanRenders, DamagedMemoryRendersAgain) {
  const RenderInput input = Input("a", "eu");
  EXPECT_EQ(PlanRenders({input}, {{RenderKey(input), "{"}}, kTree).jobs.size(), 1u);
  EXPECT_EQ(PlanRenders({input}, {{RenderKey(input), ""}}, kTree).jobs.size(), 1u);
}

TEST(PlanRenders, ARenderThatUsedFactsWaitsWhileTheyAreNotKnown) {
  RenderInput input = Input("a", "eu");
  const auto chart = Remember(input, {{"eu/kustomization.yaml"}, {}}, kTree);
  const RenderMemory plain{RenderKey(input, Facts::kUnused), chart.reads};
  input.facts_known = false;
  input.kube_version = "v1.30.0";
  const auto plan = PlanRenders({input, input, input}, {chart, plain, {}}, kTree);
  EXPECT_EQ(plan.deferred, std::vector<size_t>{0});
  EXPECT_EQ(plan.unaffected, std::vector<size_t>{1});
  ASSERT_EQ(plan.jobs.size(), 1u);
  EXPECT_EQ(plan.jobs[0].members, std::vector<size_t>{2}) << "a first render takes the default";
}

TEST(PlanRenders, AChangedPolicyRenders) {
  const RenderInput input = Input("a", "eu");
  const auto memory = Remember(input, {{"eu/kustomization.yaml"}, {}}, kTree);
  RenderInput changed = input;
  changed.policy = R"({"prune":false})";
  EXPECT_EQ(PlanRenders({changed}, {memory}, kTree).jobs.size(), 1u);
}

}  // namespace
}  // namespace dunlin::hub
