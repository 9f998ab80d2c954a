#include "protocol/base/random.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

class Fixed : public Random {
 public:
  explicit Fixed(char byte) : byte_(byte) {}
  Bytes Fill(size_t n) override { return Bytes(n, byte_); }

 private:
  char byte_;
};

TEST(Random, UuidsHaveVersionFourAndLowerCase) {
  EXPECT_EQ(Fixed('\x00').Uuid(), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(Fixed('\xff').Uuid(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(Random, TheSystemGivesAsManyBytesAsAsked) {
  SystemRandom random;
  EXPECT_EQ(random.Fill(0).size(), 0u);
  EXPECT_EQ(random.Fill(1000).size(), 1000u);
  EXPECT_NE(random.Fill(32), random.Fill(32));
}

}  // namespace
}  // namespace dunlin
