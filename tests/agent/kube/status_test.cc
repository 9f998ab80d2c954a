#include "agent/kube/status.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"

namespace dunlin::kube {
namespace {

struct Row {
  const char* what;
  int http;
  std::string body;
  std::string retry_after;
  sync::ApiFailure expected;
};

sync::ApiFailure Failure(int http, Errc code, std::string reason, std::string message) {
  sync::ApiFailure out;
  out.http = http;
  out.code = code;
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

TEST(FailureFromBody, ReadsMetav1Status) {
  std::vector<Row> rows;
  rows.push_back(
      {"already exists", 409,
       R"({"kind":"Status","reason":"AlreadyExists","message":"cart exists","code":409})", "",
       Failure(409, Errc::kConflict, "AlreadyExists", "cart exists")});
  Row invalid{"causes", 422,
              R"({"kind":"Status","reason":"Invalid","message":"bad","details":{"causes":)"
              R"([{"reason":"FieldValueInvalid","field":"spec.x","message":"no"}]}})",
              "", Failure(422, Errc::kInvalidArgument, "Invalid", "bad")};
  invalid.expected.causes = {{"FieldValueInvalid", "spec.x", "no"}};
  rows.push_back(invalid);
  Row busy{"retry in the body", 429,
           R"({"kind":"Status","reason":"TooManyRequests","message":"wait",)"
           R"("details":{"retryAfterSeconds":3}})",
           "", Failure(429, Errc::kUnavailable, "TooManyRequests", "wait")};
  busy.expected.retry_after = Millis(3000);
  rows.push_back(busy);
  Row header = busy;
  header.what = "the header wins";
  header.retry_after = "7";
  header.expected.retry_after = Millis(7000);
  rows.push_back(header);
  Row greedy = busy;
  greedy.what = "a wait beyond five minutes is cut";
  greedy.retry_after = "99999999";
  greedy.expected.retry_after = Millis(300000);
  rows.push_back(greedy);
  Row dated = busy;
  dated.what = "a date is ignored";
  dated.retry_after = "Wed, 21 Oct 2026 07:28:00 GMT";
  rows.push_back(dated);
  rows.push_back({"html of a proxy", 502, "<html>bad gateway</html>", "",
                  Failure(502, Errc::kUnavailable, "", "the apiserver answered 502")});
  rows.push_back(
      {"nothing", 403, "", "", Failure(403, Errc::kPermission, "", "the apiserver answered 403")});
  rows.push_back({"another document", 404, R"({"kind":"Pod","message":"x"})", "",
                  Failure(404, Errc::kNotFound, "", "the apiserver answered 404")});
  rows.push_back(
      {"members of the wrong type", 500,
       R"({"kind":"Status","message":7,"details":{"causes":"x","retryAfterSeconds":"y"}})", "",
       Failure(500, Errc::kUnavailable, "", "the apiserver answered 500")});
  for (const Row& row : rows) {
    EXPECT_EQ(FailureFromBody(row.body, row.http, row.retry_after), row.expected) << row.what;
  }
}

TEST(CodeOfHttp, SaysWhatOurSideShouldDo) {
  const std::vector<std::pair<int, Errc>> rows = {
      {400, Errc::kInvalidArgument}, {401, Errc::kUnauthenticated}, {403, Errc::kPermission},
      {404, Errc::kNotFound},        {409, Errc::kConflict},        {410, Errc::kNotFound},
      {413, Errc::kLimit},           {415, Errc::kUnsupported},     {422, Errc::kInvalidArgument},
      {429, Errc::kUnavailable},     {500, Errc::kUnavailable},     {503, Errc::kUnavailable},
      {504, Errc::kTimeout},         {302, Errc::kInternal}};
  for (const auto& [http, code] : rows) EXPECT_EQ(CodeOfHttp(http), code) << http;
}

TEST(FailureFromStatus, TakesTheCodeOfAWatchError) {
  auto status = object::ParseJson(R"({"kind":"Status","code":410,"reason":"Expired"})");
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(FailureFromStatus(*status, 0).http, 410);
  EXPECT_EQ(FailureFromStatus(object::Value(), 0).http, 500);
}

TEST(WarningText, ReadsTheQuotedText) {
  EXPECT_EQ(WarningText(R"(299 - "policy/v1beta1 is deprecated")"), "policy/v1beta1 is deprecated");
  EXPECT_EQ(WarningText(R"(299 - "unknown field \"spec.x\"" "Tue")"), R"(unknown field "spec.x")");
  EXPECT_EQ(WarningText(R"(199 - "other")"), "");
  EXPECT_EQ(WarningText("299 - none"), "");
  EXPECT_EQ(WarningText(""), "");
}

}  // namespace
}  // namespace dunlin::kube
