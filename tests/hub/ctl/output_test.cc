#include "hub/ctl/output.h"

#include <gtest/gtest.h>

#include "hub/ctl/rows.h"
#include "protocol/object/json.h"

namespace dunlin::ctl {
namespace {

object::Array Rows(const std::string& json) {
  auto parsed = object::ParseJson(json);
  EXPECT_TRUE(parsed.has_value());
  return parsed ? parsed->as_array() : object::Array();
}

TEST(Output, ATableIsAlignedAndAnEmptyCellIsADash) {
  EXPECT_EQ(RenderTable({TextColumn("NAME", "name"), NumberColumn("APPS", "apps"),
                         ShortIdColumn("REVISION", "revision"), AgeColumn("SEEN", "seen", 200'000)},
                        Rows(R"([{"name":"store-0142","apps":3,"seen":196000,
                                  "revision":"0123456789abcdef0123456789abcdef01234567"},
                                 {"name":"é","seen":0}])")),
            "NAME        APPS  REVISION      SEEN\n"
            "store-0142  3     0123456789ab  4 s\n"
            "é           0     -             -\n");
  EXPECT_EQ(RenderTable({TextColumn("NAME", "name")}, {}), "NAME\n");
}

TEST(Output, ControlCharactersFromARepositoryAreMadeVisible) {
  EXPECT_EQ(RenderTable({TextColumn("N", "n")}, Rows(R"([{"n":"a\u001b[31m\nb"}])")),
            "N\na\\x1b[31m\\x0ab\n");
}

TEST(Output, TheColumnsOfTargets) {
  EXPECT_EQ(RenderTable(TargetColumns(),
                        Rows(R"([{"app":"shop","cluster":"c1","region":"eu","state":"Synced",
                                  "health":"Current","revision":"0123456789abcdef","objects":15,
                                  "reason":""}])")),
            "APP   CLUSTER  REGION  STATE   HEALTH   REVISION      OBJECTS  REASON\n"
            "shop  c1       eu      Synced  Current  0123456789ab  15       -\n");
}

TEST(Output, ALongReasonIsCutToTheTerminal) {
  const object::Array rows = Rows(R"([{"app":"shop","cluster":"c1","region":"eu","state":"Failed",
      "health":"","revision":"","objects":0,"reason":"no päth apps/shop in the repository"}])");
  const std::string head = "APP   CLUSTER  REGION  STATE   HEALTH  REVISION  OBJECTS  REASON\n";
  const std::string row = "shop  c1       eu      Failed  -       -         0        ";
  EXPECT_EQ(RenderTable(TargetColumns(), rows, 0),
            head + row + "no päth apps/shop in the repository\n");
  EXPECT_EQ(RenderTable(TargetColumns(), rows, 70), head + row + "no päth app…\n");
  EXPECT_EQ(RenderTable(TargetColumns(), rows, 94),
            head + row + "no päth apps/shop in the repository\n");
  EXPECT_EQ(RenderTable(TargetColumns(), rows, 65), head + row + "no pät…\n");
  EXPECT_EQ(RenderTable(TargetColumns(), rows, 20), head + row + "no pä…\n")
      << "never less than the title";
  EXPECT_EQ(RenderTable({TextColumn("NAME", "app")}, rows, 2), "NAME\nshop\n")
      << "only what is shown in full elsewhere is cut";
}

TEST(Output, AFailureIsTextOnStderrOrOneJsonDocumentOnStdout) {
  const Failure failure{Errc::kConflict,
                        {"conflict", "two origins", "a.yaml and b.yaml", "remove one"}};
  testing::internal::CaptureStderr();
  EXPECT_EQ(PrintFailure(failure, Format::kTable), 6);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), wire::ErrorText(failure.body));
  testing::internal::CaptureStdout();
  EXPECT_EQ(PrintFailure(failure, Format::kJson), 6);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), wire::Encode(failure.body) + "\n");
}

TEST(Output, AgesAreShort) {
  EXPECT_EQ(Age(0, 1000), "-");
  EXPECT_EQ(Age(1000, 500), "0 s");
  EXPECT_EQ(Age(1, 119'001), "119 s");
  EXPECT_EQ(Age(1, 120'001), "2 min");
  EXPECT_EQ(Age(1, 7'200'001), "2 h");
  EXPECT_EQ(Age(1, 172'800'001), "2 d");
}

TEST(Output, NamesArePercentEncoded) {
  EXPECT_EQ(PercentEncode("a/b c-d_~.é"), "a%2Fb%20c-d_~.%C3%A9");
}

}  // namespace
}  // namespace dunlin::ctl
