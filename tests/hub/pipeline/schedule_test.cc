#include "hub/pipeline/schedule.h"

#include <gtest/gtest.h>

namespace dunlin::hub {
namespace {

using Due = std::vector<std::string>;
constexpr Millis kPoll{1000};
constexpr uint64_t kMiddle = 200;  // no jitter for a poll of 1 s: its span is 400 ms

TEST(SourceSchedule, ANewRepositoryIsDueAtOnceAndThenAtItsInterval) {
  SourceSchedule schedule(kPoll);
  schedule.Follow({{"a", Millis(0)}, {"b", Millis(5000)}}, Millis(10));
  EXPECT_EQ(schedule.TakeDue(Millis(10)), (Due{"a", "b"}));
  EXPECT_EQ(schedule.TakeDue(Millis(10)), Due{}) << "both are under way";
  EXPECT_EQ(schedule.NextDue(), std::nullopt);
  schedule.Done("a", Look::kReached, Millis(100), kMiddle);
  schedule.Done("b", Look::kReached, Millis(100), 1000);
  EXPECT_EQ(schedule.NextDue(), Millis(1100));
  EXPECT_EQ(schedule.TakeDue(Millis(1099)), Due{});
  EXPECT_EQ(schedule.TakeDue(Millis(1100)), Due{"a"});
  EXPECT_EQ(schedule.TakeDue(Millis(5100)), Due{"b"});
}

TEST(SourceSchedule, JitterStaysWithinAFifth) {
  SourceSchedule schedule(kPoll);
  schedule.Follow({{"a", Millis(0)}}, Millis(0));
  for (uint64_t random = 0; random < 2000; random += 7) {
    (void)schedule.TakeDue(Millis(1'000'000));
    schedule.Done("a", Look::kReached, Millis(0), random);
    ASSERT_GE(*schedule.NextDue(), Millis(800));
    ASSERT_LE(*schedule.NextDue(), Millis(1200));
  }
}

TEST(SourceSchedule, ATriggerDuringALookIsAnsweredByALookThatBeganAfterIt) {
  SourceSchedule schedule(kPoll);
  schedule.Follow({{"a", Millis(0)}}, Millis(0));
  EXPECT_EQ(schedule.TakeDue(Millis(0)), Due{"a"});
  EXPECT_TRUE(schedule.Trigger("a", Millis(5)));
  EXPECT_EQ(schedule.TakeDue(Millis(5)), Due{}) << "never two looks at once";
  schedule.Done("a", Look::kReached, Millis(9), kMiddle);
  EXPECT_EQ(schedule.TakeDue(Millis(9)), Due{"a"});
  schedule.Done("a", Look::kReached, Millis(12), kMiddle);
  EXPECT_EQ(schedule.TakeDue(Millis(12)), Due{}) << "one trigger, one look";
  EXPECT_FALSE(schedule.Trigger("other", Millis(12)));
}

TEST(SourceSchedule, AnUnreachableRepositoryIsTriedAgainSoonButNeverSlowerThanItsPoll) {
  SourceSchedule schedule(kPoll);
  schedule.Follow({{"a", Millis(0)}}, Millis(0));
  Millis now{0};
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(schedule.TakeDue(now), Due{"a"});
    schedule.Done("a", Look::kAway, now, kMiddle);
    const Millis wait = *schedule.NextDue() - now;
    ASSERT_GT(wait, Millis(0));
    ASSERT_LE(wait, Millis(1200));
    if (i == 0) {
      ASSERT_LT(wait, Millis(800));
    }
    now = *schedule.NextDue();
  }
}

TEST(SourceSchedule, ARepositoryThatRefusesUsIsAskedMoreAndMoreRarely) {
  const struct {
    Millis poll;
    std::vector<int> polls;  // waits, in polls
  } rows[] = {
      {Millis(1000), {1, 2, 4, 8, 10, 10}},
      {Seconds(30), {1, 2, 4, 8, 10, 10}},
      {Seconds(150), {1, 2, 2}},
      {Seconds(3600), {1, 1}},
  };
  for (const auto& row : rows) {
    SourceSchedule schedule(row.poll);
    schedule.Follow({{"a", Millis(0)}}, Millis(0));
    Millis now{0};
    const auto wait_after = [&](Look look, int polls) {
      const auto middle = static_cast<uint64_t>(row.poll.count() * polls / 5);
      EXPECT_EQ(schedule.TakeDue(now), Due{"a"});
      schedule.Done("a", look, now, middle);
      const Millis wait = *schedule.NextDue() - now;
      now += wait;
      return wait;
    };
    for (const int polls : row.polls) {
      EXPECT_EQ(wait_after(Look::kRefused, polls), row.poll * polls) << row.poll.count();
    }
    EXPECT_EQ(wait_after(Look::kReached, 1), row.poll);
    EXPECT_EQ(wait_after(Look::kRefused, 1), row.poll) << "counts from the beginning again";
    schedule.Follow({{"a", Millis(0)}}, now);
    EXPECT_EQ(schedule.TakeDue(now), Due{"a"}) << "the catalogue may have its new credentials";
    schedule.Done("a", Look::kRefused, now, 0);
    EXPECT_TRUE(schedule.Trigger("a", now));
    EXPECT_EQ(schedule.TakeDue(now), Due{"a"}) << "a refresh does not wait";
  }
}

TEST(SourceSchedule, WhatALookWas) {
  EXPECT_EQ(LookOf({}), Look::kReached);
  EXPECT_EQ(LookOf(MakeError(Errc::kUnavailable, "")), Look::kAway);
  EXPECT_EQ(LookOf(MakeError(Errc::kTimeout, "")), Look::kAway);
  for (const Errc code : {Errc::kUnauthenticated, Errc::kPermission, Errc::kNotFound,
                          Errc::kSignature, Errc::kInvalidArgument, Errc::kLimit}) {
    EXPECT_EQ(LookOf(MakeError(code, "")), Look::kRefused) << Name(code);
  }
}

TEST(SourceSchedule, ARepositoryThatIsNoLongerFollowedIsForgotten) {
  SourceSchedule schedule(kPoll);
  schedule.Follow({{"a", Millis(0)}, {"b", Millis(0)}}, Millis(0));
  (void)schedule.TakeDue(Millis(0));
  schedule.Follow({{"b", Millis(0)}}, Millis(1));
  schedule.Done("a", Look::kReached, Millis(2), kMiddle);
  schedule.Done("b", Look::kReached, Millis(2), kMiddle);
  EXPECT_EQ(schedule.TakeDue(Millis(100'000)), Due{"b"});
}

TEST(SourceSchedule, WithFewPlacesTheLongestWaitingGoesFirst) {
  SourceSchedule schedule(kPoll);
  schedule.Follow({{"b", Millis(0)}}, Millis(0));
  schedule.Follow({{"a", Millis(0)}, {"b", Millis(0)}}, Millis(5));
  EXPECT_EQ(schedule.TakeDue(Millis(9), 1), Due{"b"});
  EXPECT_EQ(schedule.TakeDue(Millis(9), 1), Due{"a"});
}

}  // namespace
}  // namespace dunlin::hub
