// Timers, time limits, the pool and events: what the shells rely on around Task.
#include "protocol/net/runtime.h"

#include <thread>

#include "tests/protocol/net/harness.h"

namespace dunlin::net {
namespace {

TaskVoid SleepLong(std::shared_ptr<Result<void>> seen) {
  auto slept = co_await Sleep(kPlenty);
  *seen = slept;
  co_return slept;
}

Task<int> Number(int value) { co_return value; }
Task<int> Throwing() {
  throw std::runtime_error("a bug");
  co_return 0;
}

// Starts the next wait without looking at the error of the first.
TaskVoid Stubborn(std::shared_ptr<int> rounds) {
  for (*rounds = 0; *rounds < 3; ++*rounds) {
    auto slept = co_await Sleep(kPlenty);
    EXPECT_EQ(slept.error().code, Errc::kCancelled);
  }
  co_return Status();
}

Task<std::unique_ptr<int>> MoveOnly() {
  co_return Result<std::unique_ptr<int>>(std::make_unique<int>(7));
}

struct RuntimeTest : testing::Test {
  Loop loop;
};

TEST_F(RuntimeTest, WithTimeoutPassesTheResultOn) {
  EXPECT_EQ(*loop.Run<int>(WithTimeout<int>(Number(7), kPlenty, "number")), 7);
  auto moved = loop.Run<std::unique_ptr<int>>(
      WithTimeout<std::unique_ptr<int>>(MoveOnly(), Millis::max(), "pointer"));
  EXPECT_EQ(**moved, 7);
}

TEST_F(RuntimeTest, WithTimeoutCancelsTheTaskAndNamesWhatWasWaitedFor) {
  auto seen = std::make_shared<Result<void>>();
  auto result = loop.Run<void>(WithTimeout<void>(SleepLong(seen), kSoon, "poll of the hub"));
  EXPECT_EQ(result.error().code, Errc::kTimeout);
  EXPECT_EQ(result.error().message, "poll of the hub: no answer within 20 ms");
  EXPECT_EQ(seen->error().code, Errc::kCancelled);
}

TEST_F(RuntimeTest, TheOuterLimitReachesTheInnermostTask) {
  auto seen = std::make_shared<Result<void>>();
  auto inner = WithTimeout<void>(SleepLong(seen), kPlenty, "inner");
  auto middle = WithTimeout<void>(std::move(inner), kPlenty, "middle");
  auto result = loop.Run<void>(WithTimeout<void>(std::move(middle), kSoon, "outer"));
  EXPECT_EQ(result.error().message, "outer: no answer within 20 ms");
  EXPECT_EQ(seen->error().code, Errc::kCancelled);
}

TEST_F(RuntimeTest, ACancelledTaskIsRefusedEveryFurtherWait) {
  auto rounds = std::make_shared<int>(0);
  auto result = loop.Run<void>(WithTimeout<void>(Stubborn(rounds), kSoon, "stubborn"));
  EXPECT_EQ(result.error().code, Errc::kTimeout);
  EXPECT_EQ(*rounds, 3);
}

TEST_F(RuntimeTest, AnExceptionBecomesAnError) {
  auto result = loop.Run<int>(WithTimeout<int>(Throwing(), kPlenty, "x"));
  EXPECT_EQ(result.error().code, Errc::kInternal);
  EXPECT_NE(result.error().message.find("a bug"), std::string::npos);
}

TEST_F(RuntimeTest, SpawnReportsTheEnd) {
  std::optional<Status> ended;
  auto on_done = [&ended](Status status) { ended = status; };
  Spawn(loop.executor(), Sleep(Millis(1)), on_done);
  ASSERT_TRUE(loop.RunUntil([&ended] { return ended.has_value(); }));
  EXPECT_TRUE(*ended);
}

TEST_F(RuntimeTest, AGroupCancelsItsTasksAndThoseThatComeLater) {
  TaskGroup group(loop.executor());
  int ended = 0;
  const auto on_done = [&ended](const Status& status) {
    EXPECT_EQ(status.error().code, Errc::kCancelled);
    ++ended;
  };
  const auto seen = std::make_shared<Result<void>>();
  group.Spawn(SleepLong(seen), on_done);
  group.Spawn(WithTimeout<void>(SleepLong(seen), kPlenty, "inner"), on_done);
  loop.RunFor(kSoon);
  EXPECT_EQ(ended, 0);
  group.Cancel();
  EXPECT_TRUE(loop.RunUntil([&] { return ended == 2; }));
  group.Spawn(SleepLong(seen), on_done);
  EXPECT_TRUE(loop.RunUntil([&] { return ended == 3; }));
}

TEST_F(RuntimeTest, AGroupMayGoBeforeItsTasks) {
  auto group = std::make_unique<TaskGroup>(loop.executor());
  bool ended = false;
  group->Spawn(Sleep(kSoon), [&ended](const Status& status) { ended = status.has_value(); });
  group.reset();
  EXPECT_TRUE(loop.RunUntil([&ended] { return ended; }));
}

TEST_F(RuntimeTest, RunOnWorksOnThePoolAndResumesHere) {
  asio::thread_pool pool(1);
  const auto here = std::this_thread::get_id();
  std::thread::id there;
  std::function<Result<int>()> work = [&there]() -> Result<int> {
    there = std::this_thread::get_id();
    return 42;
  };
  EXPECT_EQ(*loop.Run<int>(RunOn<int>(pool, work)), 42);
  EXPECT_NE(there, here);
  std::function<Result<int>()> bad = []() -> Result<int> { throw std::runtime_error("a bug"); };
  EXPECT_EQ(loop.Run<int>(RunOn<int>(pool, bad)).error().code, Errc::kInternal);
}

// The work may use its caller's variables: nobody goes on before it has ended.
TEST_F(RuntimeTest, ALimitAroundRunOnWaitsForTheWork) {
  asio::thread_pool pool(1);
  bool ended = false;
  std::function<Result<int>()> work = [&ended]() -> Result<int> {
    std::this_thread::sleep_for(3 * kSoon);
    ended = true;
    return 1;
  };
  auto result = loop.Run<int>(WithTimeout<int>(RunOn<int>(pool, work), kSoon, "work"));
  EXPECT_EQ(result.error().code, Errc::kTimeout);
  EXPECT_TRUE(ended);
}

TEST_F(RuntimeTest, NotifyWakesAllThatWaitNowAndNobodyLater) {
  Event event(loop.executor());
  int woken = 0;
  const auto on_done = [&woken](Status status) { woken += status ? 1 : 0; };
  for (int i = 0; i < 3; ++i) Spawn(loop.executor(), event.Wait(kPlenty), on_done);
  loop.RunFor(Millis(1));
  event.Notify();
  EXPECT_TRUE(loop.RunUntil([&woken] { return woken == 3; }));
  EXPECT_EQ(loop.Run<void>(event.Wait(kSoon)).error().code, Errc::kTimeout);
}

TEST_F(RuntimeTest, AnEventThatGoesAwayCancelsItsWaiters) {
  auto event = std::make_unique<Event>(loop.executor());
  std::optional<Status> ended;
  const auto on_done = [&ended](Status status) { ended = status; };
  Spawn(loop.executor(), event->Wait(kPlenty), on_done);
  loop.RunFor(Millis(1));
  event.reset();
  ASSERT_TRUE(loop.RunUntil([&ended] { return ended.has_value(); }));
  EXPECT_EQ(ended->error().code, Errc::kCancelled);
}

TEST_F(RuntimeTest, CancellingAWaitIsSafeWhenTheEventFiresInTheSameTurn) {
  for (int i = 0; i < 50; ++i) {
    Event event(loop.executor());
    std::optional<Status> ended;
    const auto on_done = [&ended](Status status) { ended = status; };
    Spawn(loop.executor(), WithTimeout<void>(event.Wait(kPlenty), Millis(1), "event"), on_done);
    loop.RunFor(Millis(i % 3));
    event.Notify();
    ASSERT_TRUE(loop.RunUntil([&ended] { return ended.has_value(); }));
  }
}

// A loop that ends while tasks wait destroys them: nothing may be touched after it is gone.
TEST(RuntimeShutdown, WaitingTasksAreDestroyedWithTheLoop) {
  auto seen = std::make_shared<Result<void>>();
  {
    Loop loop;
    const auto ignore = [](Status) {};
    Spawn(loop.executor(), WithTimeout<void>(SleepLong(seen), kPlenty, "sleep"), ignore);
    auto inner = WithTimeout<void>(SleepLong(seen), kPlenty, "sleep");
    Spawn(loop.executor(), WithTimeout<void>(std::move(inner), kPlenty, "sleep"), ignore);
    loop.RunFor(Millis(1));
  }
  EXPECT_EQ(seen.use_count(), 1);
}

}  // namespace
}  // namespace dunlin::net
