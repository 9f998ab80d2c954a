// What the agent says in its log: what begins, changes or ends, once.
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

FakeHub::App Maps(int count) {
  FakeHub::App app;
  for (int i = 0; i < count; ++i) {
    app.objects.push_back(ConfigMapOf("m" + std::to_string(i), "one"));
  }
  return app;
}

class NotesTest : public SyncTest {
 protected:
  // Of the notes since the last call: "event field=value …", without hints.
  std::vector<std::string> News() {
    std::vector<std::string> lines;
    for (const Note& note : std::exchange(sim.notes, {})) {
      std::string line = note.event;
      for (const LogField& field : note.fields) {
        if (field.key != "hint" && field.key != "revision") {
          line += " " + field.key + "=" + field.value;
        }
      }
      lines.push_back(line);
    }
    return lines;
  }
  using Lines = std::vector<std::string>;
};

TEST_F(NotesTest, AnIdleAgentSaysNothing) {
  Deploy({{"shop", Shop("web:1", 2)}});
  News();
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_EQ(News(), Lines{});
}

TEST_F(NotesTest, ARunThatDidSomethingIsOneLine) {
  FakeHub::App app = Shop("web:1", 2);
  Deploy({{"shop", app}});
  EXPECT_EQ(News(),
            Lines{"app_run_ended app=shop created=4 configured=0 pruned=0 released=0 failed=0"});
  app.objects[1] = DeploymentOf("web", "web:2");
  app.objects.pop_back();
  Deploy({{"shop", app}});
  EXPECT_EQ(News(), Lines{"app_run_ended app=shop created=0 configured=1 pruned=1 released=0 "
                          "failed=0 pruned_first=" +
                          ConfigMapKey("config-1").Text()});
  Deploy({{"shop", app}});
  sim.Boot();
  sim.Run(Millis(2000));
  EXPECT_EQ(News(), Lines{});
}

TEST_F(NotesTest, OfWhatWasPrunedTheFirstAreNamed) {
  Deploy({{"shop", Maps(10)}});
  News();
  Deploy({{"shop", Maps(10 - static_cast<int>(AppRun::Untold::kNames) - 1)}});
  const Lines lines = News();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("pruned=6"), std::string::npos) << lines[0];
  EXPECT_EQ(std::count(lines[0].begin(), lines[0].end(), ','), 4) << lines[0];
}

TEST_F(NotesTest, APruneThatIsHeldBackIsSaidOnceAndWhenItIsOver) {
  Deploy({{"shop", Maps(40)}});
  News();
  FakeHub::App few = Maps(2);
  Deploy({{"shop", few}});
  Lines lines = News();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("prune_held app=shop reason=")) << lines[0];
  Deploy({{"shop", few}});
  EXPECT_EQ(News(), Lines{});
  few.allow_mass_prune = true;
  Deploy({{"shop", few}});
  lines = News();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("app_run_ended app=shop created=0 configured=0 pruned=38"));
  EXPECT_EQ(lines[1], "prune_held_over app=shop");
}

TEST_F(NotesTest, AFailureIsSaidWhenItBeginsAndWhenItIsOver) {
  sim.cluster.fault = [](const Request& request) -> std::optional<ApiFailure> {
    if (request.key.name != "m1") return std::nullopt;
    return Refusal(422, "Invalid", "no such field");
  };
  Deploy({{"shop", Maps(2)}});
  EXPECT_EQ(News(), Lines{"app_run_ended app=shop created=1 configured=0 pruned=0 released=0 "
                          "failed=1 error=" +
                          ConfigMapKey("m1").Text() + ": no such field"});
  sim.Run(Millis(10 * 60 * 1000));
  EXPECT_EQ(News(), Lines{});
  sim.cluster.fault = nullptr;
  sim.Run(Millis(2 * 60 * 1000));
  EXPECT_EQ(News(),
            Lines{"app_run_ended app=shop created=1 configured=0 pruned=0 released=0 failed=0"});
}

TEST_F(NotesTest, AHubThatIsAwayIsOneLineAndOneWhenItIsBack) {
  Deploy({{"shop", Shop("web:1", 1)}});
  News();
  sim.hub_away = true;
  sim.Run(Millis(60000));
  EXPECT_EQ(News(), Lines{"problem problem=hub_unreachable message=no answer from the hub: "
                          "connection refused"});
  sim.hub_away = false;
  sim.Run(Millis(120000));
  EXPECT_EQ(News(), Lines{"problem_over problem=hub_unreachable"});
}

TEST_F(NotesTest, AnotherClusterIsSaid) {
  Deploy({{"shop", Shop("web:1", 1)}});
  News();
  sim.cluster.kube_uid = "kube-2";
  sim.Boot();
  sim.Run(Millis(120000));
  const Lines lines = News();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("problem problem=other_cluster ")) << lines[0];
  sim.cluster.kube_uid = "kube-1";
  sim.Run(Millis(120000));
  EXPECT_EQ(News(), Lines{"problem_over problem=other_cluster"});
}

}  // namespace
}  // namespace dunlin::sync
