#include "tests/hub/pipeline/pipeline_fixture.h"

namespace dunlin::hub {
namespace {

TEST_F(PipelineTest, ACatalogueIsFollowedRenderedOnceAndPublishedForAllItsClusters) {
  Catalogue({AppText("shop"), ClusterText("c1"), ClusterText("c2", "us")});
  const auto followed = pipeline.Followed();
  ASSERT_TRUE(followed.contains(kRepo));
  EXPECT_EQ(followed.at(kRepo).revisions, std::set<std::string>{"HEAD"});
  EXPECT_EQ(pipeline.TakeTriggers(), std::set<std::string>{kRepo});
  EXPECT_FALSE(pipeline.NextTask(kRepo)) << "nothing is resolved yet";
  Fetch("1");
  EXPECT_EQ(Work(), 1) << "identical targets share one render";
  EXPECT_EQ(Memory(kShop1).bundle, Memory(kShop2).bundle);
  EXPECT_EQ(pipeline.Collect().history, (std::map<std::string, std::string>{{"shop", "commit"}}));
  EXPECT_EQ(Publish(), "uuid-1:shop@1, uuid-2:shop@1, ");
  EXPECT_TRUE(pipeline.Collect().empty());
}

TEST_F(PipelineTest, NoChangeGivesNoWorkAndNoPublication) {
  StandardFleet();
  Fetch("1");
  EXPECT_EQ(Work(), 0);
  EXPECT_TRUE(pipeline.Collect().empty());
}

TEST_F(PipelineTest, ACommitThatChangesNoFileOfATargetMovesItsRevisionOnly) {
  content = "same";
  StandardFleet();
  Fetch("2");
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(Memory(kShop1).revision, "2");
  const Publication publication = pipeline.Collect();
  EXPECT_TRUE(publication.contents.empty()) << "no statement";
  EXPECT_TRUE(publication.history.empty());
  EXPECT_EQ(publication.changed.size(), 2u);
}

TEST_F(PipelineTest, ARenderFailureKeepsTheLastGoodBundleAndSaysWhy) {
  StandardFleet();
  const auto good = Memory(kShop1).bundle;
  render_error = MakeError(Errc::kInvalidArgument, "apps/a.yaml:3: not YAML");
  Fetch("2");
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Memory(kShop1).bundle, good);
  EXPECT_EQ(Memory(kShop1).revision, "1");
  EXPECT_EQ(Memory(kShop1).failed_revision, "2");
  EXPECT_EQ(Memory(kShop1).problem.code, "invalid_argument");
  EXPECT_FALSE(Memory(kShop1).problem.hint.empty());
  EXPECT_TRUE(pipeline.Collect().contents.empty()) << "no statement because of a failure";
  EXPECT_EQ(Publish(), "");
  Fetch("2");
  EXPECT_EQ(Work(), 0) << "the same commit fails in the same way";
  render_error.reset();
  Fetch("3");
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Memory(kShop1).problem, wire::Problem{});
  EXPECT_EQ(Memory(kShop1).failed_revision, "");
  EXPECT_EQ(Publish(), "uuid-1:shop@3, uuid-2:shop@3, ");
}

TEST_F(PipelineTest, AFailureThatMayPassIsTriedAgainAfterTheNextFetch) {
  StandardFleet();
  render_error = MakeError(Errc::kUnavailable, "the worker died");
  Fetch("2");
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Work(), 0) << "not in a tight loop";
  render_error.reset();
  Fetch("2");
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Publish(), "uuid-1:shop@2, uuid-2:shop@2, ");
}

TEST_F(PipelineTest, AnAppsFailureDoesNotTouchOtherApps) {
  Catalogue({AppText("bad", "'sync':{'prune':false}"), AppText("good"), ClusterText("c1")});
  Fetch("1");
  while (auto task = pipeline.NextTask(kRepo)) {
    const TreeIndex tree{{"apps/a.yaml", "1"}};
    const TaskPlan plan = pipeline.PlanTask(*task, tree);
    std::vector<JobResult> results;
    for (const auto& spec : plan.specs) {
      render_error.reset();
      if (spec->name.str() == "bad") render_error = MakeError(Errc::kInvalidArgument, "broken");
      results.push_back(Render(*spec, tree));
    }
    pipeline.OnRendered(*task, plan, results, kNow);
  }
  EXPECT_EQ(Publish(), "uuid-1:good@1, ");
  EXPECT_EQ(Memory({"bad", ClusterId("uuid-1")}).problem.message, "broken");
}

TEST_F(PipelineTest, AWrongRevisionIsAProblemOfItsTargetsAndTheOldBundleStays) {
  StandardFleet();
  Catalogue(
      {AppText("shop", "", "apps','revision':'typo"), ClusterText("c1"), ClusterText("c2", "us")});
  pipeline.OnFetched(kRepo, {{"typo", MakeError(Errc::kNotFound, "no such branch")}}, kNow, kNow);
  EXPECT_EQ(Memory(kShop1).problem.code, "not_found");
  EXPECT_NE(Memory(kShop1).problem.hint.find("spec.source.revision"), std::string::npos);
  EXPECT_TRUE(Memory(kShop1).bundle);
  EXPECT_EQ(Publish(), "");
  Fetch("1", "typo");
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(Memory(kShop1).problem, wire::Problem{}) << "healed without a new commit";
}

TEST_F(PipelineTest, ASourceThatIsAwayIsNoProblemOfTargetsThatRunItsLastCommit) {
  StandardFleet();
  const auto said = [&] { return pipeline.SourceProblem(pipeline.targets().at(kShop1)); };
  const Error away = MakeError(Errc::kUnavailable, "connection refused");
  pipeline.OnFetchFailed(kRepo, away);
  pipeline.OnFetchFailed(kRepo, away);
  EXPECT_FALSE(said()) << "a short outage";
  pipeline.OnFetchFailed(kRepo, away);
  EXPECT_EQ(Memory(kShop1).problem, wire::Problem{});
  EXPECT_EQ(pipeline.FindRef(kRepo, "HEAD")->failures, 3);
  ASSERT_TRUE(said());
  EXPECT_EQ(said()->code, "unavailable");
  EXPECT_EQ(said()->hint.find("Source"), std::string::npos) << "no credential brings it back";
  pipeline.OnFetchFailed(kRepo, MakeError(Errc::kUnauthenticated, "status 401"));
  ASSERT_TRUE(said());
  EXPECT_NE(said()->hint.find("a private repository needs a Source"), std::string::npos);
  EXPECT_EQ(Memory(kShop1).problem, wire::Problem{});
  Fetch("1");
  EXPECT_FALSE(said());
}

TEST_F(PipelineTest, AnUnreachableRepositoryIsAtOnceAProblemOfATargetThatNeverRan) {
  Catalogue({AppText("shop"), ClusterText("c1")});
  pipeline.OnFetchFailed(kRepo, MakeError(Errc::kUnavailable, "connection refused"));
  EXPECT_EQ(Memory(kShop1).problem.code, "unavailable");
}

TEST_F(PipelineTest, ATaskThatCannotBeginFailsItsTargetsOnly) {
  StandardFleet();
  Fetch("2");
  auto task = pipeline.NextTask(kRepo);
  ASSERT_TRUE(task);
  pipeline.OnTaskFailed(*task, Stage::kRender, MakeError(Errc::kUnavailable, "no sandbox"));
  EXPECT_EQ(Memory(kShop1).problem.message, "no sandbox");
  EXPECT_FALSE(pipeline.NextTask(kRepo));
  Fetch("2");
  EXPECT_TRUE(pipeline.NextTask(kRepo)) << "tried again after the next fetch";
}

TEST_F(PipelineTest, ADeletedAppLeavesTheStatement) {
  Catalogue({AppText("shop"), AppText("other"), ClusterText("c1")});
  Fetch("1");
  Work();
  EXPECT_EQ(Publish(), "uuid-1:other@1,shop@1, ");
  Catalogue({AppText("other"), ClusterText("c1")});
  EXPECT_EQ(pipeline.Collect().removed, std::vector<TargetKey>{kShop1});
  EXPECT_EQ(Publish(), "uuid-1:other@1, ");
  Catalogue({ClusterText("c1")});
  EXPECT_EQ(Publish(), "uuid-1: ") << "the last app, too";
}

TEST_F(PipelineTest, ABrokenAppAnEmptiedPathAndAMissingClusterRemoveNothing) {
  StandardFleet();
  Catalogue({AppText("shop", "'nonsense':1"), ClusterText("c1"), ClusterText("c2", "us")});
  EXPECT_EQ(Publish(), "");
  Catalogue({});
  EXPECT_EQ(Publish(), "");
  Catalogue({AppText("shop"), ClusterText("c2", "us")});
  EXPECT_EQ(Publish(), "") << "without its Cluster a cluster keeps what it has";
  EXPECT_TRUE(Memory(kShop1).bundle);
}

TEST_F(PipelineTest, AClusterThatIsNoLongerSelectedLosesTheApp) {
  StandardFleet();
  Catalogue({AppText("shop", "'clusters':{'regions':['us']}"), ClusterText("c1"),
             ClusterText("c2", "us")});
  EXPECT_EQ(Publish(), "uuid-1: ");
  EXPECT_FALSE(pipeline.targets().contains(kShop1));
}

TEST_F(PipelineTest, ATargetThatCannotBeResolvedKeepsItsBundleWithAProblem) {
  StandardFleet();
  Catalogue({AppText("shop", "'dependsOn':['gone']"), ClusterText("c1"), ClusterText("c2", "us")});
  EXPECT_TRUE(Memory(kShop1).bundle);
  EXPECT_NE(Memory(kShop1).problem.message.find("gone"), std::string::npos);
  EXPECT_EQ(Publish(), "");
  Catalogue({AppText("shop"), ClusterText("c1"), ClusterText("c2", "us")});
  Fetch("1");
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(Memory(kShop1).problem, wire::Problem{});
}

TEST_F(PipelineTest, AChangedPolicyMakesANewBundleAtTheSameCommit) {
  StandardFleet();
  const auto before = Memory(kShop1).bundle;
  Catalogue(
      {AppText("shop", "'sync':{'prune':false}"), ClusterText("c1"), ClusterText("c2", "us")});
  EXPECT_EQ(pipeline.TakeTriggers(), std::set<std::string>{kRepo});
  EXPECT_EQ(Work(), 1);
  EXPECT_NE(Memory(kShop1).bundle, before);
  EXPECT_FALSE(Memory(kShop1).prune);
  EXPECT_EQ(pipeline.Collect().history.at("shop"), "catalogue");
}

TEST_F(PipelineTest, MassPruneIsAllowedForOneStatementOnly) {
  StandardFleet();
  ASSERT_TRUE(pipeline.Sync("shop", true).has_value());
  const Publication allowed = pipeline.Collect();
  ASSERT_TRUE(allowed.contents.contains(kShop1.second));
  EXPECT_TRUE(allowed.contents.at(kShop1.second).at(AppName("shop")).allow_mass_prune);
  pipeline.Published(allowed, kNow);
  EXPECT_TRUE(pipeline.Collect().contents.empty()) << "taking the flag back is no statement";
  Fetch("2");
  Work();
  EXPECT_FALSE(pipeline.Collect().contents.at(kShop1.second).at(AppName("shop")).allow_mass_prune);
}

TEST_F(PipelineTest, AConfirmedRemovalIsSaidInOneStatement) {
  StandardFleet();
  const ClusterId cluster = kShop1.second;
  pipeline.ConfirmRemoval("shop", cluster);  // a target: nothing to confirm
  EXPECT_TRUE(pipeline.Collect().empty());
  pipeline.ConfirmRemoval("old", cluster);
  const Publication confirmed = pipeline.Collect();
  EXPECT_EQ(confirmed.confirmed.at(cluster), std::set<AppName>{AppName("old")});
  EXPECT_TRUE(confirmed.contents.at(cluster).contains(AppName("shop")));
  pipeline.Published(confirmed, kNow);
  EXPECT_TRUE(pipeline.Collect().empty());
}

TEST_F(PipelineTest, AManualAppAdvancesOnSyncOnly) {
  const std::string application = catalog::ApplicationText("'path':'apps'");
  Catalogue({application, ClusterText("c1")});
  Fetch("1");
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(pipeline.targets().at({"web", ClusterId("uuid-1")}).pending, "1");
  ASSERT_TRUE(pipeline.Sync("web", false).has_value());
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Publish(), "uuid-1:web@1, ");
  Fetch("2");
  EXPECT_EQ(Work(), 0);
}

TEST_F(PipelineTest, AChartIsRenderedAgainWhenItsClusterIsUpgradedAndPlainYamlIsNot) {
  for (const bool chart : {false, true}) {
    SCOPED_TRACE(chart);
    uses_facts = chart;
    pipeline = Pipeline{Pipeline::Config{}};
    StandardFleet();
    (void)pipeline.TakeTriggers();
    pipeline.SetFacts(kShop1.second, {"0.1.0", "v1.37.0", {"apps/v1"}});
    EXPECT_EQ(pipeline.TakeTriggers().size(), chart ? 1u : 0u);
    EXPECT_EQ(Work(), chart ? 1 : 0);
    pipeline.SetFacts(kShop1.second, {"0.1.0", "", {}});
    EXPECT_EQ(Work(), 0) << "an apiserver that is away says nothing about its version";
  }
}

TEST_F(PipelineTest, AfterARestartAChartWaitsForItsClustersFactsAndKeepsItsBundle) {
  uses_facts = true;
  Catalogue({AppText("shop"), ClusterText("c1")});
  pipeline.SetFacts(kShop1.second, {"0.1.0", "v1.37.0", {}});
  Fetch("1");
  Work();
  Publish();
  const TargetMemory memory = Memory(kShop1);
  pipeline = Pipeline{Pipeline::Config{}};
  pipeline.Restore({{kShop1, memory}}, {});
  pipeline.SetCatalogue(catalogue, kIds);
  Fetch("2");
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(Memory(kShop1).bundle, memory.bundle);
  (void)pipeline.TakeTriggers();
  pipeline.SetFacts(kShop1.second, {"0.1.0", "v1.37.0", {}});
  EXPECT_EQ(pipeline.TakeTriggers(), std::set<std::string>{kRepo});
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Publish(), "uuid-1:shop@2, ");
}

TEST_F(PipelineTest, ARenderThatWaitsForFactsDropsAReasonThatIsOver) {
  uses_facts = true;
  Catalogue({AppText("shop"), ClusterText("c1")});
  Fetch("1");
  Work();
  TargetMemory memory = Memory(kShop1);
  const auto after_restart = [&](const char* code, const char* failed) {
    memory.problem = {"", code, "write bundles/31: No space left on device", ""};
    memory.failed_revision = failed;
    pipeline = Pipeline{Pipeline::Config{}};
    pipeline.Restore({{kShop1, memory}}, {});
    pipeline.SetCatalogue(catalogue, kIds);
    Fetch("2");
    EXPECT_EQ(Work(), 0) << "no agent has ever said what the cluster is";
    return Memory(kShop1).problem.code;
  };
  EXPECT_EQ(after_restart("io", "2"), "") << "the disk has space again";
  EXPECT_EQ(after_restart("RENDER_FAILED", "1"), "") << "of another commit";
  EXPECT_EQ(after_restart("RENDER_FAILED", "2"), "RENDER_FAILED") << "the same files, the same end";
}

TEST_F(PipelineTest, ALostBundleIsRenderedAgain) {
  StandardFleet();
  const BundleDigest bundle = *Memory(kShop1).bundle;
  (void)pipeline.TakeTriggers();
  EXPECT_EQ(pipeline.Lost({crypto::Sha256("another")}), std::set<std::string>{});
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(pipeline.Lost({bundle}), std::set<std::string>{"shop"});
  EXPECT_EQ(pipeline.TakeTriggers(), std::set<std::string>{kRepo});
  EXPECT_EQ(Work(), 1) << "although none of its inputs has changed";
  EXPECT_EQ(Memory(kShop1).bundle, bundle);
  EXPECT_EQ(Publish(), "") << "the same bundle is no news";
  EXPECT_EQ(Work(), 0);
}

TEST_F(PipelineTest, ALostBundleIsMadeFromItsOwnCommitWhenTheNewestIsBroken) {
  StandardFleet();
  const BundleDigest bundle = *Memory(kShop1).bundle;
  broken_commit = "2";
  for (const bool known : {false, true}) {
    SCOPED_TRACE(known);
    Fetch("2");
    EXPECT_EQ(pipeline.Lost({bundle}).size(), 1u);
    EXPECT_GT(Work(), 1);
    EXPECT_EQ(Memory(kShop1).bundle, bundle);
    EXPECT_EQ(Memory(kShop1).failed_revision, "2") << "the newest commit is as broken as before";
    EXPECT_FALSE(pipeline.targets().at(kShop1).lost);
    EXPECT_EQ(Work(), 0);
  }
  render_error = MakeError(Errc::kInvalidArgument, "nothing renders");
  EXPECT_EQ(pipeline.Lost({bundle}).size(), 1u);
  EXPECT_GT(Work(), 0);
  EXPECT_EQ(Work(), 0) << "no tight loop";
}

TEST_F(PipelineTest, ALostBundleWhoseTreeCannotBeReadIsTriedAgainWhenAnAgentAsks) {
  StandardFleet();
  const BundleDigest bundle = *Memory(kShop1).bundle;
  Fetch("2");
  ASSERT_EQ(pipeline.Lost({bundle}).size(), 1u);
  for (const char* commit : {"2", "1", "2"}) {
    const auto task = pipeline.NextTask(kRepo);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->commit.str(), commit);
    pipeline.OnTaskFailed(*task, Stage::kTree, MakeError(Errc::kLimit, "too many files"));
  }
  EXPECT_FALSE(pipeline.NextTask(kRepo)) << "no tight loop";
  content = "1";  // commit 2 touches another directory
  EXPECT_EQ(pipeline.Lost({bundle}), std::set<std::string>{"shop"});
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Memory(kShop1).bundle, bundle);
}

TEST_F(PipelineTest, ALostBundleOfAManualAppIsMadeFromTheCommitThatItHas) {
  Catalogue({catalog::ApplicationText("'path':'apps'"), ClusterText("c1")});
  Fetch("1");
  ASSERT_TRUE(pipeline.Sync("web", false).has_value());
  Work();
  Publish();
  Fetch("2");
  const BundleDigest bundle = *Memory(kWeb1).bundle;
  EXPECT_EQ(pipeline.Lost({bundle}), std::set<std::string>{"web"});
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Memory(kWeb1).bundle, bundle);
  EXPECT_EQ(Memory(kWeb1).revision, "1") << "nobody has synced commit 2";
  EXPECT_EQ(Work(), 0);
}

TEST_F(PipelineTest, AResultForOldInputsIsNotTaken) {
  StandardFleet();
  Fetch("2");
  auto task = pipeline.NextTask(kRepo);
  ASSERT_TRUE(task);
  const TreeIndex tree{{"apps/a.yaml", "2"}};
  const TaskPlan plan = pipeline.PlanTask(*task, tree);
  Catalogue(
      {AppText("shop", "'sync':{'prune':false}"), ClusterText("c1"), ClusterText("c2", "us")});
  pipeline.OnRendered(*task, plan, {Render(*plan.specs[0], tree)}, kNow);
  EXPECT_EQ(Memory(kShop1).revision, "1");
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Memory(kShop1).revision, "2");
  EXPECT_FALSE(Memory(kShop1).prune);
}

TEST_F(PipelineTest, ATargetThatLeftWhileItsTreeWasReadIsNotRendered) {
  StandardFleet();
  Fetch("2");
  auto task = pipeline.NextTask(kRepo);
  Catalogue({AppText("other"), ClusterText("c1"), ClusterText("c2", "us")});
  const TaskPlan plan = pipeline.PlanTask(*task, {{"apps/a.yaml", "2"}});
  EXPECT_TRUE(plan.plan.jobs.empty());
  pipeline.OnRendered(*task, plan, {}, kNow);
  EXPECT_FALSE(pipeline.targets().contains(kShop1));
}

TEST_F(PipelineTest, AnEnrolledClusterIsPublishedOnceSomethingIsRenderedForIt) {
  pipeline.Enroll(kShop1.second);
  EXPECT_TRUE(pipeline.Collect().contents.empty()) << "no order to run nothing";
  StandardFleet();
  pipeline.Enroll(kShop1.second);
  EXPECT_EQ(Publish(), "uuid-1:shop@1, ");
}

TEST_F(PipelineTest, NothingIsForgottenWhenAPublishFails) {
  Catalogue({AppText("shop"), ClusterText("c1")});
  Fetch("1");
  Work();
  EXPECT_EQ(pipeline.Collect().changed, pipeline.Collect().changed);
  EXPECT_FALSE(pipeline.Collect().empty());
  Fetch("2");
  Work();
  EXPECT_EQ(Publish(), "uuid-1:shop@2, ");
}

}  // namespace
}  // namespace dunlin::hub
