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

TEST(Nearest, AFewAreTheNearestFirst) {
  const std::vector<std::string> clusters = {"store-0241", "store-0142", "depot-1",
                                             "store-0143", "store-0242", "store-014"};
  EXPECT_EQ(NearestFew("store-0142x", clusters, 3),
            (std::vector<std::string>{"store-0142", "store-0143", "store-0242"}));
  EXPECT_EQ(DidYouMean("store-01422", clusters, 3),
            ", did you mean \"store-0142\", \"store-0143\" or \"store-0242\"?");
  EXPECT_EQ(DidYouMean("depot-2", clusters, 3), ", did you mean \"depot-1\"?");
  EXPECT_TRUE(NearestFew("nothing", clusters, 3).empty());
}

}  // namespace
}  // namespace dunlin
