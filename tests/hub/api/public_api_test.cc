#include "hub/api/public_api.h"

#include <gtest/gtest.h>

#include "protocol/wire/version.h"
#include "tests/hub/support/fake_exchange.h"

namespace dunlin::hub {
namespace {

class RecordingBackend : public EnrollBackend {
 public:
  Result<wire::EnrollChallenge> Begin(const wire::EnrollBegin& request,
                                      uint64_t connection) override {
    seen = "begin " + request.token_id + " " + std::to_string(connection);
    if (request.token_id == "late") return MakeError(Errc::kExpired, "too late");
    return wire::EnrollChallenge{"root", Bytes(32, 'n'), "ca"};
  }
  Result<wire::EnrollResult> Finish(const wire::EnrollFinish& request, uint64_t) override {
    seen = "finish " + request.token_id;
    wire::EnrollResult result;
    result.cluster_name = "c1";
    return result;
  }
  Result<wire::EnrollChallenge> BeginRenew(const std::string& agent, uint64_t) override {
    seen = "begin-renew " + agent;
    return wire::EnrollChallenge{{}, Bytes(32, 'n'), {}};
  }
  Result<wire::RenewResult> FinishRenew(const wire::RenewFinish& request, uint64_t) override {
    seen = "renew " + request.agent_id;
    return wire::RenewResult{"pem", 2};
  }
  std::string seen;
};

class PublicApi : public ::testing::Test {
 protected:
  net::HttpResponse Call(const std::string& method, const std::string& target,
                         const Bytes& body = "") {
    return net::Call(PublicRoutes(backend), method, target, body);
  }
  RecordingBackend backend;
};

TEST_F(PublicApi, EnrolmentIsTwoCalls) {
  const auto challenge = Call("POST", wire::kEnrollPath, R"({"token_id":"t"})");
  EXPECT_EQ(challenge.status, 200);
  EXPECT_EQ(backend.seen, "begin t 1");
  const auto parsed = wire::ParseEnrollChallenge(challenge.body);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->ca_pem, "ca");
  wire::EnrollFinish finish;
  finish.token_id = "t";
  finish.secret = "s";
  finish.public_key = Bytes(65, 'p');
  finish.encryption_key = Bytes(65, 'p');
  finish.proof = "proof";
  const auto result = Call("POST", wire::kEnrollPath, wire::Encode(finish));
  EXPECT_EQ(result.status, 200) << result.body;
  EXPECT_EQ(backend.seen, "finish t");
}

TEST_F(PublicApi, RenewalIsTwoCalls) {
  EXPECT_EQ(Call("POST", wire::kRenewPath, R"({"agent_id":"a"})").status, 200);
  EXPECT_EQ(backend.seen, "begin-renew a");
  wire::RenewFinish finish{"a", 1, "proof"};
  EXPECT_EQ(Call("POST", wire::kRenewPath, wire::Encode(finish)).status, 200);
  EXPECT_EQ(backend.seen, "renew a");
}

TEST_F(PublicApi, FailuresAndForeignPaths) {
  EXPECT_EQ(Call("GET", "/livez").status, 200);
  EXPECT_GE(Call("POST", wire::kEnrollPath, R"({"token_id":"late"})").status, 400);
  backend.seen.clear();
  EXPECT_EQ(Call("GET", wire::kEnrollPath).status, 405);
  EXPECT_EQ(Call("POST", wire::kEnrollPath, "{").status, 400);
  EXPECT_EQ(Call("POST", wire::kRenewPath, "{}").status, 400);
  EXPECT_EQ(Call("POST", "/v1/poll", "{}").status, 404) << "agents have their own port";
  EXPECT_EQ(Call("GET", "/api/v1/status").status, 404) << "so has the administrator";
  EXPECT_EQ(Call("POST", wire::kEnrollPath, Bytes(20'000, ' ')).status / 100, 4);
  EXPECT_EQ(backend.seen, "");
}

}  // namespace
}  // namespace dunlin::hub
