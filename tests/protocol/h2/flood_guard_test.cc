#include "protocol/h2/flood_guard.h"

#include <gtest/gtest.h>

namespace dunlin::h2 {
namespace {

TEST(WindowCounter, HoldsAtTheLimitAndFailsOneAbove) {
  WindowCounter counter(3, Millis(10));
  EXPECT_TRUE(counter.Count(Millis(100)));
  EXPECT_TRUE(counter.Count(Millis(101)));
  EXPECT_TRUE(counter.Count(Millis(109)));
  EXPECT_FALSE(counter.Count(Millis(109)));
}

TEST(WindowCounter, StartsAgainInTheNextWindow) {
  WindowCounter counter(1, Millis(10));
  EXPECT_TRUE(counter.Count(Millis(100)));
  EXPECT_FALSE(counter.Count(Millis(109)));
  EXPECT_TRUE(counter.Count(Millis(110)));
}

TEST(WindowCounter, ProgressEarnsMore) {
  WindowCounter counter(1, Millis(10));
  counter.Allow(Millis(100), 2);
  EXPECT_TRUE(counter.Count(Millis(100)));
  EXPECT_TRUE(counter.Count(Millis(100)));
  EXPECT_TRUE(counter.Count(Millis(100)));
  EXPECT_FALSE(counter.Count(Millis(100)));
}

}  // namespace
}  // namespace dunlin::h2
