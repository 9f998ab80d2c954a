#include "protocol/wire/exit_code.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dunlin::wire {
namespace {

TEST(ExitCode, SaysWhatKindOfFailureItWas) {
  const std::pair<Errc, int> rows[] = {
      {Errc::kInvalidArgument, 2}, {Errc::kCorrupt, 2},     {Errc::kUnsupported, 2},
      {Errc::kLimit, 2},           {Errc::kNotFound, 2},    {Errc::kIo, 2},
      {Errc::kInternal, 2},        {Errc::kTimeout, 3},     {Errc::kPermission, 4},
      {Errc::kUnauthenticated, 4}, {Errc::kSignature, 4},   {Errc::kExpired, 4},
      {Errc::kUnavailable, 5},     {Errc::kConflict, 6},    {Errc::kPrecondition, 6},
      {Errc::kRollback, 6},        {Errc::kCancelled, 130},
  };
  for (const auto& [code, exit] : rows) EXPECT_EQ(ExitCode(code), exit) << Name(code);
}

TEST(ExitCode, EveryOneIsInTheTable) {
  const auto codes = ExitCodes();
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    const int exit = ExitCode(static_cast<Errc>(code));
    EXPECT_TRUE(std::any_of(codes.begin(), codes.end(), [exit](const ExitCodeMeaning& row) {
      return row.code == exit;
    })) << exit;
  }
}

TEST(ExitCode, TheTableIsOneLineACode) {
  const std::string table = ExitCodeTable();
  EXPECT_EQ(table.find("0    ok\n"), 0u);
  EXPECT_NE(table.find("\n130  interrupted\n"), std::string::npos);
  EXPECT_NE(ExitCodeLine().find("; 3 timed out; 4 "), std::string::npos);
}

}  // namespace
}  // namespace dunlin::wire
