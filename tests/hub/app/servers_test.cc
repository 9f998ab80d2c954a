// The doors of the product: who gets in, with which names, and how large a body may be.
#include "hub/app/servers.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/net/http_client.h"
#include "protocol/wire/version.h"
#include "tests/hub/app/hub_world.h"

namespace dunlin::hub {
namespace {

constexpr Millis kLimit = Seconds(10);

class ServersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.config.agents.port = 0;
    world.config.public_.port = 0;
    world.config.admin_socket = world.dir + "/admin.sock";
    ASSERT_OK(RenewServerCertificate(world.dir, {"127.0.0.1", "hub.example"}, world.clock.Now(),
                                     world.random));
    world.Start();
    auto loaded = LoadKeys(world.dir);
    ASSERT_OK(loaded);
    keys.emplace(std::move(*loaded));
    ASSERT_OK(servers.Listen(world.context.get_executor(), world.config, *keys, *world.hub, Log()));
  }
  void TearDown() override {
    client.reset();
    ASSERT_OK(world.Run(servers.Stop(world.context.get_executor(), Seconds(1))));
  }

  // An agent of the hub's CA with this key; enrolled or not is the hub's to know.
  net::Origin AgentOrigin(const crypto::PrivateKey& key) {
    crypto::CertificateRequest request;
    request.common_name = "agent";
    request.uri_san = "dunlin://h/cluster/c/agent/a";
    request.not_before = world.clock.Now() - std::chrono::hours(1);
    request.not_after = world.clock.Now() + std::chrono::hours(1);
    request.serial = world.random.Fill(16);
    tls::Config::Options options;
    options.own_chain_rules = true;
    options.alpn = {"h2"};
    options.ca_pem = keys->ca_pem;
    options.certificate_pem =
        crypto::MakeLeafPem(keys->ca, keys->ca_pem, key.Public(), request).value();
    options.private_key_pem = key.Pem();
    return Origin(std::move(options), servers.agents->port());
  }
  net::Origin Origin(tls::Config::Options options, uint16_t port) {
    net::Origin origin;
    origin.host = "127.0.0.1";
    origin.port = port;
    origin.tls = tls::Config::Make(std::move(options)).value();
    return origin;
  }
  // The identity of an enrolled agent.
  AgentIdentity EnrolledWith(const crypto::PrivateKey& key) {
    const auto added = world.Add("c1");
    EXPECT_OK(added);
    const auto agent = world.EnrollWith(std::string(object::FindString(*added, {"token"})), key,
                                        "kube-1", ++world.connections);
    EXPECT_OK(agent);
    return agent->identity;
  }
  Result<net::HttpResponse> Post(std::string target, Bytes body) {
    net::HttpRequest request;
    request.method = "POST";
    request.target = std::move(target);
    request.body = std::move(body);
    return world.Run(client->Send(std::move(request), kLimit));
  }
  void Connect(net::Origin origin) {
    client = net::MakeHttpClient(world.context.get_executor(), std::move(origin));
  }

  HubWorld world;
  std::optional<HubKeys> keys;
  Servers servers;
  std::unique_ptr<net::HttpClient> client;
  crypto::PrivateKey key = crypto::PrivateKey::Generate().value();
};

TEST_F(ServersTest, AKeyThatIsNotEnrolledIsToldSoAndSendsNothing) {
  Connect(AgentOrigin(key));
  const auto answer = Post(wire::kPollPath, "{}");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("not enrolled"), std::string::npos)
      << answer.error().message;
}

TEST_F(ServersTest, ARevokedAgentIsCutOffAtOnceAndNotLetInAgain) {
  const AgentIdentity agent = EnrolledWith(key);
  Connect(AgentOrigin(key));
  const auto before = Post(wire::kReportPath, "no report");
  ASSERT_OK(before);
  EXPECT_EQ(before->status, 400);
  EXPECT_EQ(servers.agents->connections(), 1u);

  // A renewal from an older generation: somebody else holds a copy of the key.
  const auto challenge = world.hub->enrolment().BeginRenew(agent.agent.str(), 7);
  ASSERT_OK(challenge);
  wire::RenewFinish renewal{agent.agent.str(), 0, {}};
  const auto message = trust::RenewMessage(renewal.agent_id, challenge->nonce, renewal.generation);
  ASSERT_OK(message);
  renewal.proof = key.Sign(*message).value();
  EXPECT_FALSE(world.hub->enrolment().FinishRenew(renewal, 7));
  const auto after = Post(wire::kReportPath, "no report");
  ASSERT_FALSE(after);
  EXPECT_NE(after.error().message.find("revoked"), std::string::npos) << after.error().message;
}

TEST_F(ServersTest, AnAgentWhoseClusterIsEnrolledAgainIsCutOffFromItsHeldPollAndToldWhy) {
  EnrolledWith(key);
  Connect(AgentOrigin(key));
  net::HttpRequest request;
  request.method = "POST";
  request.target = wire::kPollPath;
  request.body = wire::Encode(wire::PollRequest{});
  testing_support::Started<net::HttpResponse> held(world.context, client->Send(request, kLimit));
  EXPECT_OK(Post(wire::kReportPath, "no report"));  // by now the poll waits
  EXPECT_FALSE(held.done());
  EnrolledWith(*crypto::PrivateKey::Generate());
  const auto ended = held.Wait();
  ASSERT_FALSE(ended.has_value());
  const std::string why = "another agent was enrolled for cluster c1";
  EXPECT_NE(ended.error().message.find(why), std::string::npos) << ended.error().message;
  const auto again = Post(wire::kReportPath, "no report");
  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().message.find(why), std::string::npos) << again.error().message;
}

TEST_F(ServersTest, AnAgentWhoseLastConnectionEndsIsGoneWithinSeconds) {
  EnrolledWith(key);
  AdminBackend& admin = world.hub->admin();
  const auto connected = [&admin] {
    return *object::Find(admin.Cluster("c1").value(), {"connected"}) == object::Value(true);
  };
  const auto last_seen = [&admin] {
    return object::FindInt(admin.Cluster("c1").value(), {"last_seen"}).value();
  };
  net::HttpRequest request;
  request.method = "POST";
  request.target = wire::kPollPath;
  request.body = wire::Encode(wire::PollRequest{});
  auto other = net::MakeHttpClient(world.context.get_executor(), AgentOrigin(key));
  Connect(AgentOrigin(key));
  testing_support::Started<net::HttpResponse> held(world.context, client->Send(request, kLimit));
  request.body = "no poll";
  ASSERT_OK(world.Run(other->Send(request, kLimit)));
  ASSERT_OK(Post(wire::kReportPath, "no report"));
  EXPECT_TRUE(connected());

  client.reset();
  EXPECT_FALSE(held.Wait().has_value());
  while (servers.agents->connections() > 1) ASSERT_NE(world.context.run_one(), 0u);
  ASSERT_OK(world.Run(other->Send(request, kLimit)));
  EXPECT_TRUE(connected()) << "another connection is open";
  other.reset();
  while (servers.agents->connections() > 0) ASSERT_NE(world.context.run_one(), 0u);
  EXPECT_TRUE(connected()) << "it may come back at once";
  const int64_t ended = last_seen();
  for (int change = 0; connected() && change < 3; ++change) {  // of what watchers of the status see
    ASSERT_OK(world.Run(admin.WaitForChange(admin.StatusVersion(), kLimit)));
  }
  EXPECT_FALSE(connected());
  EXPECT_EQ(last_seen(), ended);

  Connect(AgentOrigin(key));
  ASSERT_OK(Post(wire::kReportPath, "no report"));
  EXPECT_TRUE(connected());
}

TEST_F(ServersTest, AgentsReachTheHubByTheNamesOfItsCertificate) {
  EnrolledWith(key);
  for (const auto& [name, served] :
       std::vector<std::pair<std::string, bool>>{{"", true},  // by IP address: without SNI
                                                 {"hub.example", true},
                                                 {"other.example", false}}) {
    net::Origin origin = AgentOrigin(key);
    origin.server_name = name;
    Connect(std::move(origin));
    EXPECT_EQ(Post(wire::kReportPath, "no report").has_value(), served) << name;
  }
}

TEST_F(ServersTest, EachDoorTakesBodiesOfItsOwnSize) {
  EnrolledWith(key);
  Connect(AgentOrigin(key));
  auto at = Post(wire::kReportPath, Bytes(limits::kReportBytes, ' '));
  ASSERT_OK(at);
  EXPECT_EQ(at->status, 400) << "read, and no report";
  auto above = Post(wire::kReportPath, Bytes(limits::kReportBytes + 1, ' '));
  ASSERT_OK(above);
  EXPECT_EQ(above->status, 413);

  tls::Config::Options anybody;
  anybody.ca_pem = keys->ca_pem;
  anybody.own_chain_rules = true;
  anybody.alpn = {"h2"};
  Connect(Origin(std::move(anybody), servers.public_->port()));
  at = Post(wire::kEnrollPath, Bytes(limits::kEnrollBytes, ' '));
  ASSERT_OK(at);
  EXPECT_EQ(at->status, 400);
  above = Post(wire::kEnrollPath, Bytes(limits::kEnrollBytes + 1, ' '));
  ASSERT_OK(above);
  EXPECT_EQ(above->status, 413);
}

}  // namespace
}  // namespace dunlin::hub
