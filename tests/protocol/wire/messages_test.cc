#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/wire/enroll.h"
#include "protocol/wire/error.h"
#include "protocol/wire/poll.h"
#include "protocol/wire/report.h"

namespace dunlin::wire {
namespace {

Digest Filled(unsigned char byte) {
  Digest digest;
  digest.bytes.fill(byte);
  return digest;
}

TEST(PollRequest, SurvivesTheWire) {
  PollRequest request;
  request.have = {1, 1795400123457, Filled(1), 1795400123456, Filled(2)};
  request.bundles = {Filled(3), Filled(4)};
  request.want = {Filled(5)};
  request.facts = {"0.1.0", "v1.36.3", {"apps/v1", "v1"}};
  EXPECT_EQ(*ParsePollRequest(Encode(request)), request);
}

TEST(PollRequest, AnAgentWithoutAStatementSendsNoHave) {
  EXPECT_EQ(*ParsePollRequest("{}"), PollRequest{});
}

TEST(PollRequest, WrongTypesNameTheField) {
  const auto request = ParsePollRequest(R"({"bundles":[1]})");
  EXPECT_EQ(request.error().code, Errc::kInvalidArgument);
  EXPECT_NE(request.error().message.find("bundles"), std::string::npos);
  EXPECT_FALSE(ParsePollRequest(R"({"have":{"epoch":"1"}})").has_value());
  EXPECT_FALSE(ParsePollRequest("[]").has_value());
}

TEST(PollRequest, SizeAtTheLimitIsReadAndOneAboveIsNot) {
  Bytes json = R"({"facts":{}})";
  json.insert(1, limits::kPollRequestBytes - json.size(), ' ');
  EXPECT_TRUE(ParsePollRequest(json).has_value());
  json.insert(1, 1, ' ');
  EXPECT_EQ(ParsePollRequest(json).error().code, Errc::kLimit);
}

Report SampleReport() {
  Report report;
  report.id = "r";
  report.seq = 9;
  report.time = TimePoint(Millis(1795400123456));
  TargetReport target;
  target.app = "shop";
  target.state = "Synced";
  target.health = "Current";
  target.seq = 9;
  target.counts = {1, 2, 3, 4, 5, 6};
  target.problems = {
      {"Deployment.apps shop/cart", "timeout", "no answer", "look at the apiserver"}};
  target.applied = TimePoint(Millis(5));
  report.targets = {target};
  return report;
}

TEST(Report, SurvivesTheWire) { EXPECT_EQ(*ParseReport(Encode(SampleReport())), SampleReport()); }

TEST(Report, KeepsTheFirstProblemsAndRefusesMore) {
  Report report = SampleReport();
  report.problems.assign(limits::kReportErrors + 1, Problem{});
  const auto kept = ParseReport(Encode(report));
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->problems.size(), static_cast<size_t>(limits::kReportErrors));
  std::string many = R"({"id":"r","problems":[{})";
  for (int i = 0; i < limits::kReportErrors; ++i) many += ",{}";
  EXPECT_EQ(ParseReport(many + "]}").error().code, Errc::kLimit);
}

// Spaces between the first brace and the rest, up to `size` bytes.
Bytes Padded(Bytes json, size_t size) { return json.insert(1, size - json.size(), ' '); }

TEST(Report, SizeAtTheLimitIsReadAndOneAboveIsNot) {
  const Bytes json = Encode(SampleReport());
  EXPECT_TRUE(ParseReport(Padded(json, limits::kReportBytes)).has_value());
  EXPECT_EQ(ParseReport(Padded(json, limits::kReportBytes + 1)).error().code, Errc::kLimit);
}

TEST(Report, OfManyLongProblemsAsManyAreSentAsFit) {
  Report report = SampleReport();
  const Problem problem{"ConfigMap shop/a", "invalid", std::string(900, 'm'), "h"};
  TargetReport target = report.targets.at(0);
  target.problems.assign(limits::kReportErrors, problem);
  target.warnings.clear();
  report.targets.assign(100, target);
  const Bytes json = Encode(report);
  EXPECT_LE(json.size(), limits::kReportBytes);
  const auto read = ParseReport(json);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->targets.size(), 100u);
  EXPECT_EQ(read->targets.back().problems.size(), size_t{limits::kReportErrors} / 2);
  EXPECT_EQ(read->targets.back().problems.front(), problem);
}

TEST(Report, NewerFieldsAreIgnored) {
  EXPECT_TRUE(ParseReport(R"({"id":"r","from_the_future":{"a":[1]}})").has_value());
}

TEST(Enroll, SizeAtTheLimitIsReadAndOneAboveIsNot) {
  const Bytes begin = Encode(EnrollBegin{"tok"});
  EXPECT_TRUE(ParseEnrollBegin(Padded(begin, limits::kEnrollBytes)).has_value());
  EXPECT_EQ(ParseEnrollBegin(Padded(begin, limits::kEnrollBytes + 1)).error().code, Errc::kLimit);
  const Bytes error = Encode(ErrorBody{"limit", "m", "c", "h"});
  EXPECT_TRUE(ParseErrorBody(Padded(error, limits::kEnrollBytes)).has_value());
  EXPECT_EQ(ParseErrorBody(Padded(error, limits::kEnrollBytes + 1)).error().code, Errc::kLimit);
}

TEST(Enroll, AnAnswerHasRoomForTheRootInBase64) {
  EnrollChallenge challenge;
  challenge.root = Bytes(limits::kRootBytes, 'r');
  challenge.nonce = Bytes(32, 'n');
  const Bytes json = Encode(challenge);
  constexpr size_t kMost = limits::kEnrollBytes + 2 * limits::kRootBytes;
  EXPECT_TRUE(ParseEnrollChallenge(json).has_value());
  EXPECT_TRUE(ParseEnrollChallenge(Padded(json, kMost)).has_value());
  EXPECT_EQ(ParseEnrollChallenge(Padded(json, kMost + 1)).error().code, Errc::kLimit);
}

TEST(Messages, DepthAtTheLimitIsReadAndOneAboveIsNot) {
  const auto nested = [](int depth) {
    return R"({"id":"r","future":)" + std::string(static_cast<size_t>(depth) - 1, '[') +
           std::string(static_cast<size_t>(depth) - 1, ']') + "}";
  };
  EXPECT_TRUE(ParseReport(nested(limits::kMessageDepth)).has_value());
  EXPECT_EQ(ParseReport(nested(limits::kMessageDepth + 1)).error().code, Errc::kLimit);
}

TEST(Enroll, EveryMessageSurvivesTheWire) {
  const EnrollBegin begin{"tok"};
  EXPECT_EQ(*ParseEnrollBegin(Encode(begin)), begin);
  const EnrollChallenge challenge{"{\"root\":1}", Bytes(32, '\x01'), "PEM"};
  EXPECT_EQ(*ParseEnrollChallenge(Encode(challenge)), challenge);
  const EnrollChallenge of_renewal{"", Bytes(32, '\x01'), "", "hub.example", 7443};
  EXPECT_EQ(*ParseEnrollChallenge(Encode(of_renewal)), of_renewal);
  const EnrollFinish finish{"tok", "s",     Bytes(65, 4),    Bytes(65, 5),
                            "uid", "0.1.0", Bytes("\0\1", 2)};
  EXPECT_EQ(*ParseEnrollFinish(Encode(finish)), finish);
  const EnrollResult result{"CERT", "CA",      "root", "c",  "a", "store",
                            "eu",   "default", "hub",  7443, 1};
  EXPECT_EQ(*ParseEnrollResult(Encode(result)), result);
  const RenewFinish renew{"a", 2, "sig"};
  EXPECT_EQ(*ParseRenewFinish(Encode(renew)), renew);
  const RenewResult renewed{"CERT", 3};
  EXPECT_EQ(*ParseRenewResult(Encode(renewed)), renewed);
}

TEST(Enroll, APortOutsideItsRangeIsRefused) {
  EnrollResult result{"CERT", "CA", "root", "c", "a", "store", "eu", "default", "hub", 7443, 1};
  Bytes json = Encode(result);
  json.replace(json.find("7443"), 4, "65536");
  EXPECT_EQ(ParseEnrollResult(json).error().code, Errc::kInvalidArgument);
}

TEST(ErrorBody, IsTextForPeopleAndJsonForPrograms) {
  const ErrorBody error =
      BodyOf("two origins", MakeError(Errc::kConflict, "a.yaml and b.yaml"), "remove one");
  EXPECT_EQ(ErrorText(error),
            "error: two origins\n  cause: a.yaml and b.yaml\n  hint: remove one\n"
            "  docs: dunlin help conflict\n");
  EXPECT_EQ(Encode(error),
            "{\"error\":{\"cause\":\"a.yaml and b.yaml\",\"code\":\"conflict\",\"docs\":\"dunlin "
            "help conflict\",\"hint\":\"remove one\",\"message\":\"two origins\"}}");
  EXPECT_EQ(ErrorText({"", "no such verb", "", ""}), "error: no such verb\n");
}

TEST(ErrorBody, TextOfOthersCannotMoveTheCursor) {
  EXPECT_EQ(ErrorText({"", "no app \"\x1b[31mx\"", "line one\nline two\n", ""}),
            "error: no app \"\\x1b[31mx\"\n  cause: line one\n    line two\n");
}

TEST(ErrorBody, EveryNameOfACodeIsKnown) {
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    EXPECT_EQ(ErrcOfName(Name(static_cast<Errc>(code))), static_cast<Errc>(code));
  }
  EXPECT_FALSE(ErrcOfName("").has_value());
  EXPECT_FALSE(ErrcOfName("not-found").has_value());
}

TEST(ErrorBody, SurvivesTheWire) {
  const ErrorBody error{"not_found", "no app shop", "", "dunlin app list"};
  EXPECT_EQ(*ParseErrorBody(Encode(error)), error);
}

}  // namespace
}  // namespace dunlin::wire
