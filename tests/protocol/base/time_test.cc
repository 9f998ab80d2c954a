#include "protocol/base/time.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

int64_t Ms(std::string_view text) {
  const auto time = ParseTime(text);
  return time ? time->time_since_epoch().count() : -1;
}

TEST(Time, ReadsAndWritesUtc) {
  EXPECT_EQ(Ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(Ms("2026-11-24T10:00:00Z"), 1'795'514'400'000);
  EXPECT_EQ(Ms("2024-02-29T23:59:59Z"), 1'709'251'199'000);
  for (const int64_t ms : {int64_t{0}, int64_t{1'709'251'199'000}, int64_t{253'402'300'799'000}}) {
    EXPECT_EQ(Ms(FormatTime(TimePoint(Millis(ms)))), ms);
  }
  EXPECT_EQ(FormatTime(TimePoint(Millis(1'795'514'400'999))), "2026-11-24T10:00:00Z");
  EXPECT_EQ(FormatTime(TimePoint(Millis(-1))), "1969-12-31T23:59:59Z");
}

TEST(Time, KeepsFractionsToMilliseconds) {
  EXPECT_EQ(Ms("1970-01-01T00:00:00.5Z"), 500);
  EXPECT_EQ(Ms("1970-01-01T00:00:00.123456789Z"), 123);
  EXPECT_EQ(Ms("1970-01-01T00:00:00.000999Z"), 0);
  EXPECT_EQ(Ms("1970-01-01T00:00:00." + std::string(100, '1') + "Z"), 111);
}

TEST(Time, IsStrict) {
  for (const char* text : {"",
                           "Z",
                           "2026-11-24",
                           "2026-11-24T10:00:00",
                           "2026-11-24T10:00:00z",
                           "2026-11-24T10:00:00+00:00",
                           "2026-11-24 10:00:00Z",
                           "2026-11-24T10:00Z",
                           "2026-02-30T10:00:00Z",
                           "2026-13-01T10:00:00Z",
                           "2026-00-01T10:00:00Z",
                           "2026-11-00T10:00:00Z",
                           "2025-02-29T10:00:00Z",
                           "2026-11-24T24:00:00Z",
                           "2026-11-24T10:60:00Z",
                           "2026-11-24T10:00:60Z",
                           "2026-11-24T10:00:00.Z",
                           "2026-11-24T10:00:00.5xZ",
                           "2026-11-24T10:00:005Z",
                           "x026-11-24T10:00:00Z",
                           "2026-11-24T10:00:00ZZ",
                           " 2026-11-24T10:00:00Z"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

TEST(Time, TheMonotonicClockDoesNotGoBack) {
  const SystemClock clock;
  const Millis first = clock.Monotonic();
  EXPECT_GE(clock.Monotonic(), first);
  EXPECT_GT(clock.Now(), ParseTime("2026-01-01T00:00:00Z").value());
}

TEST(Durations, NeedAUnit) {
  EXPECT_EQ(ParseDuration("100ms"), Millis{100});
  EXPECT_EQ(ParseDuration("1h30m"), Millis{5400000});
  EXPECT_EQ(ParseDuration("1.5s"), Millis{1500});
  EXPECT_EQ(ParseDuration("0"), Millis{0});
  for (const char* bad : {"", "5", "-1s", "s", "1x", "1s ", "1.2.3s", "99999999h", "1e3s"}) {
    EXPECT_FALSE(ParseDuration(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace dunlin
