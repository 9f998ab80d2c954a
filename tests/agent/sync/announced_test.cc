// Documents that were sent and never confirmed, because the agent was killed: their fields and
// objects are ours, and a later state removes them.
#include <algorithm>

#include "protocol/base/limits.h"
#include "tests/agent/sync/sync_test.h"

namespace dunlin::sync {
namespace {

object::Value WithField(const std::string& name, const std::string& field) {
  object::Value map = ConfigMapOf(name, "one");
  if (!field.empty()) map.as_object()["data"].as_object()[field] = "x";
  return map;
}

// One namespace and three config maps with another field in each revision.
FakeHub::App Revision(const std::string& field, bool extra_object) {
  FakeHub::App app;
  app.objects.push_back(NamespaceOf("shop"));
  for (int i = 0; i < 3; ++i) {
    app.objects.push_back(WithField("config-" + std::to_string(i), field));
  }
  if (extra_object) app.objects.push_back(WithField("extra-" + field, field));
  return app;
}

class Killed : public Scenario {
 public:
  // False when the run was over before.
  bool After(const std::map<std::string, FakeHub::App>& apps, int steps) {
    Publish(apps);
    bool more = true;
    for (int i = 0; i < steps && more; ++i) more = sim.Next();
    sim.Boot();
    return more;
  }
  // Exactly the objects of Revision("", false), and a record for each.
  void ExpectPlain() {
    EXPECT_EQ(sim.State("shop"), "Synced") << testing::PrintToString(Codes("shop"));
    EXPECT_EQ(sim.cluster.objects().size(), 4u);
    for (const auto& [key, live] : sim.cluster.objects()) {
      if (key.kind != "ConfigMap") continue;
      EXPECT_TRUE(object::Equal(*object::Find(live, {"data"}), Json(R"({"key":"one"})")))
          << key.Text();
    }
    EXPECT_EQ(sim.disk.records.size(), 4u);
  }
};

TEST(Announced, OneKillLeavesNoFieldAndNoObjectThatLaterStatesLack) {
  bool more = true;
  for (int steps = 0; more; ++steps) {
    SCOPED_TRACE("killed after " + std::to_string(steps) + " events");
    Killed run;
    run.Deploy({{"shop", Revision("", false)}});
    more = run.After({{"shop", Revision("second", true)}}, steps);
    run.Publish({{"shop", Revision("", false)}});
    run.sim.Run(Millis(5000));
    run.ExpectPlain();
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(Announced, SeveralKillsInARowLeaveNothingEither) {
  for (int first = 0; first < 24; first += 3) {
    for (int second = 0; second < 24; ++second) {
      SCOPED_TRACE("killed after " + std::to_string(first) + ", then " + std::to_string(second));
      Killed run;
      run.Deploy({{"shop", Revision("", false)}});
      run.After({{"shop", Revision("second", true)}}, first);
      run.After({{"shop", Revision("third", true)}}, second);
      run.After({{"shop", Revision("fourth", true)}}, second / 2);
      run.Publish({{"shop", Revision("", false)}});
      run.sim.Run(Millis(5000));
      run.ExpectPlain();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(Announced, AnObjectThatMovesToAnotherAppAfterAKillLosesTheFieldToo) {
  bool more = true;
  for (int steps = 0; more; ++steps) {
    SCOPED_TRACE("killed after " + std::to_string(steps) + " events");
    Killed run;
    FakeHub::App other;
    other.objects.push_back(ConfigMapOf("other", "one"));
    run.Deploy({{"shop", Revision("", false)}, {"z", other}});
    more = run.After({{"shop", Revision("second", false)}, {"z", other}}, steps);
    FakeHub::App less = Revision("", false);
    other.objects.push_back(less.objects.back());
    less.objects.pop_back();
    run.Publish({{"shop", less}, {"z", other}});
    run.sim.Run(Millis(5000));
    EXPECT_EQ(run.sim.State("z"), "Synced") << testing::PrintToString(run.Codes("z"));
    EXPECT_EQ(run.Live(ConfigMapKey("config-2"), {"data", "second"}), "");
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(Announced, AnAppThatIsGoneAfterAKillLeavesNothing) {
  bool more = true;
  for (int steps = 0; more; ++steps) {
    SCOPED_TRACE("killed after " + std::to_string(steps) + " events");
    Killed run;
    FakeHub::App added;
    for (int i = 0; i < 3; ++i) added.objects.push_back(ConfigMapOf("a" + std::to_string(i), "x"));
    run.Deploy({{"shop", Revision("", false)}});
    more = run.After({{"shop", Revision("", false)}, {"z", added}}, steps);
    run.Publish({{"shop", Revision("", false)}});
    run.sim.Run(Millis(5000));
    run.ExpectPlain();
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

class AnnouncedTest : public SyncTest {};

TEST_F(AnnouncedTest, ARunThatEndsWellSettlesItsAnnouncement) {
  Deploy({{"shop", Revision("", false)}});
  EXPECT_TRUE(sim.machine().world().inventory.announced().empty());
  Publish({{"shop", Revision("second", false)}});
  sim.hold_answers = true;
  sim.Settle();
  EXPECT_EQ(sim.machine().world().inventory.announced().size(), 1u);
  sim.hold_answers = false;
  sim.ReleaseAnswers();
  sim.Run(Millis(2000));
  EXPECT_TRUE(sim.machine().world().inventory.announced().empty());
}

TEST_F(AnnouncedTest, AChangeOfKnownObjectsCostsOneTransactionAsBefore) {
  Deploy({{"shop", Revision("", false)}});
  const int64_t before = sim.records_stored;
  sim.hold_answers = true;
  Publish({{"shop", Revision("second", false)}});
  sim.Settle();
  EXPECT_EQ(sim.records_stored, before) << "nothing is written ahead but the intent";
}

// Somebody's own field stays, whatever was announced: its name is in no document of ours.
TEST_F(AnnouncedTest, FieldsOfOthersStay) {
  Deploy({{"shop", Revision("", false)}});
  sim.cluster.Edit(ConfigMapKey("config-0"),
                   [](object::Value& map) { map.as_object()["data"].as_object()["theirs"] = "x"; });
  Publish({{"shop", Revision("second", false)}});
  for (int i = 0; i < 4; ++i) sim.Next();
  sim.Boot();
  Publish({{"shop", Revision("", false)}});
  sim.Run(Millis(5000));
  EXPECT_EQ(Live(ConfigMapKey("config-0"), {"data", "theirs"}), "x");
}

// The other app wants the object, too, and is refused: none of its documents was ever sent.
TEST_F(AnnouncedTest, WhatAnAppWithoutTheObjectAnnouncedIsNoOriginal) {
  const auto with = [](const std::string& field) {
    FakeHub::App app;
    app.objects.push_back(WithField("config-0", field));
    return app;
  };
  Deploy({{"shop", Revision("", false)}});
  sim.cluster.Edit(ConfigMapKey("config-0"),
                   [](object::Value& map) { map.as_object()["data"].as_object()["theirs"] = "x"; });
  Deploy({{"shop", Revision("", false)}, {"x", with("theirs")}});
  const std::vector<std::string> codes = Codes("x");
  ASSERT_EQ(std::count(codes.begin(), codes.end(), "ownership_conflict"), 1);
  Deploy({{"shop", Revision("", false)}, {"x", with("other")}});
  Deploy({{"shop", Revision("second", false)}, {"x", with("other")}});
  EXPECT_EQ(Live(ConfigMapKey("config-0"), {"data", "second"}), "x");
  EXPECT_EQ(Live(ConfigMapKey("config-0"), {"data", "theirs"}), "x");
}

TEST(InventoryAnnounced, TheNewestOfAnAppAreKeptAndAFailedStoreForgetsNoSettlement) {
  InventoryStore inventory;
  for (int64_t seq = 1; seq <= limits::kAnnouncedBundlesPerApp + 2; ++seq) {
    inventory.Announced({{"a", seq, BundleDigest{}}});
  }
  inventory.Announced({{"b", 1, BundleDigest{}}});
  ASSERT_EQ(inventory.announced().size(), limits::kAnnouncedBundlesPerApp + 1u);
  EXPECT_EQ(inventory.announced().front().seq, 3);
  inventory.Settle("a", 5);
  EXPECT_EQ(inventory.announced().front().seq, 6);
  EXPECT_EQ(inventory.TakeDirty().settled, (std::map<std::string, int64_t>{{"a", 5}}));
  inventory.StoreFailed();
  EXPECT_EQ(inventory.TakeDirty().settled, (std::map<std::string, int64_t>{{"a", 5}}));
  inventory.Stored();
  EXPECT_TRUE(inventory.TakeDirty().settled.empty());
}

}  // namespace
}  // namespace dunlin::sync
