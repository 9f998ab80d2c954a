#include "hub/app/enrolment.h"

#include <algorithm>
#include <cctype>

#include "protocol/base/limits.h"
#include "protocol/trust/enroll_proof.h"
#include "protocol/trust/token.h"

namespace dunlin::hub {

namespace {

constexpr std::chrono::days kCertificateLife{30};
constexpr std::chrono::days kOfflineGrace{30};
constexpr std::chrono::hours kBackdate{1};
constexpr Seconds kNonceLife{30};

// Stands in signed statements: an odd one would keep every publish from being made.
bool IsUid(const std::string& text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

}  // namespace

Enrolment::Enrolment(FleetModel& model, const HubKeys& keys, const HubConfig& config,
                     const Clock& clock, Random& random)
    : model_(model), keys_(keys), config_(config), clock_(clock), random_(random) {}

Result<NewToken> Enrolment::MakeToken(const std::string& cluster_name, int hours) {
  TRY(const crypto::CertificateInfo ca, crypto::ParseCertificatePem(keys_.ca_pem));
  trust::EnrollToken token;
  token.pin = trust::TokenPin(keys_.root_raw, ca.key);
  token.id = HexEncode(random_.Fill(8));
  token.secret = random_.Fill(trust::kTokenSecretBytes);
  const TimePoint expires = clock_.Now() + std::chrono::hours(hours);
  TRY_VOID(model_.state().AddToken(
      {token.id, trust::TokenSecretHash(token.secret), cluster_name, expires, false}));
  return NewToken{token.Format(), expires};
}

Bytes Enrolment::NewNonce(uint64_t connection) {
  const TimePoint now = clock_.Now();
  std::erase_if(nonces_, [&](const auto& entry) { return now - entry.second.made > kNonceLife; });
  Bytes nonce = random_.Fill(trust::kEnrollNonceBytes);
  nonces_[connection] = {nonce, now};
  return nonce;
}

Result<Bytes> Enrolment::TakeNonce(uint64_t connection) {
  const auto it = nonces_.find(connection);
  if (it == nonces_.end() || clock_.Now() - it->second.made > kNonceLife ||
      clock_.Now() < it->second.made) {
    return MakeError(Errc::kPrecondition,
                     "the second call must follow the first on one connection within 30 s");
  }
  Bytes nonce = std::move(it->second.nonce);
  nonces_.erase(it);
  return nonce;
}

Result<TokenRecord> Enrolment::ValidToken(const std::string& id) {
  auto token = model_.state().FindToken(id);
  if (!token && token.error().code == Errc::kNotFound) {
    return MakeError(Errc::kUnauthenticated, "this hub has no such token");
  }
  if (!token) return token;
  if (token->used) {
    return MakeError(Errc::kPermission,
                     "this token was used already to enrol cluster " + token->cluster);
  }
  if (clock_.Now() >= token->expires) {
    return MakeError(Errc::kExpired, "this token for cluster " + token->cluster + " expired at " +
                                         FormatTime(token->expires));
  }
  return token;
}

Result<wire::EnrollChallenge> Enrolment::Begin(const wire::EnrollBegin& request,
                                               uint64_t connection) {
  TRY_VOID(ValidToken(request.token_id));
  wire::EnrollChallenge challenge;
  challenge.root = keys_.root_raw;
  challenge.nonce = NewNonce(connection);
  challenge.ca_pem = keys_.ca_pem;
  return challenge;
}

Result<std::string> Enrolment::MakeCertificate(const crypto::PublicKey& key, AgentRecord& agent) {
  crypto::CertificateRequest request;
  request.common_name = "dunlin-agent " + agent.id.str();
  TRY(const crypto::CertificateInfo ca, crypto::ParseCertificatePem(keys_.ca_pem));
  request.uri_san = "dunlin://" + ca.key.SpkiHash().Hex().substr(0, 16) + "/cluster/" +
                    agent.cluster.str() + "/agent/" + agent.id.str();
  request.not_before = clock_.Now() - kBackdate;
  request.not_after = agent.not_after;
  request.serial = random_.Fill(16);
  TRY(std::string pem, crypto::MakeLeafPem(keys_.ca, keys_.ca_pem, key, request));
  TRY(const crypto::CertificateInfo made, crypto::ParseCertificatePem(pem));
  agent.serial = made.serial;
  return pem;
}

Result<wire::EnrollResult> Enrolment::Finish(const wire::EnrollFinish& request,
                                             uint64_t connection) {
  TRY(const Bytes nonce, TakeNonce(connection));
  TRY(const TokenRecord token, ValidToken(request.token_id));
  TRY(const Bytes secret, Base64UrlDecode(request.secret));
  if (!crypto::ConstantTimeEqual(trust::TokenSecretHash(secret).View(), token.secret_hash.View())) {
    return MakeError(Errc::kUnauthenticated, "the token's secret is wrong");
  }
  const trust::EnrollFields fields{request.token_id, nonce, request.kube_uid, request.public_key,
                                   request.encryption_key};
  TRY_VOID(trust::VerifyEnrollment(fields, request.proof));
  TRY(const crypto::PublicKey key, crypto::PublicKey::FromPoint(request.public_key));
  if (model_.FindAgentByKey(key.SpkiHash()) != nullptr) {
    return MakeError(Errc::kConflict,
                     "this key is enrolled already; enrol with an empty state directory");
  }
  const ClusterRecord* known = model_.FindClusterByName(token.cluster);
  if (known == nullptr) {
    return MakeError(Errc::kNotFound, "cluster " + token.cluster + " does not exist any more");
  }
  ClusterRecord cluster = *known;
  if (!IsUid(request.kube_uid)) {
    return MakeError(Errc::kInvalidArgument,
                     "enrolment needs the UID of the cluster's kube-system namespace; "
                     "give the agent a kubeconfig");
  }
  if (!cluster.kube_uid.empty() && cluster.kube_uid != request.kube_uid) {
    return MakeError(Errc::kConflict, "cluster " + cluster.name +
                                          " is bound to another Kubernetes cluster (kube-system " +
                                          cluster.kube_uid + ")");
  }
  // Two agents in one cluster would each delete what only the other's statement names.
  for (const auto& [id, other] : model_.clusters()) {
    if (id == cluster.id || other.kube_uid != request.kube_uid) continue;
    return MakeError(Errc::kConflict, "this Kubernetes cluster (kube-system " + other.kube_uid +
                                          ") is enrolled as cluster " + other.name +
                                          "; enrol it under that name: dunlin cluster add " +
                                          other.name);
  }
  cluster.kube_uid = request.kube_uid;
  AgentRecord agent;
  agent.id = AgentId(random_.Uuid());
  agent.cluster = cluster.id;
  agent.spki = key.SpkiHash();
  agent.public_key = request.public_key;
  agent.encryption_key = request.encryption_key;
  agent.not_after = clock_.Now() + kCertificateLife;
  TRY(std::string certificate, MakeCertificate(key, agent));
  TRY_VOID(model_.Enroll(token.id, cluster, agent));
  if (enrolled_) enrolled_(cluster.id);
  wire::EnrollResult result;
  result.certificate_pem = std::move(certificate);
  result.ca_pem = keys_.ca_pem;
  result.root = keys_.root_raw;
  result.cluster_id = cluster.id.str();
  result.agent_id = agent.id.str();
  result.cluster_name = cluster.name;
  result.region = cluster.region;
  result.channel = cluster.channel;
  result.agent_host = config_.advertise_host;
  result.agent_port = agent_port_;
  result.epoch = keys_.root.HubRole().epoch;
  return result;
}

Result<wire::EnrollChallenge> Enrolment::BeginRenew(const std::string& agent_id,
                                                    uint64_t connection) {
  const AgentRecord* agent = model_.FindAgent(AgentId(agent_id));
  if (agent == nullptr) return MakeError(Errc::kUnauthenticated, "this agent is not enrolled here");
  wire::EnrollChallenge challenge;
  challenge.nonce = NewNonce(connection);
  challenge.agent_host = config_.advertise_host;
  challenge.agent_port = agent_port_;
  return challenge;
}

Result<wire::RenewResult> Enrolment::FinishRenew(const wire::RenewFinish& request,
                                                 uint64_t connection) {
  TRY(const Bytes nonce, TakeNonce(connection));
  const AgentRecord* known = model_.FindAgent(AgentId(request.agent_id));
  if (known == nullptr) return MakeError(Errc::kUnauthenticated, "this agent is not enrolled here");
  AgentRecord agent = *known;
  TRY(const crypto::PublicKey key, crypto::PublicKey::FromPoint(agent.public_key));
  TRY(const Bytes message, trust::RenewMessage(request.agent_id, nonce, request.generation));
  TRY_VOID(key.Verify(message, request.proof));
  TRY_VOID(model_.InForce(&agent));
  // The answer to an earlier renewal may have been lost, so the generation that the agent is known
  // to hold stays good until it shows a newer one. A generation above ours, proved by the key,
  // means that our database is an older copy: locking then would cut off every agent that renewed
  // since.
  if (request.generation < agent.held_generation) {
    // Two holders of one key: the one that is behind shows that the key was copied.
    agent.standing = Standing::kLocked;
    TRY_VOID(model_.PutAgent(agent));
    return MakeError(Errc::kPermission,
                     "a certificate of another generation was renewed before: the key was "
                     "copied; the agent is locked, enrol the cluster again");
  }
  if (clock_.Now() > agent.not_after + kOfflineGrace) {
    return MakeError(Errc::kExpired,
                     "the certificate expired more than 30 days ago; enrol the cluster again");
  }
  agent.held_generation = request.generation;
  agent.generation = std::max(agent.generation, request.generation) + 1;
  agent.not_after = clock_.Now() + kCertificateLife;
  TRY(std::string certificate, MakeCertificate(key, agent));
  TRY_VOID(model_.PutAgent(agent));
  return wire::RenewResult{std::move(certificate), agent.generation};
}

}  // namespace dunlin::hub
