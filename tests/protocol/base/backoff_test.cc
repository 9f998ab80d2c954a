#include "protocol/base/backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace dunlin {
namespace {

std::vector<int64_t> Waits(Backoff backoff, int n, uint64_t random) {
  std::vector<int64_t> out;
  for (int i = 0; i < n; ++i) out.push_back(backoff.Next(random).count());
  return out;
}

TEST(Backoff, DoublesFiveTimesThenLoopsSlowlyForEver) {
  Backoff::Config config;
  config.jitter_percent = 0;
  EXPECT_EQ(Waits(Backoff(config), 12, 0),
            (std::vector<int64_t>{100, 200, 400, 800, 1600, 5000, 10000, 20000, 40000, 60000, 60000,
                                  60000}));
  Backoff backoff(config);
  for (int i = 0; i < 100'000; ++i) EXPECT_LE(backoff.Next(0), Millis(60000));
  EXPECT_TRUE(backoff.InSlowLoop());
  backoff.Reset();
  EXPECT_FALSE(backoff.InSlowLoop());
  EXPECT_EQ(backoff.Next(0), Millis(100));
}

TEST(Backoff, JitterIsTwentyPercentEachWay) {
  EXPECT_EQ(Waits(Backoff(), 1, 0), std::vector<int64_t>{80});
  EXPECT_EQ(Waits(Backoff(), 1, 20), std::vector<int64_t>{100});
  EXPECT_EQ(Waits(Backoff(), 1, 40), std::vector<int64_t>{120});
  EXPECT_EQ(Waits(Backoff(), 1, 41), std::vector<int64_t>{80});
}

TEST(Backoff, FullJitterIsBetweenNothingAndTheWait) {
  Backoff::Config config;
  config.jitter_percent = 0;
  for (const uint64_t random : {uint64_t{0}, uint64_t{100}, uint64_t{101}, UINT64_MAX}) {
    Backoff backoff(config);
    const Millis wait = backoff.NextFullJitter(random);
    EXPECT_GE(wait, Millis(0));
    EXPECT_LE(wait, Millis(100));
    EXPECT_EQ(backoff.tries(), 1);
  }
  Backoff backoff(config);
  EXPECT_EQ(backoff.NextFullJitter(100), Millis(100));
}

}  // namespace
}  // namespace dunlin
