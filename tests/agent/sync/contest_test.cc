// Who changes our objects back again and again is not fought without limit.
#include "agent/sync/contest.h"

#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

const TimePoint kStart = *ParseTime("2026-11-24T12:00:00Z");

// Repaired so many times, the last one at `now`.
Contest Repaired(size_t times, TimePoint now) {
  Contest contest;
  for (size_t i = 0; i < times; ++i) {
    EXPECT_TRUE(contest.MayRepair(now));
    contest.Repaired(now);
  }
  return contest;
}

TEST(Contest, TheFirstRepairsAreImmediateAndTheNextOneWaits) {
  Contest below = Repaired(Contest::kFreeRepairs - 1, kStart);
  EXPECT_TRUE(below.MayRepair(kStart));
  Contest at = Repaired(Contest::kFreeRepairs, kStart);
  EXPECT_FALSE(at.contested());
  EXPECT_FALSE(at.MayRepair(kStart));
  EXPECT_TRUE(at.contested());
  EXPECT_TRUE(at.waiting());
  EXPECT_FALSE(at.MayRepair(kStart + Contest::kFirstPause - Millis(1)));
  EXPECT_TRUE(at.MayRepair(kStart + Contest::kFirstPause));
}

TEST(Contest, RepairsThatAreAsFarApartAsTheWindowAreNone) {
  Contest inside = Repaired(Contest::kFreeRepairs, kStart);
  EXPECT_FALSE(inside.MayRepair(kStart + Contest::kWindow - Millis(1)));
  Contest apart = Repaired(Contest::kFreeRepairs, kStart);
  EXPECT_TRUE(apart.MayRepair(kStart + Contest::kWindow));
  EXPECT_FALSE(apart.contested());
}

TEST(Contest, ThePausesDoubleUpToTheLongest) {
  Contest contest = Repaired(Contest::kFreeRepairs, kStart);
  TimePoint now = kStart;
  std::vector<int64_t> pauses;
  for (int i = 0; i < 11; ++i) {
    EXPECT_FALSE(contest.MayRepair(now));
    pauses.push_back((contest.Next() - now).count() / 1000);
    now = contest.Next();
    EXPECT_TRUE(contest.MayRepair(now));
    contest.Repaired(now);
  }
  EXPECT_EQ(pauses, (std::vector<int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}));
  EXPECT_EQ(contest.pause(), Contest::kLongestPause);
}

TEST(Contest, IsOverAfterAsLongAQuietAsThePauseAndAtLeastTheWindow) {
  Contest young = Repaired(1, kStart);
  EXPECT_FALSE(young.Over(kStart + Contest::kWindow - Millis(1)));
  EXPECT_TRUE(young.Over(kStart + Contest::kWindow));
  Contest old = Repaired(Contest::kFreeRepairs, kStart);
  TimePoint now = kStart;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(old.MayRepair(now));
    EXPECT_FALSE(old.Over(old.Next()));  // it waits
    now = old.Next();
    EXPECT_TRUE(old.MayRepair(now));
    old.Repaired(now);
  }
  EXPECT_FALSE(old.Over(now + Contest::kLongestPause - Millis(1)));
  EXPECT_TRUE(old.Over(now + Contest::kLongestPause));
}

class ContestedTest : public SyncTest {
 protected:
  void Fight(const std::string& name) {
    sim.cluster.Edit(ConfigMapKey(name), [](object::Value& object) {
      object.as_object()["data"].as_object()["key"] = "theirs";
    });
    sim.Settle();
  }
  // Somebody's loop, 40 times a second.
  void FightFor(Millis duration) {
    for (const TimePoint end = sim.now + duration; sim.now < end;) {
      Fight("config-0");
      sim.Run(Millis(25));
    }
  }
  // Events of notes since the last call.
  std::vector<std::string> NewNotes() {
    std::vector<std::string> events;
    for (const Note& note : std::exchange(sim.notes, {})) events.push_back(note.event);
    return events;
  }
  int64_t Count(const std::vector<std::string>& all, const std::string& one) {
    return std::count(all.begin(), all.end(), one);
  }
};

TEST_F(ContestedTest, ALoopThatPatchesOneObjectGetsFewRepairs) {
  Deploy({{"shop", Shop("web:1", 2)}});
  NewWrites();
  NewNotes();
  FightFor(Millis(15000));
  // At once: 4. After 1, 2, 4 s: 3; the next one is due 8 s after those.
  EXPECT_EQ(NewWrites().size(), 7u);
  EXPECT_EQ(Value("config-0"), "theirs");
  EXPECT_EQ(Codes("shop"), (std::vector<std::string>{"contested"}));
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  EXPECT_EQ(sim.Target("shop").warnings[0].object, ConfigMapKey("config-0").Text());
  EXPECT_NE(sim.Target("shop").warnings[0].message.find("set back 7 times"), std::string::npos);
  EXPECT_NE(sim.Target("shop").warnings[0].hint.find("sync.ignore"), std::string::npos);
  EXPECT_EQ(Count(NewNotes(), "contested"), 1);
}

TEST_F(ContestedTest, OthersOfTheAppAreSetBackAtOnce) {
  Deploy({{"shop", Shop("web:1", 2)}});
  FightFor(Millis(5000));
  Fight("config-1");
  EXPECT_EQ(Value("config-1"), "one");
  sim.cluster.Erase(ConfigMapKey("config-1"));
  sim.Settle();
  EXPECT_EQ(Value("config-1"), "one");
}

TEST_F(ContestedTest, ItIsSetBackWhenItsTimeHasComeAndForgottenAfterAQuietTime) {
  Deploy({{"shop", Shop("web:1", 1)}});
  FightFor(Millis(5000));
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  sim.Run(Millis(10000));
  EXPECT_EQ(Value("config-0"), "one");
  EXPECT_EQ(sim.State("shop"), "Synced");
  EXPECT_EQ(Codes("shop"), (std::vector<std::string>{"contested"}));
  NewNotes();
  sim.Run(Contest::kWindow);
  EXPECT_TRUE(Codes("shop").empty());
  EXPECT_EQ(NewNotes(), (std::vector<std::string>{"contest_over"}));
  NewWrites();
  Fight("config-0");
  EXPECT_EQ(NewWrites().size(), 1u);
}

TEST_F(ContestedTest, WhoIsMadeToGiveUpIsNotWaitedFor) {
  Deploy({{"shop", Shop("web:1", 1)}});
  FightFor(Millis(5000));
  NewWrites();
  sim.cluster.Edit(ConfigMapKey("config-0"), [](object::Value& object) {
    object.as_object()["data"].as_object()["key"] = "one";
  });
  sim.Settle();
  EXPECT_EQ(sim.State("shop"), "Synced");
  sim.Run(Contest::kLongestPause);
  EXPECT_TRUE(NewWrites().empty());
  EXPECT_TRUE(Codes("shop").empty());
}

TEST_F(ContestedTest, DeletingAgainAndAgainIsAFightToo) {
  Deploy({{"shop", Shop("web:1", 1)}});
  NewWrites();
  for (int i = 0; i < 20; ++i) {
    if (sim.cluster.Find(ConfigMapKey("config-0")) != nullptr) {
      sim.cluster.Erase(ConfigMapKey("config-0"));
    }
    sim.Run(Millis(10));
  }
  EXPECT_EQ(NewWrites().size(), Contest::kFreeRepairs);
  EXPECT_EQ(Codes("shop"), (std::vector<std::string>{"contested"}));
  sim.Run(Millis(2000));
  EXPECT_EQ(Value("config-0"), "one");
}

TEST_F(ContestedTest, ANewRevisionIsAppliedAtOnce) {
  FakeHub::App app = Shop("web:1", 1);
  Deploy({{"shop", app}});
  FightFor(Millis(15000));
  app.objects[2] = ConfigMapOf("config-0", "two");
  sim.hub.Publish({{"shop", app}}, sim.now);
  sim.Settle();
  EXPECT_EQ(Value("config-0"), "two");
  EXPECT_EQ(sim.State("shop"), "Synced");
}

TEST_F(ContestedTest, AStatementThatChangesAnotherAppBreaksNoPause) {
  const FakeHub::App app = Shop("web:1", 1);
  Deploy({{"shop", app}});
  FightFor(Millis(15000));
  NewWrites();
  FakeHub::App other;
  other.objects.push_back(ConfigMapOf("other", "one"));
  sim.hub.Publish({{"other", other}, {"shop", app}}, sim.now);
  sim.Settle();
  const std::vector<Request> writes = NewWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].key.name, "other");
  EXPECT_EQ(Value("config-0"), "theirs");
  EXPECT_EQ(sim.State("shop"), "OutOfSync");
  sim.Run(Millis(10000));
  EXPECT_EQ(Value("config-0"), "one");
  EXPECT_EQ(sim.State("shop"), "Synced");
}

}  // namespace
}  // namespace dunlin::sync
