#include "agent/merge/quantity.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"

namespace dunlin::merge {
namespace {

TEST(Quantity, ComparesByValue) {
  struct Row {
    const char* a;
    const char* b;
    int order;
  };
  const Row rows[] = {
      {"1", "1000m", 0},
      {"1Gi", "1024Mi", 0},
      {"1k", "1000", 0},
      {"1e3", "1k", 0},
      {"1E3", "1000", 0},
      {"0.5", "500m", 0},
      {"1", "1.0", 0},
      {"+1", "1", 0},
      {"0", "-0", 0},
      {"-1", "1", -1},
      {"2", "1", 1},
      {"1Ki", "1k", 1},
      {"1E", "1e18", 0},
      {"1.5Gi", "1536Mi", 0},
      {"1n", "0", 1},
      {"0.1n", "1n", 0},
      {"9Ei", "8Ei", 0},  // binary suffixes are capped at 2^63-1
      {"1000000000000000000000000", "999999999999999999999999", 1},
      {"-1", "-1000m", 0},
      {"-2", "-1", -1},
      {"00012", "12", 0},
      {".5", "500m", 0},
      {"5.", "5", 0},
  };
  for (const Row& row : rows) {
    const Result<int> order = CompareQuantities(row.a, row.b);
    ASSERT_TRUE(order.has_value()) << row.a << " " << row.b;
    EXPECT_EQ(*order, row.order) << row.a << " against " << row.b;
  }
}

TEST(Quantity, RefusesOtherTexts) {
  for (const char* text :
       {"", "x", "1x", "1ki", "1KI", "1 Gi", "1.2.3", "0x10", "1e", "--1", "Gi1"}) {
    EXPECT_FALSE(IsQuantity(text)) << text;
  }
}

TEST(Quantity, TextsAreBounded) {
  EXPECT_TRUE(IsQuantity(std::string(limits::kQuantityBytes, '1')));
  EXPECT_FALSE(IsQuantity(std::string(limits::kQuantityBytes + 1, '1')));
}

}  // namespace
}  // namespace dunlin::merge
