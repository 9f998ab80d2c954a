#include "hub/api/agent_api.h"

#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"
#include "protocol/wire/version.h"
#include "tests/hub/support/fake_exchange.h"

namespace dunlin::hub {
namespace {

class RecordingBackend : public AgentBackend {
 public:
  Result<AgentIdentity> Identify(const net::Peer&) override {
    if (refuse) return *refuse;
    return AgentIdentity{ClusterId("c"), AgentId("a")};
  }
  Task<Bytes> Poll(AgentIdentity agent, wire::PollRequest request) override {
    seen = "poll " + agent.cluster.str() + " " + request.facts.kube_version;
    co_return Bytes("frames");
  }
  Result<Bytes> Bundle(const AgentIdentity&, const BundleDigest& digest,
                       const std::optional<BundleDigest>& from) override {
    seen = "bundle " + digest.Hex().substr(0, 4) + (from ? " from" : "");
    if (digest == crypto::Sha256("foreign")) return MakeError(Errc::kPermission, "not yours");
    return Bytes("bundle");
  }
  TaskVoid Report(AgentIdentity, wire::Report report) override {
    seen = "report " + report.id;
    if (full) co_return MakeError(Errc::kIo, "disk full");
    co_return Status();
  }
  std::optional<Error> refuse;
  bool full = false;
  std::string seen;
};

class AgentApi : public ::testing::Test {
 protected:
  net::HttpResponse Call(const std::string& method, const std::string& target,
                         const Bytes& body = "") {
    return net::Call(AgentRoutes(backend), method, target, body);
  }
  RecordingBackend backend;
  const std::string digest = crypto::Sha256("mine").Hex();
};

TEST_F(AgentApi, APollIsAnsweredWithFrames) {
  wire::PollRequest request;
  request.facts.kube_version = "v1.36.3";
  const auto response = Call("POST", wire::kPollPath, wire::Encode(request));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "frames");
  EXPECT_EQ(backend.seen, "poll c v1.36.3");
}

TEST_F(AgentApi, ABundleNeedsADigestAndAGrant) {
  EXPECT_EQ(Call("GET", wire::kBundlesPath + digest).body, "bundle");
  Call("GET", wire::kBundlesPath + digest + "?from=" + digest);
  EXPECT_NE(backend.seen.find(" from"), std::string::npos);
  EXPECT_EQ(Call("GET", wire::kBundlesPath + crypto::Sha256("foreign").Hex()).status, 403);
  EXPECT_EQ(Call("GET", wire::kBundlesPath + std::string("xyz")).status, 400);
  EXPECT_EQ(Call("GET", wire::kBundlesPath + digest + "?from=1").status, 400);
  EXPECT_EQ(Call("GET", wire::kBundlesPath + digest + "/more").status, 404);
}

TEST_F(AgentApi, AReportIsConfirmedOnlyWhenItIsStored) {
  wire::Report report;
  report.id = "r1";
  EXPECT_EQ(Call("POST", wire::kReportPath, wire::Encode(report)).status, 204);
  EXPECT_EQ(backend.seen, "report r1");
  backend.full = true;
  EXPECT_GE(Call("POST", wire::kReportPath, wire::Encode(report)).status, 500);
}

TEST_F(AgentApi, WhoIsNotKnownGetsNothing) {
  backend.refuse = MakeError(Errc::kUnauthenticated, "who are you");
  EXPECT_EQ(Call("POST", wire::kPollPath, "{}").status, 401);
  EXPECT_EQ(Call("GET", wire::kBundlesPath + digest).status, 401);
  backend.refuse = MakeError(Errc::kPermission, "revoked");
  EXPECT_EQ(Call("POST", wire::kReportPath, "{}").status, 403);
  EXPECT_EQ(backend.seen, "");
}

TEST_F(AgentApi, WrongMethodsPathsAndBodiesAreRefused) {
  EXPECT_EQ(Call("GET", wire::kPollPath).status, 405);
  EXPECT_EQ(Call("PUT", wire::kReportPath).status, 405);
  EXPECT_EQ(Call("POST", wire::kBundlesPath + digest).status, 405);
  EXPECT_EQ(Call("POST", "/v1/other").status, 404);
  EXPECT_EQ(Call("POST", wire::kPollPath, "[]").status, 400);
  EXPECT_EQ(Call("POST", wire::kReportPath, "{").status, 400);
  EXPECT_EQ(backend.seen, "");
}

}  // namespace
}  // namespace dunlin::hub
