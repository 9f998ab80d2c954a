#include "agent/hublink/enroll.h"

#include <gtest/gtest.h>

#include "protocol/crypto/certificate.h"
#include "protocol/trust/documents.h"
#include "protocol/trust/enroll_proof.h"
#include "protocol/wire/error.h"
#include "protocol/wire/version.h"
#include "tests/agent/support/run_task.h"
#include "tests/agent/support/scripted_client.h"

namespace dunlin::hublink {
namespace {

constexpr TimePoint kStart{Millis(1790000000000)};

// A hub that knows one token.
class EnrollTest : public testing::Test {
 protected:
  EnrollTest() : ca_key_(Key()), hub_key_(Key()), ca_pem_(Ca(ca_key_)), root_raw_(Root(hub_key_)) {
    token_.pin = trust::TokenPin(root_raw_, ca_key_.Public());
    token_.id = "t1";
    token_.secret = Bytes(trust::kTokenSecretBytes, 's');
    challenge_.root = root_raw_;
    challenge_.nonce = Bytes(trust::kEnrollNonceBytes, 'n');
    challenge_.ca_pem = ca_pem_;
  }

  static crypto::PrivateKey Key() { return std::move(*crypto::PrivateKey::Generate()); }
  static std::string Ca(const crypto::PrivateKey& key) {
    return *crypto::MakeCaPem(key, "hub CA", kStart, kStart + std::chrono::days(3650),
                              Bytes(16, '\1'));
  }
  static Bytes Root(const crypto::PrivateKey& key) {
    trust::Root root;
    root.expires = kStart + std::chrono::days(365);
    root.roles["root"] = {{key.Public()}, 1, 1};
    root.roles["hub"] = {{key.Public()}, 1, 1};
    return *root.Serialize();
  }
  std::string Leaf(const crypto::PublicKey& key) const {
    crypto::CertificateRequest request;
    request.common_name = "dunlin-agent a1";
    request.uri_san = "dunlin://h/cluster/c1/agent/a1";
    request.not_before = kStart;
    request.not_after = kStart + std::chrono::days(30);
    request.serial = Bytes(16, '\2');
    return *crypto::MakeLeafPem(ca_key_, ca_pem_, key, request);
  }

  Connect Connector() {
    return [this](const std::string& ca_pem) -> Result<std::shared_ptr<net::HttpClient>> {
      anchors_.push_back(ca_pem);
      auto client = std::make_shared<ScriptedClient>(
          [this](const net::HttpRequest& request) { return Answer(request); });
      clients_.push_back(client);
      return std::shared_ptr<net::HttpClient>(client);
    };
  }

  Result<net::HttpResponse> Answer(const net::HttpRequest& request) {
    bodies_.push_back(request.body);
    if (failure_at_ > 0 && bodies_.size() == failure_at_) return failure_;
    auto finish = wire::ParseEnrollFinish(request.body);
    if (!finish) return net::HttpResponse{200, {}, wire::Encode(challenge_)};
    finish_ = *finish;
    auto key = crypto::PublicKey::FromPoint(finish->public_key);
    EXPECT_TRUE(key.has_value());
    wire::EnrollResult result;
    result.certificate_pem = Leaf(other_key_ ? ca_key_.Public() : *key);
    result.ca_pem = other_ca_.empty() ? ca_pem_ : other_ca_;
    result.root = root_raw_;
    result.cluster_id = "c1";
    result.agent_id = "a1";
    result.cluster_name = "store-1";
    result.region = "eu";
    result.channel = "default";
    result.agent_port = 7443;
    return net::HttpResponse{200, {}, wire::Encode(result)};
  }

  Result<Enrolled> Run() {
    return RunTask(io_, Enroll({token_, "https://hub.example:8443", "ks-uid"}, Connector()));
  }
  bool SecretLeft() const {
    for (const Bytes& body : bodies_) {
      if (body.find(Base64UrlEncode(token_.secret)) != Bytes::npos) return true;
    }
    return false;
  }

  asio::io_context io_;
  crypto::PrivateKey ca_key_, hub_key_;
  std::string ca_pem_;
  Bytes root_raw_;
  trust::EnrollToken token_;
  wire::EnrollChallenge challenge_;
  wire::EnrollFinish finish_;
  bool other_key_ = false;
  std::string other_ca_;
  size_t failure_at_ = 0;
  Error failure_ = MakeError(Errc::kUnavailable, "lost");
  std::vector<Bytes> bodies_;
  std::vector<std::string> anchors_;
  std::vector<std::shared_ptr<ScriptedClient>> clients_;
};

TEST_F(EnrollTest, SendsTheSecretOnlyToTheVerifiedHubWithAProofOfTheKey) {
  auto enrolled = Run();
  ASSERT_TRUE(enrolled.has_value()) << enrolled.error().message;
  EXPECT_EQ(anchors_, (std::vector<std::string>{"", ca_pem_}));
  EXPECT_EQ(clients_[0]->requests.size(), 1u);
  EXPECT_EQ(clients_[1]->requests.size(), 2u);  // challenge and proof share the connection
  EXPECT_EQ(finish_.secret, Base64UrlEncode(token_.secret));
  EXPECT_EQ(finish_.public_key, enrolled->key.Public().Point());
  EXPECT_EQ(finish_.encryption_key, enrolled->envelope_key.Public().Point());
  const trust::EnrollFields fields{"t1", challenge_.nonce, "ks-uid", finish_.public_key,
                                   finish_.encryption_key};
  EXPECT_TRUE(trust::VerifyEnrollment(fields, finish_.proof).has_value());

  const sync::Identity& identity = enrolled->identity;
  EXPECT_EQ(identity.cluster, ClusterId("c1"));
  EXPECT_EQ(identity.agent, AgentId("a1"));
  EXPECT_EQ(identity.cluster_name, "store-1");
  EXPECT_EQ(identity.kube_uid, "ks-uid");
  EXPECT_EQ(identity.hub_url, "https://hub.example:8443");
  EXPECT_EQ(identity.agent_host, "hub.example");  // the hub named none
  EXPECT_EQ(identity.agent_port, 7443);
  EXPECT_EQ(identity.generation, 1);
  EXPECT_EQ(enrolled->root_raw, root_raw_);
}

TEST_F(EnrollTest, RefusesAnotherRootBeforeTheSecretLeaves) {
  challenge_.root = Root(Key());
  const auto enrolled = Run();
  ASSERT_FALSE(enrolled.has_value());
  EXPECT_EQ(enrolled.error().code, Errc::kSignature);
  EXPECT_FALSE(SecretLeft());
  EXPECT_EQ(clients_.size(), 1u);
}

TEST_F(EnrollTest, RefusesAnotherCaBeforeTheSecretLeaves) {
  challenge_.ca_pem = Ca(Key());
  const auto enrolled = Run();
  ASSERT_FALSE(enrolled.has_value());
  EXPECT_EQ(enrolled.error().code, Errc::kSignature);
  EXPECT_FALSE(SecretLeft());
}

TEST_F(EnrollTest, RefusesAnAnswerWithoutCa) {
  challenge_.ca_pem.clear();
  const auto enrolled = Run();
  ASSERT_FALSE(enrolled.has_value());
  EXPECT_EQ(enrolled.error().code, Errc::kSignature);
  EXPECT_FALSE(SecretLeft());
}

TEST_F(EnrollTest, RefusesACertificateForAnotherKeyAndAnotherCa) {
  other_key_ = true;
  auto enrolled = Run();
  ASSERT_FALSE(enrolled.has_value());
  EXPECT_EQ(enrolled.error().code, Errc::kSignature);
  other_key_ = false;
  other_ca_ = Ca(Key());
  enrolled = Run();
  ASSERT_FALSE(enrolled.has_value());
  EXPECT_EQ(enrolled.error().code, Errc::kSignature);
}

TEST_F(EnrollTest, PassesOnAFailureOfEachCall) {
  for (size_t call = 1; call <= 3; ++call) {
    bodies_.clear();
    failure_at_ = call;
    const auto enrolled = Run();
    ASSERT_FALSE(enrolled.has_value());
    EXPECT_EQ(enrolled.error().code, Errc::kUnavailable) << "call " << call;
    EXPECT_EQ(SecretLeft(), call == 3);
  }
}

TEST_F(EnrollTest, ShowsTheHubsRefusal) {
  auto connect = [](const std::string&) -> Result<std::shared_ptr<net::HttpClient>> {
    return std::shared_ptr<net::HttpClient>(
        std::make_shared<ScriptedClient>([](const net::HttpRequest&) -> Result<net::HttpResponse> {
          const wire::ErrorBody body{"expired", "this token expired", "", "make a new one"};
          return net::HttpResponse{401, {}, wire::Encode(body)};
        }));
  };
  const auto enrolled = RunTask(io_, Enroll({token_, "https://hub", "ks"}, connect));
  ASSERT_FALSE(enrolled.has_value());
  EXPECT_EQ(enrolled.error().code, Errc::kExpired);
  EXPECT_EQ(enrolled.error().message, "this token expired; make a new one");
}

// Who else may answer at the address of --hub.
TEST_F(EnrollTest, TellsAPublicPortFromEverythingElse) {
  struct Case {
    Result<net::HttpResponse> answer;
    const char* says;
  };
  const Case cases[] = {
      {MakeError(Errc::kUnauthenticated, "the peer requires a client certificate"),
       "agents that are enrolled already"},
      {MakeError(Errc::kCorrupt, "the peer does not speak proper TLS"), "no Dunlin hub"},
      {MakeError(Errc::kUnsupported, "the server does not speak HTTP/2 (ALPN h2)"),
       "no Dunlin hub"},
      {net::HttpResponse{404, {}, "<html>not found</html>"}, "no Dunlin hub (status 404)"},
      {net::HttpResponse{200, {}, "<html>welcome</html>"}, "no Dunlin hub (status 200)"},
      {net::HttpResponse{204, {}, ""}, "no Dunlin hub (status 204)"},
  };
  for (const Case& one : cases) {
    auto connect = [&one](const std::string&) -> Result<std::shared_ptr<net::HttpClient>> {
      return std::shared_ptr<net::HttpClient>(
          std::make_shared<ScriptedClient>([&one](const net::HttpRequest&) { return one.answer; }));
    };
    const auto enrolled = RunTask(io_, Enroll({token_, "https://hub", "ks"}, connect));
    ASSERT_FALSE(enrolled.has_value());
    EXPECT_EQ(enrolled.error().code, Errc::kUnsupported) << one.says;
    EXPECT_NE(enrolled.error().message.find(one.says), std::string::npos)
        << enrolled.error().message;
  }
}

class RenewTest : public EnrollTest {
 protected:
  Result<wire::RenewResult> Renewal(int64_t answered_generation, bool other_key = false) {
    auto client = std::make_shared<ScriptedClient>(
        [this, answered_generation, other_key](const net::HttpRequest& request) {
          EXPECT_EQ(request.target, wire::kRenewPath);
          auto finish = wire::ParseRenewFinish(request.body);
          if (!finish) {
            const wire::EnrollChallenge challenge{{}, challenge_.nonce, {}};
            return Result<net::HttpResponse>(net::HttpResponse{200, {}, wire::Encode(challenge)});
          }
          const auto message =
              trust::RenewMessage(finish->agent_id, challenge_.nonce, finish->generation);
          EXPECT_TRUE(hub_key_.Public().Verify(*message, finish->proof).has_value());
          const wire::RenewResult result{Leaf(other_key ? ca_key_.Public() : hub_key_.Public()),
                                         answered_generation};
          return Result<net::HttpResponse>(net::HttpResponse{200, {}, wire::Encode(result)});
        });
    return RunTask(io_, Renew(client, "a1", 3, hub_key_.Pem()));
  }
};

TEST_F(RenewTest, GetsTheNextCertificateOfTheSameKey) {
  const auto renewed = Renewal(4);
  ASSERT_TRUE(renewed.has_value()) << renewed.error().message;
  EXPECT_EQ(renewed->generation, 4);
}

TEST_F(RenewTest, AsksWhereAgentsConnect) {
  wire::EnrollChallenge challenge{{}, challenge_.nonce, {}, "new.example", 7000};
  Result<net::HttpResponse> answer = net::HttpResponse{200, {}, wire::Encode(challenge)};
  const auto client =
      std::make_shared<ScriptedClient>([&](const net::HttpRequest&) { return answer; });
  const auto door = RunTask(io_, AskAgentPort(client, "a1"));
  ASSERT_TRUE(door.has_value()) << door.error().message;
  EXPECT_EQ(door->host, "new.example");
  EXPECT_EQ(door->port, 7000);
  answer = MakeError(Errc::kUnauthenticated, "the peer requires a client certificate");
  EXPECT_EQ(RunTask(io_, AskAgentPort(client, "a1")).error().code, Errc::kUnsupported);
  answer = MakeError(Errc::kSignature, "another CA");
  EXPECT_EQ(RunTask(io_, AskAgentPort(client, "a1")).error().code, Errc::kSignature);
}

TEST_F(RenewTest, RefusesAnotherKeyAndAnOldGeneration) {
  EXPECT_EQ(Renewal(4, true).error().code, Errc::kSignature);
  EXPECT_EQ(Renewal(3).error().code, Errc::kSignature);
}

}  // namespace
}  // namespace dunlin::hublink
