// A hub on an older copy of its database: nothing is published for a cluster that runs something
// newer before everything was looked at again, and what is published then prunes no unknown app.
#include "tests/hub/pipeline/pipeline_fixture.h"

namespace dunlin::hub {
namespace {

constexpr const char* kFleet = "git.example/fleet";
const ClusterId kC1("uuid-1");
const ClusterId kC2("uuid-2");

class RecoveryTest : public PipelineTest {
 protected:
  RecoveryTest() {
    Catalogue({AppText("shop"), ClusterText("c1"), ClusterText("c2", "us")});
    LookAt("1");
    Work();
    Publish();
    (void)pipeline.TakeTriggers();
  }

  void ReadFleet() {
    pipeline.LookBegins(kFleet);
    pipeline.CatalogueRead(kFleet);
  }
  void LookAt(const std::string& commit) {
    pipeline.LookBegins(kRepo);
    Fetch(commit);
  }
  Publication Publish() {
    Publication publication = pipeline.Collect();
    pipeline.Published(publication, kNow);
    return publication;
  }
  std::string WaitsFor(const ClusterId& cluster) { return pipeline.Recovering().at(cluster); }
};

TEST_F(RecoveryTest, EverythingIsLookedAtFirstThenItIsPublishedAsRestored) {
  EXPECT_TRUE(pipeline.Recover(kC1, kFleet));
  EXPECT_FALSE(pipeline.Recover(kC1, kFleet)) << "known already";
  EXPECT_EQ(pipeline.TakeTriggers(), (std::set<std::string>{kFleet, kRepo}));
  EXPECT_TRUE(pipeline.Collect().empty());
  EXPECT_NE(WaitsFor(kC1).find("fleet repository"), std::string::npos);
  ReadFleet();
  EXPECT_TRUE(pipeline.Collect().empty());
  EXPECT_NE(WaitsFor(kC1).find("HEAD of https://git.example/shop"), std::string::npos)
      << WaitsFor(kC1);
  LookAt("1");
  const Publication publication = Publish();
  EXPECT_EQ(publication.contents.size(), 1u) << "the other cluster has what it shall have";
  EXPECT_EQ(publication.contents.at(kC1).size(), 1u);
  EXPECT_EQ(publication.restored, std::set<ClusterId>{kC1});
  EXPECT_EQ(WaitsFor(kC1), "");
  EXPECT_TRUE(pipeline.Collect().empty()) << "once";
}

TEST_F(RecoveryTest, ALookThatHadBegunBeforeIsNotEnough) {
  pipeline.LookBegins(kFleet);
  pipeline.LookBegins(kRepo);
  pipeline.Recover(kC1, kFleet);
  Fetch("1");
  pipeline.CatalogueRead(kFleet);
  EXPECT_TRUE(pipeline.Collect().empty());
  ReadFleet();
  LookAt("1");
  EXPECT_FALSE(pipeline.Collect().empty());
}

TEST_F(RecoveryTest, ANewerCommitIsRenderedBeforeAnythingIsPublished) {
  pipeline.Recover(kC1, "");
  LookAt("2");
  const Publication other = Publish();
  EXPECT_TRUE(other.empty());
  EXPECT_NE(WaitsFor(kC1).find("rendered"), std::string::npos);
  Work();
  const Publication publication = Publish();
  EXPECT_EQ(publication.contents.at(kC1).at(AppName("shop")).revision.str(), "2");
  EXPECT_EQ(publication.contents.at(kC2).at(AppName("shop")).revision.str(), "2");
  EXPECT_EQ(publication.restored, std::set<ClusterId>{kC1}) << "as far as is known";
}

TEST_F(RecoveryTest, GitAwayOrARenderThatFailsPublishesNothingForTheClusterAndLosesNothing) {
  pipeline.Recover(kC1, "");
  pipeline.LookBegins(kRepo);
  pipeline.OnFetchFailed(kRepo, MakeError(Errc::kUnavailable, "no route"));
  EXPECT_TRUE(pipeline.Collect().empty());
  LookAt("2");
  render_error = MakeError(Errc::kInvalidArgument, "apps/a.yaml:3: not YAML");
  Work();
  EXPECT_FALSE(Publish().contents.contains(kC1));
  EXPECT_NE(WaitsFor(kC1).find("not YAML"), std::string::npos);
  render_error.reset();
  LookAt("3");
  Work();
  const Publication publication = Publish();
  EXPECT_EQ(publication.contents.at(kC1).at(AppName("shop")).revision.str(), "3");
  // The rows that were held back come with the statement.
  EXPECT_NE(
      std::find(publication.changed.begin(), publication.changed.end(), TargetKey("shop", kC1)),
      publication.changed.end());
}

TEST_F(RecoveryTest, EveryStatementIsRestoredUntilTheAgentHasTakenOne) {
  pipeline.Recover(kC1, "");
  LookAt("1");
  EXPECT_EQ(Publish().restored, std::set<ClusterId>{kC1});
  LookAt("2");
  Work();
  EXPECT_EQ(Publish().restored, std::set<ClusterId>{kC1});
  EXPECT_TRUE(pipeline.Recovered(kC1));
  EXPECT_FALSE(pipeline.Recovered(kC1));
  EXPECT_TRUE(pipeline.Recovering().empty());
  LookAt("3");
  Work();
  EXPECT_TRUE(Publish().restored.empty());
}

TEST_F(RecoveryTest, AnAppThatIsHeldWaitsForAPerson) {
  const TargetMemory& memory = pipeline.targets().at({"shop", kC1}).memory;
  ASSERT_TRUE(pipeline.Rollback("shop", {{kC1, {*memory.bundle, memory.raw_bytes, 1, "1"}}}, "1"));
  Publish();
  pipeline.Recover(kC1, "");
  LookAt("1");
  Work();
  EXPECT_TRUE(pipeline.Collect().empty());
  EXPECT_NE(WaitsFor(kC1).find("dunlin app sync shop"), std::string::npos);
  ASSERT_TRUE(pipeline.Sync("shop", false));
  Work();
  EXPECT_TRUE(pipeline.Collect().restored.contains(kC1));
}

TEST_F(RecoveryTest, AClusterThatTheCopyKnowsNoAppOfKeepsWhatItHas) {
  Catalogue(
      {AppText("shop", "'clusters':{'names':['c2']}"), ClusterText("c1"), ClusterText("c2", "us")});
  Work();
  pipeline.Recover(kC1, "");
  EXPECT_FALSE(Publish().contents.contains(kC1));
  EXPECT_NE(WaitsFor(kC1).find("an app"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::hub
