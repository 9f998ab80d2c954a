#include "protocol/base/nearest.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(Nearest, IsTheNearestWordOnly) {
  EXPECT_EQ(Nearest("prun", {"prune", "path"}), "prune");
  EXPECT_EQ(Nearest("revison", {"repo", "revision"}), "revision");
  EXPECT_EQ(Nearest("snyc", {"list", "sync"}), "sync") << "a swap is one edit";
  EXPECT_EQ(Nearest("zzz", {"prune", "path"}), "");
  EXPECT_EQ(Nearest("ab", {"cd"}), "");
  EXPECT_EQ(DidYouMean("prun", {"prune"}), ", did you mean \"prune\"?");
  EXPECT_EQ(DidYouMean("zzz", {"prune"}), "");
}

}  // namespace
}  // namespace dunlin
