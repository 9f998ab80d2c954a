// Two engines back to back in memory: the stream itself, its limits, and what is switched off.
#include "protocol/tls/engine.h"

#include <gtest/gtest.h>

#include "tests/protocol/tls/pki.h"

namespace dunlin::tls {
namespace {

struct EngineTest : testing::Test {
  Authority ca;
  Leaf server_leaf = Issue(ca, ServerRequest());
  Leaf agent_leaf = Issue(ca, AgentRequest());
  Config::Options server = ServerOptions(ca, server_leaf);
  Config::Options client = ClientOptions(ca, agent_leaf);
};

TEST_F(EngineTest, MutualHandshakeGivesBothCertificatesAndTheProtocol) {
  Pair pair(client, server);
  pair.Run();
  ASSERT_TRUE(pair.client_status) << pair.client_status.error().message;
  ASSERT_TRUE(pair.server_status) << pair.server_status.error().message;
  ASSERT_TRUE(pair.client.HandshakeDone() && pair.server.HandshakeDone());
  EXPECT_EQ(pair.client.Alpn(), "h2");
  EXPECT_EQ(pair.server.Alpn(), "h2");
  ASSERT_TRUE(pair.server.PeerCertificate());
  EXPECT_EQ(pair.server.PeerCertificate()->uri_sans,
            std::vector<std::string>{"dunlin://h/cluster/c/agent/a"});
  ASSERT_TRUE(pair.client.PeerCertificate());
  EXPECT_EQ(pair.client.PeerCertificate()->dns_sans, std::vector<std::string>{kHubName});
  EXPECT_EQ(pair.client.PeerCaSpki(), ca.key.Public().SpkiDer());
}

TEST_F(EngineTest, BytesArriveInOrderInBothDirectionsAlsoFedOneByOne) {
  for (size_t chunk : {size_t{1}, size_t{2}, size_t{1500}, size_t{1} << 20}) {
    Pair pair(client, server);
    pair.Run(chunk);
    ASSERT_TRUE(pair.client.HandshakeDone() && pair.server.HandshakeDone()) << chunk;
    ASSERT_TRUE(pair.client.Write("question"));
    ASSERT_TRUE(pair.server.Write("answer "));
    ASSERT_TRUE(pair.server.Write("in two"));
    pair.Run(chunk);
    EXPECT_EQ(pair.server.TakePlaintext(), "question");
    EXPECT_EQ(pair.client.TakePlaintext(), "answer in two");
    EXPECT_EQ(pair.client.TakePlaintext(), "");
  }
}

TEST_F(EngineTest, WritesOfManyRecordsArriveWhole) {
  Pair pair(client, server);
  pair.Run();
  Bytes large(3 * 1024 * 1024 + 17, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761u >> 13);
  ASSERT_TRUE(pair.client.Write(large));
  ASSERT_TRUE(pair.client.Write(""));
  pair.Run(65536);
  ASSERT_TRUE(pair.server_status);
  EXPECT_EQ(pair.server.TakePlaintext(), large);
}

TEST_F(EngineTest, CloseIsSeenByThePeerAfterAllData) {
  Pair pair(client, server);
  pair.Run();
  ASSERT_TRUE(pair.client.Write("last words"));
  pair.client.Close();
  pair.client.Close();
  EXPECT_EQ(pair.client.Write("more").error().code, Errc::kCancelled);
  EXPECT_FALSE(pair.server.PeerClosed());
  pair.Run();
  EXPECT_TRUE(pair.server.PeerClosed());
  EXPECT_EQ(pair.server.TakePlaintext(), "last words");
  EXPECT_TRUE(pair.server.Feed("bytes after close_notify"));
  EXPECT_TRUE(pair.server.Write("the other direction stays open"));
  pair.Run();
  EXPECT_EQ(pair.client.TakePlaintext(), "the other direction stays open");
}

// H12: neither a ticket nor anything else may be left that a later connection could resume.
TEST_F(EngineTest, ServerSendsNothingAfterItsHandshakeSoNoTicket) {
  Pair pair(client, server);
  pair.Run();
  ASSERT_TRUE(pair.server.HandshakeDone());
  EXPECT_EQ(pair.server.Drain(), "");
  pair.to_client.clear();
  ASSERT_TRUE(pair.client.Write("x"));
  pair.Run();
  EXPECT_EQ(pair.to_client, "");
}

TEST_F(EngineTest, ClientOffersTls13OnlyWithoutPskKeyExchange) {
  Engine engine(MustMake(client), kHubName);
  const Bytes hello = engine.Drain();
  ASSERT_GT(hello.size(), 50u);
  EXPECT_EQ(hello.find(Bytes("\x00\x29", 2) + Bytes("\x00", 1)), Bytes::npos) << "pre_shared_key";
  // supported_versions: one entry, 0x0304.
  EXPECT_NE(hello.find(Bytes("\x00\x2b\x00\x03\x02\x03\x04", 7)), Bytes::npos);
  // supported_groups: secp256r1 alone.
  EXPECT_NE(hello.find(Bytes("\x00\x0a\x00\x04\x00\x02\x00\x17", 8)), Bytes::npos);
  EXPECT_NE(hello.find(kHubName), Bytes::npos) << "SNI";
}

TEST_F(EngineTest, ForeignServersAreOfferedP256FirstThenX25519AndP384) {
  client.own_chain_rules = false;
  const Bytes hello = Engine(MustMake(client), kHubName).Drain();
  EXPECT_NE(hello.find(Bytes("\x00\x0a\x00\x08\x00\x06\x00\x17\x00\x1d\x00\x18", 12)), Bytes::npos);
}

TEST_F(EngineTest, AddressAsNameIsVerifiedButNotSentAsSni) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Pair pair(client, server, address);
    pair.Run();
    EXPECT_TRUE(pair.client_status && pair.client.HandshakeDone()) << address;
    EXPECT_EQ(pair.to_server.find(address), std::string::npos);
  }
}

TEST_F(EngineTest, NoCommonProtocolIsRefusedOnBothSides) {
  server.alpn = {"http/1.1"};
  Pair pair(client, server);
  pair.Run();
  EXPECT_EQ(pair.server_status.error().code, Errc::kUnsupported);
  EXPECT_EQ(pair.client_status.error().code, Errc::kUnsupported);
  EXPECT_NE(pair.client_status.error().message.find("ALPN"), std::string::npos);
}

TEST_F(EngineTest, PeerWithoutAlpnIsRefusedWhereItIsRequired) {
  Config::Options silent = client;
  silent.alpn = {};
  Pair pair(silent, server);
  pair.Run();
  EXPECT_EQ(pair.server_status.error().code, Errc::kUnsupported);
  EXPECT_FALSE(pair.server.HandshakeDone());

  server.alpn = {};
  Pair other(client, server);
  other.Run();
  EXPECT_EQ(other.client_status.error().code, Errc::kUnsupported);
  EXPECT_FALSE(other.client.HandshakeDone());

  client.require_alpn = false;
  Pair relaxed(client, server);
  relaxed.Run();
  EXPECT_TRUE(relaxed.client.HandshakeDone());
  EXPECT_EQ(relaxed.client.Alpn(), "");
}

TEST_F(EngineTest, AServerMayAnswerToItsOwnNamesOnly) {
  server.own_names_only = true;
  const auto served = [&](const Leaf& leaf, const std::string& name) {
    server.certificate_pem = leaf.certificate_pem;
    server.private_key_pem = leaf.key_pem;
    Pair pair(client, server, name);
    pair.Run();
    if (!pair.server_status) {
      EXPECT_EQ(pair.server_status.error().code, Errc::kUnsupported);
      EXPECT_NE(pair.server_status.error().message.find("name"), std::string::npos);
      EXPECT_FALSE(pair.client_status);
    }
    return pair.server_status.has_value();
  };
  auto request = ServerRequest();
  request.dns_sans = {kHubName, "*.hubs.example"};
  request.ip_sans = {};
  const Leaf names = Issue(ca, request);
  EXPECT_TRUE(served(names, kHubName));
  EXPECT_TRUE(served(names, "eu.hubs.example"));
  EXPECT_FALSE(served(names, "a.eu.hubs.example"));
  EXPECT_FALSE(served(names, "hubs.example"));
  EXPECT_FALSE(served(names, "other.example"));
  EXPECT_FALSE(served(names, "127.0.0.1")) << "no SNI, and no IP address in the certificate";
  request.ip_sans = {"127.0.0.1"};
  const Leaf address = Issue(ca, request);
  EXPECT_TRUE(served(address, "127.0.0.1"));
  EXPECT_TRUE(served(address, kHubName));
  EXPECT_FALSE(served(address, "other.example"));
}

TEST_F(EngineTest, GarbageIsATypedErrorAndTheEngineStaysDead) {
  const Bytes inputs[] = {"GET / HTTP/1.1\r\n\r\n",
                          Bytes(70000, '\0'),
                          Bytes(70000, '\xff'),
                          Bytes("\x16\x03\x01\xff\xff", 5) + Bytes(20000, 'a'),
                          Bytes("\x15\x03\x03\x00\x02\x02\x28", 7),
                          Bytes("\x17\x03\x03\x00\x00", 5)};
  for (const Bytes& input : inputs) {
    Engine engine(MustMake(server), "");
    const Status status = engine.Feed(input);
    ASSERT_FALSE(status) << HexEncode(BytesView(input).substr(0, 8));
    EXPECT_NE(status.error().code, Errc::kInternal) << status.error().message;
    EXPECT_FALSE(engine.Feed("more"));
    EXPECT_FALSE(engine.HandshakeDone());
    EXPECT_EQ(engine.TakePlaintext(), "");
  }
}

// Every byte of every flight flipped once: no crash, no completed handshake on the side that read
// a damaged flight, never plaintext.
TEST_F(EngineTest, ADamagedHandshakeNeverCompletes) {
  Pair reference(client, server);
  reference.Run();
  const size_t length = reference.to_client.size();
  for (size_t position = 0; position < length; position += 41) {
    Engine c(MustMake(client), kHubName), s(MustMake(server), "");
    ASSERT_TRUE(s.Feed(c.Drain()));
    Bytes flight = s.Drain();
    if (position >= flight.size()) break;
    flight[position] = static_cast<char>(flight[position] ^ 0x40);
    const Status status = c.Feed(flight);
    EXPECT_FALSE(c.HandshakeDone()) << position;
    EXPECT_EQ(c.TakePlaintext(), "");
    (void)status;  // a longer length field only waits for more
  }
}

TEST_F(EngineTest, ADamagedRecordEndsTheConnection) {
  Pair pair(client, server);
  pair.Run();
  ASSERT_TRUE(pair.client.Write("payload"));
  Bytes record = pair.client.Drain();
  record.back() = static_cast<char>(record.back() ^ 1);
  EXPECT_EQ(pair.server.Feed(record).error().code, Errc::kCorrupt);
  EXPECT_EQ(pair.server.TakePlaintext(), "");
  EXPECT_FALSE(pair.server.Write("x"));
}

TEST_F(EngineTest, ClientWithoutANameSaysSoAtTheFirstFeed) {
  Engine engine(MustMake(client), "");
  EXPECT_EQ(engine.Drain(), "");
  EXPECT_EQ(engine.Feed("").error().code, Errc::kInvalidArgument);
}

TEST_F(EngineTest, WrongSettingsAreNamed) {
  Config::Options no_certificate = server;
  no_certificate.certificate_pem.clear();
  EXPECT_EQ(Config::Make(no_certificate).error().code, Errc::kInvalidArgument);
  Config::Options foreign_key = server;
  foreign_key.private_key_pem = agent_leaf.key_pem;
  EXPECT_NE(Config::Make(foreign_key).error().message.find("private key"), std::string::npos);
  Config::Options bad_ca = client;
  bad_ca.ca_pem += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_NE(Config::Make(bad_ca).error().message.find("CA file"), std::string::npos);
  Config::Options pin_and_ca = client;
  pin_and_ca.pin_ca_spki = ca.Spki();
  EXPECT_EQ(Config::Make(pin_and_ca).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace dunlin::tls
