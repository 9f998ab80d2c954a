// Rollbacks: what holds an app, and what ends that.
#include "tests/hub/pipeline/pipeline_fixture.h"

namespace dunlin::hub {
namespace {

class HoldTest : public PipelineTest {
 protected:
  // The app runs commit 2 and was rolled back to 1 on both clusters.
  void RolledBack() {
    StandardFleet();
    old = OldBundle{*Memory(kShop1).bundle, Memory(kShop1).raw_bytes, 1, "1"};
    Fetch("2");
    Work();
    Publish();
    newest = *Memory(kShop1).bundle;
    const std::map<ClusterId, OldBundle> bundles = {{kShop1.second, old}, {kShop2.second, old}};
    ASSERT_TRUE(pipeline.Rollback("shop", bundles, "1").has_value());
    EXPECT_EQ(pipeline.Collect().history.at("shop"), "rollback");
    EXPECT_EQ(Publish(), "uuid-1:shop@1, uuid-2:shop@1, ");
  }

  // One cluster runs commit 1; a second one joins with commit 2, so that no entry of 1 has it.
  void JoinAfterTheEntry() {
    Catalogue({AppText("shop"), ClusterText("c1")});
    Fetch("1");
    Work();
    old = OldBundle{*Memory(kShop1).bundle, Memory(kShop1).raw_bytes, 1, "1"};
    Catalogue({AppText("shop"), ClusterText("c1"), ClusterText("c2", "us")});
    Fetch("2");
    Work();
    newest = *Memory(kShop2).bundle;
  }

  void Restart(const Pipeline::Pin& pin = {"1", {kShop1.second, kShop2.second}}) {
    std::map<TargetKey, TargetMemory> rows;
    for (const auto& [key, target] : pipeline.targets()) rows[key] = target.memory;
    pipeline = Pipeline{Pipeline::Config{}};
    pipeline.Restore(std::move(rows), {{"shop", pin}});
    pipeline.RestoreRef(kRepo, "HEAD", RevisionId("2"));
    pipeline.SetCatalogue(catalogue, kIds);
  }

  OldBundle old;
  BundleDigest newest;
};

TEST_F(HoldTest, CommitsThatLeaveTheAppAsItIsDoNotEndARollback) {
  RolledBack();
  Fetch("2");
  EXPECT_EQ(Work(), 0) << "the commit it was rolled back from";
  EXPECT_EQ(pipeline.targets().at(kShop1).pending, "2");
  content = "2";  // commits 3 and 4 touch other directories
  for (const char* commit : {"3", "4"}) {
    Fetch(commit);
    Work();
    EXPECT_TRUE(pipeline.Pinned("shop"));
    EXPECT_EQ(Memory(kShop1).bundle, old.bundle);
    EXPECT_EQ(Memory(kShop1).revision, "1");
    EXPECT_EQ(Publish(), "") << "nothing for the clusters";
  }
}

TEST_F(HoldTest, ACommitThatChangesTheAppEndsARollback) {
  RolledBack();
  Fetch("3");
  EXPECT_EQ(Work(), 1);
  EXPECT_FALSE(pipeline.Pinned("shop"));
  EXPECT_EQ(Memory(kShop1).held_back, std::nullopt);
  EXPECT_EQ(Publish(), "uuid-1:shop@3, uuid-2:shop@3, ");
}

TEST_F(HoldTest, TheOldContentInGitIsAChangeToo) {
  RolledBack();
  content = "1";  // git revert
  Fetch("3");
  Work();
  EXPECT_FALSE(pipeline.Pinned("shop"));
  EXPECT_EQ(Memory(kShop1).bundle, old.bundle);
  EXPECT_EQ(Memory(kShop1).revision, "3");
}

TEST_F(HoldTest, AnEditedAppEndsItAndOneTargetEndsItForAll) {
  RolledBack();
  Catalogue({AppText("shop", "", "other"), ClusterText("c1"), ClusterText("c2", "us")});
  content = "2";
  Fetch("2");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop")) << "another path with the same content is the same app";
  Catalogue(
      {AppText("shop", "'sync':{'prune':false}"), ClusterText("c1"), ClusterText("c2", "us")});
  Work();
  EXPECT_FALSE(pipeline.Pinned("shop"));
  EXPECT_EQ(Publish(), "uuid-1:shop@2, uuid-2:shop@2, ");
}

TEST_F(HoldTest, ACommitThatCannotBeRenderedEndsNothingAndIsSaid) {
  RolledBack();
  render_error = MakeError(Errc::kInvalidArgument, "apps/a.yaml:3: not YAML");
  Fetch("3");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop"));
  EXPECT_EQ(Memory(kShop1).bundle, old.bundle);
  EXPECT_EQ(Memory(kShop1).problem.message, "apps/a.yaml:3: not YAML");
}

TEST_F(HoldTest, SyncEndsARollback) {
  RolledBack();
  (void)pipeline.TakeTriggers();
  ASSERT_TRUE(pipeline.Sync("shop", false).has_value());
  EXPECT_EQ(pipeline.TakeTriggers(), std::set<std::string>{kRepo});
  Work();
  EXPECT_EQ(Publish(), "uuid-1:shop@2, uuid-2:shop@2, ");
  EXPECT_FALSE(pipeline.Sync("nothing", false).has_value());
}

TEST_F(HoldTest, ARestartKeepsTheRollbackAndWhatItWentAwayFrom) {
  RolledBack();
  Restart();
  content = "2";
  Fetch("3");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop"));
  EXPECT_EQ(Memory(kShop1).held_back->bundle, newest);
  Restart();
  content.clear();
  Fetch("4");
  Work();
  EXPECT_FALSE(pipeline.Pinned("shop"));
}

TEST_F(HoldTest, ASecondRollbackStillKnowsWhatGitSays) {
  RolledBack();
  ASSERT_TRUE(pipeline.Rollback("shop", {{kShop1.second, old}, {kShop2.second, old}}, "1"));
  content = "2";
  Fetch("3");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop"));
}

TEST_F(HoldTest, AnUpgradedClusterDoesNotEndTheRollbackOfAChart) {
  uses_facts = true;
  const auto upgrade = [&](const char* version) {
    for (const auto& key : {kShop1, kShop2}) {
      pipeline.SetFacts(key.second, {"0.1.0", version, {}});
    }
  };
  upgrade("v1.36.0");
  RolledBack();
  upgrade("v1.37.0");
  content = "for 1.37";
  Fetch("2");
  EXPECT_EQ(Work(), 1);
  EXPECT_TRUE(pipeline.Pinned("shop")) << "the same commit";
  Restart();
  content = "for a guess";
  Fetch("3");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop")) << "no agent has said yet what its cluster is";
  content = "for 1.37";
  upgrade("v1.37.0");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop"));
  content = "news";
  Fetch("4");
  Work();
  EXPECT_FALSE(pipeline.Pinned("shop"));
}

TEST_F(HoldTest, AClusterThatJoinsGetsTheEntryThatTheAppIsHeldAt) {
  Catalogue({AppText("shop"), ClusterText("c1")});
  Fetch("1");
  Work();
  Publish();
  old = OldBundle{*Memory(kShop1).bundle, Memory(kShop1).raw_bytes, 1, "1"};
  Fetch("2");
  Work();
  Publish();
  ASSERT_TRUE(pipeline.Rollback("shop", {{kShop1.second, old}}, "1").has_value());
  Publish();
  Catalogue({AppText("shop"), ClusterText("c1"), ClusterText("c2", "us")});
  Work();
  EXPECT_EQ(Memory(kShop2).bundle, old.bundle);
  EXPECT_EQ(Memory(kShop2).revision, "1");
  EXPECT_EQ(pipeline.Collect().history.at("shop"), "rollback");
  EXPECT_EQ(Publish(), "uuid-2:shop@1, ");
  EXPECT_TRUE(pipeline.Pinned("shop"));
  content = "2";
  Fetch("3");
  Work();
  EXPECT_TRUE(pipeline.Pinned("shop"));
  EXPECT_EQ(Memory(kShop2).bundle, old.bundle);
}

TEST_F(HoldTest, AClusterThatJoinedAfterTheEntryGoesBackWithTheOthers) {
  JoinAfterTheEntry();
  Publish();
  ASSERT_TRUE(pipeline.Rollback("shop", {{kShop1.second, old}}, "1").has_value());
  Work();
  EXPECT_EQ(Memory(kShop2).bundle, old.bundle);
  EXPECT_TRUE(pipeline.Pinned("shop"));
}

TEST_F(HoldTest, ARestartSendsAClusterOutsideOfTheEntryBackTooAndKeepsItsProblem) {
  JoinAfterTheEntry();
  Publish();
  ASSERT_TRUE(pipeline.Rollback("shop", {{kShop1.second, old}}, "1").has_value());
  EXPECT_EQ(pipeline.Collect().changed.size(), 2u) << "what it went away from is stored";
  Publish();
  const Pipeline::Pin pin{"1", {kShop1.second}};
  broken_commit = "1";
  for (const bool tried : {false, true}) {
    SCOPED_TRACE(tried);
    Restart(pin);
    EXPECT_TRUE(pipeline.Collect().changed.empty()) << "nothing new is known";
    Work();
    EXPECT_EQ(Memory(kShop2).bundle, newest);
    EXPECT_NE(Memory(kShop2).problem.message, "");
    Publish();
  }
  broken_commit.clear();
  Restart(pin);
  Work();
  EXPECT_EQ(Memory(kShop2).bundle, old.bundle);
  EXPECT_EQ(Publish(), "uuid-2:shop@1, ");
  EXPECT_TRUE(pipeline.Pinned("shop"));
  Restart(pin);
  Work();
  EXPECT_EQ(Publish(), "") << "it is there";
  EXPECT_TRUE(pipeline.Pinned("shop"));
}

TEST_F(HoldTest, ALostBundleIsNoTightLoopWhenTheEntryCannotBeRendered) {
  JoinAfterTheEntry();
  ASSERT_TRUE(pipeline.Rollback("shop", {{kShop1.second, old}}, "1").has_value());
  ASSERT_EQ(pipeline.Lost({newest}).size(), 1u);
  render_error = MakeError(Errc::kInvalidArgument, "nothing renders");
  Work();
  EXPECT_FALSE(pipeline.targets().at(kShop2).lost);
}

TEST_F(HoldTest, ACommitThatIsGoneIsTheProblemOfAClusterThatJoins) {
  RolledBack();
  Restart({});  // the entry is not kept any more
  Catalogue({AppText("shop"), AppText("other"), ClusterText("c1"), ClusterText("c2", "us"),
             ClusterText("c3", "us")});
  Work();
  const TargetKey joined = {"shop", kIds.at("c3")};
  EXPECT_NE(Memory(joined).problem.message.find("rolled back"), std::string::npos);
  EXPECT_NE(Memory(joined).problem.hint.find("dunlin app sync shop"), std::string::npos);
}

TEST_F(HoldTest, ALostBundleOfAHeldAppIsMadeFromTheCommitOfTheEntry) {
  RolledBack();
  EXPECT_EQ(pipeline.Lost({old.bundle}), std::set<std::string>{"shop"});
  Work();
  EXPECT_EQ(Memory(kShop1).bundle, old.bundle);
  EXPECT_EQ(Publish(), "");
  EXPECT_TRUE(pipeline.Pinned("shop"));
  EXPECT_EQ(Work(), 0);
}

}  // namespace
}  // namespace dunlin::hub
