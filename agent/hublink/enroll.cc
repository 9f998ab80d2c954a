#include "agent/hublink/enroll.h"

#include <utility>

#include "agent/hublink/answer.h"
#include "agent/hublink/connection.h"
#include "protocol/base/version.h"
#include "protocol/crypto/certificate.h"
#include "protocol/object/json.h"
#include "protocol/trust/documents.h"
#include "protocol/trust/enroll_proof.h"
#include "protocol/wire/error.h"
#include "protocol/wire/version.h"

namespace dunlin::hublink {

namespace {

constexpr Millis kLimit = Seconds(30);

Task<Bytes> Post(std::shared_ptr<net::HttpClient> client, const char* path, Bytes body) {
  net::HttpRequest request = PostJson(path, std::move(body));
  CO_TRY(net::HttpResponse response, co_await client->Send(std::move(request), kLimit));
  co_return BodyOf(std::move(response));
}

// What TLS says to a stranger: only a public port lets one in.
Error WrongDoor(const Error& error) {
  switch (error.code) {
    case Errc::kUnauthenticated:
      return MakeError(Errc::kUnsupported,
                       "this port is the hub's port for agents that are enrolled already: it asks "
                       "for a client certificate");
    case Errc::kCorrupt:
    case Errc::kUnsupported:
      return MakeError(Errc::kUnsupported, "no Dunlin hub answers there: " + error.message);
    default:
      return error;
  }
}

Result<wire::EnrollChallenge> ChallengeOf(net::HttpResponse response) {
  const bool ours = response.status == 200 || wire::ParseErrorBody(response.body).has_value();
  const std::string status = std::to_string(response.status);
  if (ours) {
    TRY(const Bytes body, BodyOf(std::move(response)));
    auto challenge = wire::ParseEnrollChallenge(body);
    if (challenge) return challenge;
  }
  return MakeError(Errc::kUnsupported,
                   "a web server answers there, but it is no Dunlin hub (status " + status + ")");
}

// First call: the challenge, believed only when root and CA are those of the token.
Task<wire::EnrollChallenge> Begin(std::shared_ptr<net::HttpClient> client,
                                  trust::EnrollToken token) {
  const wire::EnrollBegin begin{token.id};
  net::HttpRequest question = PostJson(wire::kEnrollPath, wire::Encode(begin));
  auto answer = co_await client->Send(std::move(question), kLimit);
  if (!answer) co_return WrongDoor(answer.error());
  CO_TRY(wire::EnrollChallenge challenge, ChallengeOf(std::move(*answer)));
  auto ca = crypto::ParseCertificatePem(challenge.ca_pem);
  if (!ca) {
    co_return MakeError(Errc::kSignature,
                        "the hub's answer names no CA of ours; nothing secret was sent");
  }
  auto pinned = trust::CheckTokenPin(token, challenge.root, ca->key);
  if (!pinned) {
    co_return MakeError(pinned.error().code, pinned.error().message + "; nothing secret was sent");
  }
  co_return challenge;
}

Status CheckCertificate(const std::string& pem, const crypto::PublicKey& key) {
  TRY(const crypto::CertificateInfo info, crypto::ParseCertificatePem(pem));
  if (info.key == key) return {};
  return MakeError(Errc::kSignature, "the hub's certificate is for another key than ours");
}

Result<sync::Identity> ToIdentity(const wire::EnrollResult& result, const EnrollInput& input,
                                  const std::string& pinned_ca_pem) {
  TRY(const crypto::CertificateInfo pinned, crypto::ParseCertificatePem(pinned_ca_pem));
  TRY_VOID(CheckCertificate(result.ca_pem, pinned.key).WithContext("the hub's CA"));
  TRY(const HubAddress hub, ParseHubUrl(input.hub_url));
  sync::Identity out;
  out.cluster = ClusterId(result.cluster_id);
  out.agent = AgentId(result.agent_id);
  out.cluster_name = result.cluster_name;
  out.region = result.region;
  if (!result.channel.empty()) out.channel = result.channel;
  out.kube_uid = input.kube_uid;
  out.hub_url = input.hub_url;
  out.agent_host = result.agent_host.empty() ? hub.host : result.agent_host;
  out.agent_port = result.agent_port;
  out.certificate_pem = result.certificate_pem;
  out.ca_pem = result.ca_pem;
  return out;
}

Result<wire::EnrollFinish> Prove(const EnrollInput& input, const wire::EnrollChallenge& challenge,
                                 const Enrolled& keys) {
  wire::EnrollFinish out;
  out.token_id = input.token.id;
  out.secret = Base64UrlEncode(input.token.secret);
  out.public_key = keys.key.Public().Point();
  out.encryption_key = keys.envelope_key.Public().Point();
  out.kube_uid = input.kube_uid;
  out.agent_version = kProductVersion;
  const trust::EnrollFields fields{input.token.id, challenge.nonce, input.kube_uid, out.public_key,
                                   out.encryption_key};
  TRY(out.proof, trust::SignEnrollment(keys.key, fields));
  return out;
}

Bytes RenewalQuestion(const std::string& agent_id) {
  return object::CanonicalJson(object::Object{{"agent_id", agent_id}});
}

}  // namespace

Task<Enrolled> Enroll(EnrollInput input, Connect connect) {
  CO_TRY(std::shared_ptr<net::HttpClient> stranger, connect(""));
  CO_TRY(const wire::EnrollChallenge first, co_await Begin(std::move(stranger), input.token));
  CO_TRY(std::shared_ptr<net::HttpClient> hub, connect(first.ca_pem));
  CO_TRY(const wire::EnrollChallenge challenge, co_await Begin(hub, input.token));
  CO_TRY_VOID(trust::Root::Parse(challenge.root).WithContext("the hub's root document"));

  CO_TRY(crypto::PrivateKey key, crypto::PrivateKey::Generate());
  CO_TRY(crypto::PrivateKey envelope_key, crypto::PrivateKey::Generate());
  Enrolled out{{}, std::move(key), std::move(envelope_key), challenge.root};
  CO_TRY(const wire::EnrollFinish finish, Prove(input, challenge, out));
  Bytes proof = wire::Encode(finish);
  CO_TRY(const Bytes answer, co_await Post(hub, wire::kEnrollPath, std::move(proof)));
  CO_TRY(const wire::EnrollResult result, wire::ParseEnrollResult(answer));
  CO_TRY_VOID(CheckCertificate(result.certificate_pem, out.key.Public()));
  // result.root may be newer, but only the chain of signatures that polls carry leads to it: the CA
  // is an online key and must not be able to name other root keys.
  CO_TRY(out.identity, ToIdentity(result, input, challenge.ca_pem));
  co_return out;
}

Task<HubAddress> AskAgentPort(std::shared_ptr<net::HttpClient> client, std::string agent_id) {
  net::HttpRequest question = PostJson(wire::kRenewPath, RenewalQuestion(agent_id));
  auto answer = co_await client->Send(std::move(question), kLimit);
  if (!answer) co_return WrongDoor(answer.error());
  CO_TRY(wire::EnrollChallenge challenge, ChallengeOf(std::move(*answer)));
  co_return HubAddress{std::move(challenge.agent_host), challenge.agent_port};
}

Task<wire::RenewResult> Renew(std::shared_ptr<net::HttpClient> client, std::string agent_id,
                              int64_t generation, std::string private_key_pem) {
  CO_TRY(const crypto::PrivateKey key, crypto::PrivateKey::FromPem(private_key_pem));
  Bytes question = RenewalQuestion(agent_id);
  CO_TRY(const Bytes first, co_await Post(client, wire::kRenewPath, std::move(question)));
  CO_TRY(const wire::EnrollChallenge challenge, wire::ParseEnrollChallenge(first));
  CO_TRY(const Bytes message, trust::RenewMessage(agent_id, challenge.nonce, generation));
  wire::RenewFinish finish;
  finish.agent_id = agent_id;
  finish.generation = generation;
  CO_TRY(finish.proof, key.Sign(message));
  Bytes proof = wire::Encode(finish);
  CO_TRY(const Bytes answer, co_await Post(client, wire::kRenewPath, std::move(proof)));
  CO_TRY(wire::RenewResult result, wire::ParseRenewResult(answer));
  CO_TRY_VOID(CheckCertificate(result.certificate_pem, key.Public()));
  if (result.generation <= generation) {
    co_return MakeError(Errc::kSignature, "the hub renewed to no newer generation");
  }
  co_return result;
}

}  // namespace dunlin::hublink
