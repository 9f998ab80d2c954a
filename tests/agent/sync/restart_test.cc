// A kill at every point of a run: the next process gets there, and nothing is written twice.
#include <algorithm>

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

using RestartTest = SyncTest;

class KilledRun : public Scenario {
 public:
  // Drives from a synced first state to a second one, killed after `steps` events. False when the
  // run was over before.
  bool KilledAfter(int steps) {
    Deploy({{"shop", Shop("web:1", 4)}});
    sim.delay_watch = true;
    NewWrites();
    FakeHub::App second = Shop("web:2", 3);
    second.objects.push_back(ConfigMapOf("new", "one"));
    second.objects[2] = ConfigMapOf("config-0", "two");
    Publish({{"shop", second}});
    bool more = true;
    for (int i = 0; i < steps && more; ++i) more = sim.Next();
    sim.Boot();
    sim.Run(Millis(5000));
    return more;
  }
};

TEST_F(RestartTest, EveryKillConvergesAndNoObjectIsWrittenTwice) {
  int steps = 0;
  bool more = true;
  while (more) {
    KilledRun run;
    more = run.KilledAfter(steps++);
    SCOPED_TRACE("killed after " + std::to_string(steps - 1) + " events");
    EXPECT_EQ(run.sim.State("shop"), "Synced") << testing::PrintToString(run.Codes("shop"));
    EXPECT_EQ(run.Image("web"), "web:2");
    EXPECT_EQ(run.Value("config-0"), "two");
    EXPECT_EQ(run.Value("config-3"), "missing");
    EXPECT_EQ(run.Value("new"), "one");
    std::map<object::ResourceKey, int> times;
    for (const Request& write : run.NewWrites()) ++times[write.key];
    for (const auto& [key, count] : times) EXPECT_EQ(count, 1) << key.Text();
    EXPECT_EQ(run.sim.disk.records.size(), 6u);
    EXPECT_EQ(run.sim.disk.trusted.seq, run.sim.hub.seq());
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(steps, 10);
}

TEST_F(RestartTest, AKillInTheFirstRunNeverOrphansAnObject) {
  for (int steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE("killed after " + std::to_string(steps) + " events");
    Scenario run;
    run.Publish({{"shop", Shop("web:1", 3)}});
    run.sim.Boot();
    for (int i = 0; i < steps && run.sim.Next(); ++i) {
      // Whatever exists is recorded on disk.
      for (const auto& [key, object] : run.sim.cluster.objects()) {
        const bool recorded =
            std::any_of(run.sim.disk.records.begin(), run.sim.disk.records.end(),
                        [&, k = key](const Record& record) { return record.key == k; });
        EXPECT_TRUE(recorded) << key.Text();
      }
    }
    run.sim.Boot();
    run.sim.Run(Millis(5000));
    EXPECT_EQ(run.sim.State("shop"), "Synced") << testing::PrintToString(run.Codes("shop"));
    EXPECT_EQ(run.sim.cluster.objects().size(), 5u);
    // And everything of it can still be removed.
    FakeHub::App none = Shop("web:1", 0);
    none.objects.resize(1);
    none.allow_mass_prune = true;
    run.Deploy({{"shop", none}});
    EXPECT_EQ(run.sim.cluster.objects().size(), 1u);
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(RestartTest, ANewerStatementReplacesARunningOne) {
  Deploy({{"shop", Shop("web:1", 40)}});
  NewWrites();
  FakeHub::App second = Shop("web:2", 40);
  FakeHub::App third = Shop("web:3", 40);
  for (int i = 0; i < 40; ++i) {
    second.objects[static_cast<size_t>(i) + 2] = ConfigMapOf("config-" + std::to_string(i), "two");
  }
  sim.hold_answers = true;
  Publish({{"shop", second}});
  sim.Settle();
  EXPECT_EQ(sim.machine().apps().in_flight(), 16u);
  Publish({{"shop", third}});
  sim.Settle();
  sim.hold_answers = false;
  sim.ReleaseAnswers();
  sim.Run(Millis(5000));
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_EQ(Image("web"), "web:3");
  for (int i = 0; i < 40; ++i) EXPECT_EQ(Value("config-" + std::to_string(i)), "one");
  // The 16 of the old run, set back, and the image: nothing else was begun.
  EXPECT_EQ(NewWrites().size(), 33u);
  EXPECT_EQ(sim.Target("shop").seq, sim.hub.seq());
}

}  // namespace
}  // namespace dunlin::sync
