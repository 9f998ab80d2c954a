// H11 and H14: who may talk to whom, each refusal with its own reason.
#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/tls/engine.h"
#include "tests/protocol/tls/pki.h"

namespace dunlin::tls {
namespace {

using std::chrono::hours;

struct IdentityTest : testing::Test {
  Authority ca;
  Authority other_ca{"Other CA"};
  Leaf server_leaf = Issue(ca, ServerRequest());
  Leaf agent_leaf = Issue(ca, AgentRequest());
  Config::Options server = ServerOptions(ca, server_leaf);
  Config::Options client = ClientOptions(ca, agent_leaf);

  // The server refuses this client, with this code and these words; the client learns that it was
  // refused.
  void ExpectClientRefused(const Leaf& leaf, Errc code, const std::string& words) {
    Pair pair(ClientOptions(ca, leaf), server);
    pair.Run();
    ASSERT_FALSE(pair.server_status) << words;
    EXPECT_EQ(pair.server_status.error().code, code) << pair.server_status.error().message;
    EXPECT_NE(pair.server_status.error().message.find(words), std::string::npos)
        << pair.server_status.error().message;
    EXPECT_FALSE(pair.server.HandshakeDone());
    ASSERT_FALSE(pair.client_status);
    EXPECT_EQ(pair.client_status.error().code, Errc::kUnauthenticated)
        << pair.client_status.error().message;
  }
  void ExpectServerRefused(const Leaf& leaf, Errc code, const std::string& words,
                           const std::string& name = kHubName) {
    Pair pair(client, ServerOptions(ca, leaf), name);
    pair.Run();
    ASSERT_FALSE(pair.client_status) << words;
    EXPECT_EQ(pair.client_status.error().code, code) << pair.client_status.error().message;
    EXPECT_NE(pair.client_status.error().message.find(words), std::string::npos)
        << pair.client_status.error().message;
    EXPECT_FALSE(pair.client.HandshakeDone());
  }
};

TEST_F(IdentityTest, ClientWithoutACertificateIsRefused) {
  Config::Options bare = client;
  bare.certificate_pem.clear();
  bare.private_key_pem.clear();
  Pair pair(bare, server);
  pair.Run();
  ASSERT_FALSE(pair.server_status);
  EXPECT_EQ(pair.server_status.error().code, Errc::kUnauthenticated);
  EXPECT_NE(pair.server_status.error().message.find("sent no certificate"), std::string::npos);
  EXPECT_FALSE(pair.client_status);
}

TEST_F(IdentityTest, ClientOfAnotherCaIsRefused) {
  ExpectClientRefused(Issue(other_ca, AgentRequest()), Errc::kSignature, "not signed by");
}

TEST_F(IdentityTest, ClientOfAnotherCaWithTheSameNameIsRefused) {
  ExpectClientRefused(Issue(Authority("Test CA"), AgentRequest()), Errc::kSignature,
                      "not signed by");
}

TEST_F(IdentityTest, ExpiredClientIsRefusedWithTheDate) {
  auto request = AgentRequest();
  request.not_before = Now() - hours(48);
  request.not_after = Now() - hours(1);
  ExpectClientRefused(Issue(ca, request), Errc::kExpired,
                      "expired on " + FormatTime(request.not_after));
}

TEST_F(IdentityTest, FutureClientIsRefusedWithTheDate) {
  auto request = AgentRequest();
  request.not_before = Now() + hours(1);
  ExpectClientRefused(Issue(ca, request), Errc::kExpired,
                      "not valid before " + FormatTime(request.not_before));
}

TEST_F(IdentityTest, ServerCertificateAsClientIsRefused) {
  auto request = AgentRequest();
  request.server = true;
  ExpectClientRefused(Issue(ca, request), Errc::kSignature, "not made for clients");
}

TEST_F(IdentityTest, CaCertificateAsClientIsRefused) {
  ExpectClientRefused({ca.pem, ca.key.Pem()}, Errc::kSignature, "not signed by");
}

TEST_F(IdentityTest, ClientWithSeveralNamesOrNoneIsRefused) {
  auto request = AgentRequest();
  request.dns_sans = {"a.example"};
  ExpectClientRefused(Issue(ca, request), Errc::kSignature, "exactly one identity");
  request = AgentRequest();
  request.uri_san.reset();
  ExpectClientRefused(Issue(ca, request), Errc::kSignature, "exactly one identity");
}

TEST_F(IdentityTest, OnlyOurCaMayStandBesideTheLeaf) {
  Leaf with_ca = agent_leaf;
  with_ca.certificate_pem += ca.pem;
  Pair pair(ClientOptions(ca, with_ca), server);
  pair.Run();
  EXPECT_TRUE(pair.server.HandshakeDone());

  Leaf with_other = agent_leaf;
  with_other.certificate_pem += other_ca.pem;
  ExpectClientRefused(with_other, Errc::kSignature, "not our CA");
  Leaf with_leaf = agent_leaf;
  with_leaf.certificate_pem += server_leaf.certificate_pem;
  ExpectClientRefused(with_leaf, Errc::kSignature, "not our CA");
}

size_t DerBytes(const std::string& pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  size_t bytes = 0;
  for (size_t at = 0; (at = pem.find(kBegin, at)) != std::string::npos;) {
    at += kBegin.size();
    std::string text = pem.substr(at, pem.find(kEnd, at) - at);
    std::erase(text, '\n');
    bytes += Base64Decode(text).value().size();
  }
  return bytes;
}

// A leaf with as many copies of the CA as leave room for a name, and a name that fills the rest.
// The signature inside is one or two bytes shorter now and then.
Leaf LeafOfChain(const Authority& ca, size_t chain_bytes) {
  std::string authorities;
  while (DerBytes(authorities) + 3 * DerBytes(ca.pem) < chain_bytes) authorities += ca.pem;
  const size_t wanted = chain_bytes - DerBytes(authorities);
  auto request = AgentRequest();
  *request.uri_san += std::string(300, 'x');
  for (int tries = 0; tries < 500; ++tries) {
    Leaf leaf = Issue(ca, request);
    const size_t got = DerBytes(leaf.certificate_pem);
    if (got == wanted) {
      leaf.certificate_pem += authorities;
      return leaf;
    }
    request.uri_san->resize(request.uri_san->size() + wanted - got, 'x');
  }
  ADD_FAILURE() << "no leaf of " << wanted << " bytes";
  return {};
}

TEST_F(IdentityTest, ChainAtItsLimitIsTakenAndAboveItIsRefused) {
  Pair pair(ClientOptions(ca, LeafOfChain(ca, limits::kOwnChainBytes)), server);
  pair.Run();
  EXPECT_TRUE(pair.server.HandshakeDone()) << pair.server_status.error().message;
  ExpectClientRefused(LeafOfChain(ca, limits::kOwnChainBytes + 1), Errc::kSignature, "too large");
}

TEST_F(IdentityTest, ServerOfAnotherCaIsRefused) {
  ExpectServerRefused(Issue(other_ca, ServerRequest()), Errc::kSignature, "not signed by");
}

TEST_F(IdentityTest, ServerWithAnotherNameIsRefusedAndBothNamesAreSaid) {
  ExpectServerRefused(server_leaf, Errc::kSignature, "not for the name evil.example",
                      "evil.example");
  ExpectServerRefused(server_leaf, Errc::kSignature, "it is for hub.example", "evil.example");
  ExpectServerRefused(server_leaf, Errc::kSignature, "not for the address 127.0.0.2", "127.0.0.2");
}

TEST_F(IdentityTest, ExpiredServerIsRefusedWithTheDate) {
  auto request = ServerRequest();
  request.not_before = Now() - hours(48);
  request.not_after = Now() - hours(1);
  ExpectServerRefused(Issue(ca, request), Errc::kExpired,
                      "the server's certificate expired on " + FormatTime(request.not_after));
}

// A machine without a clock starts in 1970; what it has verified before tells that time has passed.
TEST_F(IdentityTest, TheTimeFloorForgivesOnlyNotYetValid) {
  auto request = ServerRequest();
  request.not_before = Now() + hours(2);
  const Leaf future = Issue(ca, request);
  Pair below(client, ServerOptions(ca, future), kHubName, request.not_before - Millis(1000));
  below.Run();
  EXPECT_EQ(below.client_status.error().code, Errc::kExpired);
  Pair above(client, ServerOptions(ca, future), kHubName, request.not_before);
  above.Run();
  EXPECT_TRUE(above.client.HandshakeDone());

  request.not_before = Now() - hours(48);
  request.not_after = Now() - hours(1);
  Pair expired(client, ServerOptions(ca, Issue(ca, request)), kHubName, Now());
  expired.Run();
  EXPECT_EQ(expired.client_status.error().code, Errc::kExpired);
}

TEST_F(IdentityTest, NoCaFileMeansNoPeerIsTrusted) {
  client.ca_pem.clear();
  Pair pair(client, server);
  pair.Run();
  EXPECT_EQ(pair.client_status.error().code, Errc::kSignature);
  client.own_chain_rules = false;
  Pair relaxed(client, server);
  relaxed.Run();
  EXPECT_EQ(relaxed.client_status.error().code, Errc::kSignature);
}

struct EnrollmentTest : IdentityTest {
  // The hub's public port: no client certificate, the CA in the chain.
  Config::Options Hub(const Authority& authority, const crypto::CertificateRequest& request) {
    Leaf leaf = Issue(authority, request);
    leaf.certificate_pem += authority.pem;
    auto options = ServerOptions(authority, leaf);
    options.verify_peer = false;
    options.own_chain_rules = false;
    return options;
  }
  Config::Options Pinned(const Digest& pin) {
    return {.role = Role::kClient, .alpn = {"h2"}, .pin_ca_spki = pin};
  }
  Status Connect(const Config::Options& agent, const Config::Options& hub,
                 const std::string& name = kHubName) {
    Pair pair(agent, hub, name);
    pair.Run();
    EXPECT_EQ(pair.client.HandshakeDone(), pair.client_status.has_value());
    return pair.client_status;
  }
};

TEST_F(EnrollmentTest, PinnedCaIsAccepted) {
  const Status status = Connect(Pinned(ca.Spki()), Hub(ca, ServerRequest()));
  EXPECT_TRUE(status) << status.error().message;
}

TEST_F(EnrollmentTest, AnotherCaIsRefused) {
  EXPECT_EQ(Connect(Pinned(ca.Spki()), Hub(other_ca, ServerRequest())).error().code,
            Errc::kSignature);
}

TEST_F(EnrollmentTest, ThePinnedCaBesideALeafThatItDidNotSignIsRefused) {
  Leaf forged = Issue(Authority("Test CA"), ServerRequest());
  forged.certificate_pem += ca.pem;
  auto hub = ServerOptions(ca, forged);
  hub.verify_peer = false;
  EXPECT_EQ(Connect(Pinned(ca.Spki()), hub).error().code, Errc::kSignature);
}

TEST_F(EnrollmentTest, AChainWithoutTheCaIsRefused) {
  auto hub = ServerOptions(ca, server_leaf);
  hub.verify_peer = false;
  EXPECT_EQ(Connect(Pinned(ca.Spki()), hub).error().code, Errc::kSignature);
}

TEST_F(EnrollmentTest, NameTimeAndUsageStillCount) {
  EXPECT_EQ(Connect(Pinned(ca.Spki()), Hub(ca, ServerRequest()), "evil.example").error().code,
            Errc::kSignature);
  EXPECT_EQ(Connect(Pinned(ca.Spki()), Hub(ca, ServerRequest()), "10.0.0.1").error().code,
            Errc::kSignature);
  auto expired = ServerRequest();
  expired.not_before = Now() - hours(3);
  expired.not_after = Now() - hours(1);
  EXPECT_EQ(Connect(Pinned(ca.Spki()), Hub(ca, expired)).error().code, Errc::kExpired);
}

TEST_F(EnrollmentTest, TrustingTheSentCaTellsWhichOneItWas) {
  Config::Options agent{.role = Role::kClient, .alpn = {"h2"}, .trust_sent_ca = true};
  Pair pair(agent, Hub(other_ca, ServerRequest()));
  pair.Run();
  ASSERT_TRUE(pair.client.HandshakeDone());
  EXPECT_EQ(pair.client.PeerCaSpki(), other_ca.key.Public().SpkiDer());
  auto bare = ServerOptions(ca, server_leaf);
  bare.verify_peer = false;
  EXPECT_FALSE(Connect(agent, bare));
}

}  // namespace
}  // namespace dunlin::tls
