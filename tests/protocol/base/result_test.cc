#include "protocol/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace dunlin {
namespace {

Result<std::unique_ptr<int>> Half(int n) {
  if (n % 2 != 0) return MakeError(Errc::kInvalidArgument, "odd");
  return std::make_unique<int>(n / 2);
}
Result<int> Quarter(int n) {
  TRY(const std::unique_ptr<int> half, Half(n));
  TRY(const std::unique_ptr<int> quarter, Half(*half).WithContext("the half"));
  return *quarter;
}
Status Check(int n) {
  TRY_VOID(Quarter(n).WithContext("check"));
  return {};
}

TEST(Result, PassesValuesAndErrorsUp) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(7).error().message, "odd");
  EXPECT_EQ(Quarter(6).error().message, "the half: odd");
  EXPECT_TRUE(Check(4));
  EXPECT_EQ(Check(6).error().message, "check: the half: odd");
  EXPECT_EQ(Check(6).error().code, Errc::kInvalidArgument);
}

TEST(Errc, HasOneNameEachAndOneRetryRule) {
  std::set<std::string_view> names;
  int retryable = 0;
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    EXPECT_TRUE(names.insert(Name(static_cast<Errc>(code))).second) << code;
    if (IsRetryable(static_cast<Errc>(code))) ++retryable;
  }
  EXPECT_LE(names.size(), 20u);
  EXPECT_EQ(retryable, 4);
  for (const Errc code : {Errc::kUnavailable, Errc::kTimeout, Errc::kConflict, Errc::kIo}) {
    EXPECT_TRUE(IsRetryable(code));
  }
}

}  // namespace
}  // namespace dunlin
