#include "hub/app/enrolment.h"

#include <gtest/gtest.h>

#include "tests/hub/app/hub_world.h"

namespace dunlin::hub {
namespace {

class TestClock : public Clock {
 public:
  TimePoint Now() const override { return now; }
  Millis Monotonic() const override { return now.time_since_epoch(); }
  TimePoint now = SystemClock().Now();
};

class EnrolmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenSqliteHubState(world.dir + "/hub.db");
    ASSERT_OK(opened);
    state = std::move(*opened);
    model.emplace(*state, world.context.get_executor());
    auto loaded = LoadKeys(world.dir);
    ASSERT_OK(loaded);
    keys.emplace(std::move(*loaded));
    config.advertise_host = "hub.example";
    enrolment.emplace(*model, *keys, config, clock, world.random);
    enrolment->SetAgentPort(7443);
    ClusterRecord cluster;
    cluster.id = ClusterId("00000000-0000-4000-8000-000000000001");
    cluster.name = "c1";
    cluster.region = "eu";
    ASSERT_OK(model->PutCluster(cluster));
  }

  std::string Token(int hours = 1) {
    auto token = enrolment->MakeToken("c1", hours);
    EXPECT_OK(token);
    return token ? token->text : "";
  }

  // The second call for a token after a first one on the same connection.
  wire::EnrollFinish FinishFor(const std::string& text, uint64_t connection) {
    const auto token = trust::EnrollToken::Parse(text);
    EXPECT_OK(token);
    wire::EnrollFinish finish;
    finish.token_id = token->id;
    finish.secret = Base64UrlEncode(token->secret);
    finish.public_key = key.Public().Point();
    finish.encryption_key = key.Public().Point();
    finish.kube_uid = "kube-1";
    const auto challenge = enrolment->Begin({token->id}, connection);
    EXPECT_OK(challenge);
    if (!challenge) return finish;
    EXPECT_EQ(challenge->ca_pem, keys->ca_pem) << "what the token pins can be checked";
    const trust::EnrollFields fields{finish.token_id, challenge->nonce, finish.kube_uid,
                                     finish.public_key, finish.encryption_key};
    finish.proof = *trust::SignEnrollment(key, fields);
    return finish;
  }

  Errc Refused(const wire::EnrollFinish& finish, uint64_t connection = 1) {
    const auto result = enrolment->Finish(finish, connection);
    EXPECT_FALSE(result.has_value());
    EXPECT_FALSE(model->HasAgent(ClusterId("00000000-0000-4000-8000-000000000001")));
    return result ? Errc::kInternal : result.error().code;
  }

  HubWorld world;
  TestClock clock;
  HubConfig config;
  std::unique_ptr<HubState> state;
  std::optional<FleetModel> model;
  std::optional<HubKeys> keys;
  std::optional<Enrolment> enrolment;
  crypto::PrivateKey key = std::move(*crypto::PrivateKey::Generate());
};

TEST_F(EnrolmentTest, ATokenBuysACertificateForTheKeyAndEverythingTheAgentNeeds) {
  const auto result = enrolment->Finish(FinishFor(Token(), 1), 1);
  ASSERT_OK(result);
  const auto certificate = crypto::ParseCertificatePem(result->certificate_pem);
  ASSERT_OK(certificate);
  EXPECT_EQ(certificate->key, key.Public());
  EXPECT_TRUE(certificate->client_auth);
  EXPECT_FALSE(certificate->is_ca);
  ASSERT_EQ(certificate->uri_sans.size(), 1u);
  EXPECT_NE(certificate->uri_sans[0].find("/cluster/" + result->cluster_id + "/agent/"),
            std::string::npos);
  EXPECT_EQ(result->cluster_name, "c1");
  EXPECT_EQ(result->agent_host, "hub.example");
  EXPECT_EQ(result->agent_port, 7443);
  EXPECT_EQ(result->root, keys->root_raw);
  EXPECT_EQ(model->FindClusterByName("c1")->kube_uid, "kube-1");
}

TEST_F(EnrolmentTest, ATokenWorksOnce) {
  const std::string token = Token();
  ASSERT_OK(enrolment->Finish(FinishFor(token, 1), 1));
  const auto again = enrolment->Begin({trust::EnrollToken::Parse(token)->id}, 2);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kPermission);
  EXPECT_NE(again.error().message.find("used already to enrol cluster c1"), std::string::npos);
}

TEST_F(EnrolmentTest, ATokenExpires) {
  const std::string token = Token(1);
  clock.now += std::chrono::hours(1);
  const auto late = enrolment->Begin({trust::EnrollToken::Parse(token)->id}, 1);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kExpired);
  EXPECT_NE(late.error().message.find("for cluster c1 expired"), std::string::npos);
}

// Two agents in one cluster delete each other's objects.
TEST_F(EnrolmentTest, AKubernetesClusterHasOneName) {
  ASSERT_OK(enrolment->Finish(FinishFor(Token(), 1), 1));
  ClusterRecord second;
  second.id = ClusterId("00000000-0000-4000-8000-000000000002");
  second.name = "c2";
  ASSERT_OK(model->PutCluster(second));
  key = std::move(*crypto::PrivateKey::Generate());
  const auto token = enrolment->MakeToken("c2", 1);
  ASSERT_OK(token);
  const auto refused = enrolment->Finish(FinishFor(token->text, 2), 2);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_NE(refused.error().message.find("dunlin cluster add c1"), std::string::npos);
  EXPECT_FALSE(model->HasAgent(second.id));
  EXPECT_TRUE(model->FindCluster(second.id)->kube_uid.empty());
  EXPECT_OK(enrolment->Finish(FinishFor(Token(), 3), 3));  // again under its own name
}

TEST_F(EnrolmentTest, AnUnknownTokenIsRefused) {
  const auto unknown = enrolment->Begin({"ffff"}, 1);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::kUnauthenticated);
}

TEST_F(EnrolmentTest, AWrongSecretOrProofBuysNothingAndDoesNotBurnTheToken) {
  const std::string token = Token();
  wire::EnrollFinish secret = FinishFor(token, 1);
  secret.secret = Base64UrlEncode(Bytes(32, 'x'));
  EXPECT_EQ(Refused(secret), Errc::kUnauthenticated);
  wire::EnrollFinish proof = FinishFor(token, 1);
  const auto other = crypto::PrivateKey::Generate();
  proof.public_key = other->Public().Point();
  EXPECT_EQ(Refused(proof), Errc::kSignature);
  EXPECT_OK(enrolment->Finish(FinishFor(token, 1), 1));
}

TEST_F(EnrolmentTest, TheSecondCallBelongsToTheFirstOnItsConnectionWithin30Seconds) {
  const std::string token = Token();
  const wire::EnrollFinish finish = FinishFor(token, 1);
  EXPECT_EQ(Refused(finish, 2), Errc::kPrecondition);
  clock.now += Seconds(31);
  EXPECT_EQ(Refused(finish, 1), Errc::kPrecondition);
  const wire::EnrollFinish fresh = FinishFor(token, 3);
  wire::EnrollFinish broken = fresh;
  broken.secret = "!";
  EXPECT_EQ(Refused(broken, 3), Errc::kInvalidArgument);
  EXPECT_EQ(Refused(fresh, 3), Errc::kPrecondition) << "a nonce is used up by a failure, too";
}

TEST_F(EnrolmentTest, AClusterIsBoundToItsKubernetesUid) {
  ASSERT_OK(enrolment->Finish(FinishFor(Token(), 1), 1));
  key = std::move(*crypto::PrivateKey::Generate());
  wire::EnrollFinish odd = FinishFor(Token(), 2);
  odd.kube_uid = "kube\"1";
  EXPECT_FALSE(enrolment->Finish(odd, 2).has_value());
  const std::string token = Token();
  const auto parsed = trust::EnrollToken::Parse(token);
  wire::EnrollFinish other = FinishFor(token, 3);
  other.kube_uid = "kube-2";
  const auto challenge = enrolment->Begin({parsed->id}, 3);
  const trust::EnrollFields fields{other.token_id, challenge->nonce, other.kube_uid,
                                   other.public_key, other.encryption_key};
  other.proof = *trust::SignEnrollment(key, fields);
  const auto refused = enrolment->Finish(other, 3);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kConflict);
}

TEST_F(EnrolmentTest, AnEnrolledKeyCannotEnrolAgain) {
  ASSERT_OK(enrolment->Finish(FinishFor(Token(), 1), 1));
  const auto twice = enrolment->Finish(FinishFor(Token(), 2), 2);
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, Errc::kConflict);
}

// Two agents in one cluster undo each other's work: the newest is the one that counts.
TEST_F(EnrolmentTest, AClusterThatIsEnrolledAgainCutsItsFormerAgentOff) {
  std::vector<std::string> cut_off;
  model->OnCutOff([&cut_off](const AgentRecord& agent, const Error& why) {
    EXPECT_EQ(why.code, Errc::kPermission);
    EXPECT_NE(why.message.find("another agent was enrolled for cluster c1"), std::string::npos);
    cut_off.push_back(agent.id.str());
  });
  std::vector<std::string> agents;
  for (uint64_t connection = 1; connection <= 3; ++connection) {
    key = std::move(*crypto::PrivateKey::Generate());
    const auto enrolled = enrolment->Finish(FinishFor(Token(), connection), connection);
    ASSERT_OK(enrolled);
    agents.push_back(enrolled->agent_id);
  }
  EXPECT_EQ(cut_off, (std::vector{agents[0], agents[1]})) << "each once";
  EXPECT_EQ(model->FindAgent(AgentId(agents[1]))->standing, Standing::kSuperseded);
  EXPECT_OK(model->InForce(model->FindAgent(AgentId(agents[2]))));
  EXPECT_TRUE(model->HasAgent(ClusterId("00000000-0000-4000-8000-000000000001")));
}

class RenewalTest : public EnrolmentTest {
 protected:
  void SetUp() override {
    EnrolmentTest::SetUp();
    auto enrolled = enrolment->Finish(FinishFor(Token(), 1), 1);
    ASSERT_OK(enrolled);
    agent_id = enrolled->agent_id;
    first_serial = crypto::ParseCertificatePem(enrolled->certificate_pem)->serial;
  }
  // As the agent port does for a connection with this certificate.
  void Use(const wire::RenewResult& renewed) {
    const auto certificate = crypto::ParseCertificatePem(renewed.certificate_pem);
    ASSERT_OK(certificate);
    ASSERT_OK(model->NoteCertificate(AgentId(agent_id), certificate->serial));
  }
  void Reload() {
    auto snapshot = state->Load();
    ASSERT_OK(snapshot);
    model.emplace(*state, world.context.get_executor());
    ASSERT_OK(model->Load(std::move(*snapshot)));
    enrolment.emplace(*model, *keys, config, clock, world.random);
  }
  void ExpectLocked(int64_t generation) {
    const auto clone = Renew(generation, key);
    ASSERT_FALSE(clone.has_value());
    EXPECT_EQ(clone.error().code, Errc::kPermission);
    EXPECT_EQ(model->FindAgent(AgentId(agent_id))->standing, Standing::kLocked);
  }
  Result<wire::RenewResult> Renew(int64_t generation, const crypto::PrivateKey& with) {
    TRY(const auto challenge, enrolment->BeginRenew(agent_id, 5));
    TRY(const Bytes message, trust::RenewMessage(agent_id, challenge.nonce, generation));
    wire::RenewFinish finish;
    finish.agent_id = agent_id;
    finish.generation = generation;
    TRY(finish.proof, with.Sign(message));
    return enrolment->FinishRenew(finish, 5);
  }
  std::string agent_id;
  Bytes first_serial;
};

TEST_F(RenewalTest, RenewsForTheSameKeyAndCounts) {
  const auto first = Renew(1, key);
  ASSERT_OK(first);
  EXPECT_EQ(first->generation, 2);
  EXPECT_EQ(crypto::ParseCertificatePem(first->certificate_pem)->key, key.Public());
  EXPECT_OK(Renew(2, key));
}

TEST_F(RenewalTest, SaysWhereAgentsConnectNow) {
  config.advertise_host = "new.example";
  enrolment->SetAgentPort(7000);
  const auto challenge = enrolment->BeginRenew(agent_id, 9);
  ASSERT_OK(challenge);
  EXPECT_EQ(challenge->agent_host, "new.example");
  EXPECT_EQ(challenge->agent_port, 7000);
}

TEST_F(RenewalTest, AnotherKeyCannotRenew) {
  const auto other = crypto::PrivateKey::Generate();
  EXPECT_FALSE(Renew(1, *other).has_value());
  EXPECT_OK(Renew(1, key));
}

TEST_F(RenewalTest, ALostAnswerIsAskedForAgain) {
  ASSERT_OK(Renew(1, key));
  const auto second = Renew(1, key);
  ASSERT_OK(second);
  EXPECT_EQ(second->generation, 3) << "no two certificates share a generation";
  Use(*second);
  EXPECT_OK(Renew(3, key));
}

TEST_F(RenewalTest, ALostAnswerIsAskedForAgainAfterARestartOfTheHub) {
  ASSERT_OK(Renew(1, key));
  Reload();
  const auto second = Renew(1, key);
  ASSERT_OK(second);
  Use(*second);
  Reload();
  ExpectLocked(1);
}

TEST_F(RenewalTest, AStaleGenerationShowsACopiedKeyOnceTheNewCertificateWasUsed) {
  const auto renewed = Renew(1, key);
  ASSERT_OK(renewed);
  Use(*renewed);
  ExpectLocked(1);
  EXPECT_FALSE(Renew(2, key).has_value()) << "locked";
}

TEST_F(RenewalTest, AStaleGenerationShowsACopiedKeyOnceTheNewOneWasRenewedFrom) {
  ASSERT_OK(Renew(1, key));
  ASSERT_OK(Renew(2, key));
  ExpectLocked(1);
}

TEST_F(RenewalTest, ASupersededAgentIsToldSo) {
  const crypto::PrivateKey former = std::exchange(key, *crypto::PrivateKey::Generate());
  ASSERT_OK(enrolment->Finish(FinishFor(Token(), 2), 2));
  for (const bool restarted : {false, true}) {
    if (restarted) Reload();
    const auto refused = Renew(1, former);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kPermission);
    EXPECT_NE(refused.error().message.find("another agent"), std::string::npos);
  }
}

TEST_F(RenewalTest, AConnectionWithTheOldCertificateEndsNothing) {
  ASSERT_OK(model->NoteCertificate(AgentId(agent_id), first_serial));
  ASSERT_OK(Renew(1, key));
  ASSERT_OK(model->NoteCertificate(AgentId(agent_id), first_serial));
  EXPECT_OK(Renew(1, key));
}

// The hub's database was restored from a copy that is older than the agent's last renewal.
TEST_F(RenewalTest, AGenerationAheadOfTheDatabaseMovesItForward) {
  const auto renewed = Renew(5, key);
  ASSERT_OK(renewed);
  EXPECT_EQ(renewed->generation, 6);
}

TEST_F(RenewalTest, RenewalIsPossibleForAMonthAfterExpiry) {
  clock.now += std::chrono::days(59);
  EXPECT_OK(Renew(1, key));
  clock.now += std::chrono::days(61);
  const auto late = Renew(2, key);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kExpired);
}

TEST(Keys, ASecondInitDoesNotCutOffAFleet) {
  HubWorld world;
  const auto before = LoadKeys(world.dir);
  ASSERT_OK(before);
  const Status again = InitKeys(world.dir, {"127.0.0.1"}, world.clock.Now(), world.random);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kConflict);
  EXPECT_EQ(LoadKeys(world.dir)->ca_pem, before->ca_pem);
}

TEST(Keys, TheServerCertificateFollowsNewNamesUnderTheSameCa) {
  HubWorld world;
  ASSERT_OK(RenewServerCertificate(world.dir, {"hub.example", "10.0.0.1"}, world.clock.Now(),
                                   world.random));
  const auto keys = LoadKeys(world.dir);
  ASSERT_OK(keys);
  const auto info = crypto::ParseCertificatePem(keys->server_pem);
  ASSERT_OK(info);
  EXPECT_EQ(info->dns_sans, std::vector<std::string>{"hub.example"});
  EXPECT_EQ(info->ip_sans, std::vector<std::string>{"10.0.0.1"});
  EXPECT_NE(keys->server_pem.find(keys->ca_pem), std::string::npos) << "the chain goes along";
}

TEST(Keys, AMissingKeyIsNamed) {
  HubWorld world;
  std::filesystem::remove(world.dir + "/keys/ca.key");
  const auto keys = LoadKeys(world.dir);
  ASSERT_FALSE(keys.has_value());
  EXPECT_NE(keys.error().message.find("ca.key"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::hub
