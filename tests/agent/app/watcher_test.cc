#include "agent/app/watcher.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/fake_kube.h"

namespace dunlin::app {
namespace {

const plan::GroupKind kConfigMaps{"", "ConfigMap"};

class ManualClock : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(monotonic); }
  Millis Monotonic() const override { return monotonic; }
  Millis monotonic{1000000};
};

class ZeroRandom : public Random {
 public:
  Bytes Fill(size_t n) override { return Bytes(n, '\0'); }
};

class WatcherTest : public testing::Test {
 protected:
  WatcherTest() : kube_(io_.get_executor(), cluster_) {
    cluster_.Put(ConfigMap("a"));
    cluster_.Open(kConfigMaps);
  }
  ~WatcherTest() override {
    kube_.Close();
    io_.restart();
    while (!ended_ && io_.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    EXPECT_TRUE(ended_);
  }

  static object::Value ConfigMap(const std::string& name) {
    return sync::Json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
                      R"(","namespace":"shop","labels":{"applyset.kubernetes.io/part-of":"x"}}})");
  }
  void Start() {
    watcher_ = std::make_shared<Watcher>(context_, sync::Watch{kConfigMaps, "v1", "configmaps"});
    net::Spawn(io_.get_executor(), Watcher::Run(watcher_), [this](Status) { ended_ = true; });
  }
  // The next event, or nothing within the test's patience.
  std::optional<sync::Event> Next() {
    io_.restart();
    while (events_.empty() && io_.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    if (events_.empty()) return std::nullopt;
    sync::Event out = std::move(events_.front());
    events_.erase(events_.begin());
    return out;
  }
  void ExpectList(size_t items) {
    const auto event = Next();
    ASSERT_TRUE(event.has_value());
    const auto* listed = std::get_if<sync::Listed>(&*event);
    ASSERT_NE(listed, nullptr) << sync::Name(*event);
    EXPECT_TRUE(listed->first && listed->last);
    EXPECT_EQ(listed->items.size(), items);
  }

  void ExpectBroken() {
    const auto event = Next();
    ASSERT_TRUE(event && std::holds_alternative<sync::WatchBroken>(*event));
  }

  asio::io_context io_{1};
  sync::FakeCluster cluster_;
  FakeKube kube_;
  ZeroRandom random_;
  std::vector<sync::Event> events_;
  ManualClock clock_;
  WatchContext context_{kube_, random_, [this](sync::Event e) { events_.push_back(std::move(e)); },
                        clock_, Log()};
  std::shared_ptr<Watcher> watcher_;
  bool ended_ = false;
};

TEST_F(WatcherTest, AStreamingListIsOneListThenChanges) {
  Start();
  ExpectList(1);
  cluster_.Put(ConfigMap("b"));
  kube_.Pump();
  auto event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::LiveChanged>(*event));
  EXPECT_EQ(std::get<sync::LiveChanged>(*event).item.key.name, "b");
  cluster_.Erase({"", "ConfigMap", "shop", "a"});
  kube_.Pump();
  event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::LiveDeleted>(*event));
  EXPECT_EQ(std::get<sync::LiveDeleted>(*event).key.name, "a");
  EXPECT_EQ(kube_.watch_log, (std::vector<std::string>{"configmaps from ''"}));
}

TEST_F(WatcherTest, AServerThatRefusesStreamingListsIsAskedForPagesFromThenOn) {
  kube_.streaming_lists = false;
  Start();
  ExpectList(1);
  EXPECT_FALSE(context_.streaming_lists);
  kube_.CutWatches();
  ExpectBroken();
  ExpectList(1);
  EXPECT_EQ(std::count(kube_.watch_log.begin(), kube_.watch_log.end(), "configmaps from ''"), 1);
}

TEST_F(WatcherTest, A410IsAFreshList) {
  Start();
  ExpectList(1);
  cluster_.Put(ConfigMap("b"));
  cluster_.TakeEvents();
  kube_.CutWatches();
  ExpectBroken();
  ExpectList(2);
  EXPECT_EQ(kube_.watch_log,
            (std::vector<std::string>{"configmaps from ''", "configmaps from '0.initial'",
                                      "configmaps from ''"}));
}

TEST_F(WatcherTest, AFailedListIsToldAndTriedAgain) {
  kube_.away = true;
  Start();
  auto event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::ListFailed>(*event));
  EXPECT_EQ(std::get<sync::ListFailed>(*event).failure.code, Errc::kUnavailable);
  kube_.away = false;
  ExpectList(1);
}

TEST_F(WatcherTest, ABrokenWatchResumesWithoutANewList) {
  Start();
  ExpectList(1);
  kube_.EndWatches();
  cluster_.Put(ConfigMap("b"));
  io_.restart();
  while (kube_.watch_log.size() < 2 && io_.run_one_for(std::chrono::seconds(10)) > 0) {
  }
  kube_.Pump();
  const auto event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::LiveChanged>(*event));
  EXPECT_EQ(kube_.watch_log.back(), "configmaps from '0.initial'");
}

TEST_F(WatcherTest, AWatchThatIsRefusedForAMomentResumesAndSaysBoth) {
  Start();
  ExpectList(1);
  kube_.away = true;
  kube_.EndWatches();
  ExpectBroken();
  kube_.away = false;
  const auto event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::WatchResumed>(*event));
  EXPECT_EQ(kube_.watch_log.back(), "configmaps from '0.initial'");
}

TEST_F(WatcherTest, AWatchThatStaysRefusedIsToldAndEndsInAFreshList) {
  Start();
  ExpectList(1);
  kube_.refusal = sync::Refusal(403, "Forbidden", "may not watch");
  kube_.EndWatches();
  ExpectBroken();
  clock_.monotonic += Millis(5000);
  const size_t tries = kube_.watch_log.size();
  const auto event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::ListFailed>(*event)) << sync::Name(*event);
  EXPECT_EQ(std::get<sync::ListFailed>(*event).failure.http, 403);
  EXPECT_GE(kube_.watch_log.size() - tries, 2u);  // after the one that broke
  kube_.refusal.reset();
  ExpectList(1);
  EXPECT_EQ(kube_.watch_log.back(), "configmaps from ''");
}

TEST_F(WatcherTest, ManyQuickFailuresAreNotALostWatchYet) {
  Start();
  ExpectList(1);
  kube_.away = true;
  kube_.EndWatches();
  ExpectBroken();
  const size_t tries = kube_.watch_log.size();
  io_.restart();
  while (kube_.refused < 4 && io_.run_one_for(std::chrono::seconds(10)) > 0) {
  }
  EXPECT_EQ(kube_.watch_log.size(), tries);
  EXPECT_TRUE(events_.empty());
}

TEST_F(WatcherTest, AListWhoseWatchIsRefusedIsNoList) {
  kube_.streaming_lists = false;
  kube_.refusal = sync::Refusal(403, "Forbidden", "may not watch");
  context_.streaming_lists = false;
  Start();
  const auto event = Next();
  ASSERT_TRUE(event && std::holds_alternative<sync::ListFailed>(*event));
  kube_.refusal.reset();
  ExpectList(1);
}

TEST_F(WatcherTest, AfterStopNothingComesOut) {
  Start();
  ExpectList(1);
  watcher_->Stop();
  cluster_.Put(ConfigMap("b"));
  kube_.Pump();
  io_.restart();
  while (!ended_ && io_.run_one_for(std::chrono::seconds(10)) > 0) {
  }
  EXPECT_TRUE(ended_);
  EXPECT_TRUE(events_.empty());
}

}  // namespace
}  // namespace dunlin::app
