#include "agent/hublink/http_hub_link.h"

#include <gtest/gtest.h>

#include "agent/hublink/connection.h"
#include "protocol/wire/error.h"
#include "protocol/wire/version.h"
#include "tests/agent/support/run_task.h"
#include "tests/agent/support/scripted_client.h"

namespace dunlin::hublink {
namespace {

Digest DigestOf(char c) { return *Digest::FromBytes(Bytes(32, c)); }

class HubLinkTest : public testing::Test {
 protected:
  HubLinkTest()
      : client_(
            std::make_shared<ScriptedClient>([this](const net::HttpRequest&) { return answer_; })),
        link_(client_) {}

  static Bytes Framed(const wire::BundlePayload& bundle) {
    const wire::Frame frame = wire::ToFrame(bundle);
    Bytes out;
    wire::AppendFrame(out, frame.type, frame.payload);
    wire::AppendFrame(out, wire::FrameType::kEnd, "");
    return out;
  }

  asio::io_context io_;
  Result<net::HttpResponse> answer_ = net::HttpResponse{204, {}, {}};
  std::shared_ptr<ScriptedClient> client_;
  HttpHubLink link_;
};

TEST_F(HubLinkTest, APollGivesTheRawFrames) {
  answer_ = net::HttpResponse{200, {}, "raw"};
  wire::PollRequest request;
  request.have.seq = 7;
  const auto got = RunTask(io_, link_.Poll(request));
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(*got, "raw");
  const net::HttpRequest& sent = client_->requests.back();
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/v1/poll");
  EXPECT_EQ(net::FindHeader(sent.headers, wire::kVersionHeader), "1");
  EXPECT_EQ(*wire::ParsePollRequest(sent.body), request);
}

TEST_F(HubLinkTest, APollWithoutNewsIsEmpty) {
  const auto got = RunTask(io_, link_.Poll({}));
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->empty());
}

TEST_F(HubLinkTest, FetchesOneBundle) {
  wire::BundlePayload bundle;
  bundle.digest = DigestOf('a');
  bundle.from = DigestOf('b');
  bundle.raw_bytes = 5;
  bundle.blob = "blob";
  answer_ = net::HttpResponse{200, {}, Framed(bundle)};
  auto got = RunTask(io_, link_.Fetch(bundle.digest, bundle.from));
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(*got, bundle);
  EXPECT_EQ(client_->requests.back().target,
            "/v1/bundles/" + bundle.digest.Hex() + "?from=" + bundle.from->Hex());

  got = RunTask(io_, link_.Fetch(DigestOf('c'), std::nullopt));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kCorrupt);

  for (const Bytes& body : {Bytes("x"), Bytes(), Framed(bundle) + Framed(bundle)}) {
    answer_ = net::HttpResponse{200, {}, body};
    got = RunTask(io_, link_.Fetch(bundle.digest, std::nullopt));
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, Errc::kCorrupt);
  }
}

TEST_F(HubLinkTest, AReportIsTakenWith204) {
  wire::Report report;
  report.id = "r1";
  EXPECT_TRUE(RunTask(io_, link_.Report(report)).has_value());
  EXPECT_EQ(client_->requests.back().target, "/v1/report");
}

TEST_F(HubLinkTest, RefusalsCarryTheHubsWords) {
  answer_ = net::HttpResponse{
      409, {}, wire::Encode(wire::ErrorBody{"precondition", "frozen", "region eu", "wait"})};
  auto got = RunTask(io_, link_.Report({}));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kPrecondition);
  EXPECT_EQ(got.error().message, "frozen: region eu; wait");

  answer_ = net::HttpResponse{503, {}, "<html>"};
  got = RunTask(io_, link_.Report({}));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kUnavailable);

  answer_ = MakeError(Errc::kTimeout, "late");
  EXPECT_EQ(RunTask(io_, link_.Report({})).error().code, Errc::kTimeout);
}

TEST_F(HubLinkTest, UsesTheNewClientAfterARenewal) {
  auto renewed = std::make_shared<ScriptedClient>([](const net::HttpRequest&) {
    return net::HttpResponse{200, {}, "new"};
  });
  link_.Use(renewed);
  EXPECT_EQ(*RunTask(io_, link_.Poll({})), "new");
  EXPECT_TRUE(client_->requests.empty());
}

TEST(ParseHubUrl, TakesHostAndPort) {
  const auto address = ParseHubUrl("https://hub.example:9443/");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "hub.example");
  EXPECT_EQ(address->port, 9443);
  EXPECT_EQ(ParseHubUrl("https://[::1]")->host, "::1");
  EXPECT_EQ(ParseHubUrl("https://hub")->port, 8443);
  for (const char* url : {"", "hub", "http://hub", "https://", "https://hub/x", "https://hub?x",
                          "https://u@hub", "https://hub:99999", "https://hub:0"}) {
    EXPECT_FALSE(ParseHubUrl(url).has_value()) << url;
  }
}

}  // namespace
}  // namespace dunlin::hublink
