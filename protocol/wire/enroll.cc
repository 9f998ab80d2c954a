#include "protocol/wire/enroll.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::wire {

namespace {

Result<object::Object> Parse(BytesView json, std::string_view what) {
  return ParseMessage(json, limits::kEnrollBytes, what);
}

// An enrolment answer carries root.json, so it may be larger than a request.
Result<object::Object> ParseAnswer(BytesView json, std::string_view what) {
  return ParseMessage(json, limits::kEnrollBytes + 2 * limits::kRootBytes, what);
}

Result<uint16_t> NeedPort(const object::Object& message) {
  TRY(const int64_t port, NeedInt(message, "agent_port"));
  if (port >= 1 && port <= 65535) return static_cast<uint16_t>(port);
  return MakeError(Errc::kInvalidArgument, "field agent_port: expected 1 to 65535");
}

}  // namespace

Bytes Encode(const EnrollBegin& message) {
  return object::CanonicalJson(object::Object{{"token_id", message.token_id}});
}

Bytes Encode(const EnrollChallenge& message) {
  object::Object out{{"ca", message.ca_pem},
                     {"nonce", Base64Encode(message.nonce)},
                     {"root", Base64Encode(message.root)}};
  if (message.agent_port != 0) {
    out["agent_host"] = message.agent_host;
    out["agent_port"] = message.agent_port;
  }
  return object::CanonicalJson(out);
}

Bytes Encode(const EnrollFinish& message) {
  return object::CanonicalJson(
      object::Object{{"agent_version", message.agent_version},
                     {"encryption_key", Base64Encode(message.encryption_key)},
                     {"kube_uid", message.kube_uid},
                     {"proof", Base64Encode(message.proof)},
                     {"public_key", Base64Encode(message.public_key)},
                     {"secret", message.secret},
                     {"token_id", message.token_id}});
}

Bytes Encode(const EnrollResult& message) {
  return object::CanonicalJson(object::Object{{"agent_host", message.agent_host},
                                              {"agent_id", message.agent_id},
                                              {"agent_port", message.agent_port},
                                              {"ca", message.ca_pem},
                                              {"certificate", message.certificate_pem},
                                              {"channel", message.channel},
                                              {"cluster_id", message.cluster_id},
                                              {"cluster_name", message.cluster_name},
                                              {"epoch", message.epoch},
                                              {"region", message.region},
                                              {"root", Base64Encode(message.root)}});
}

Bytes Encode(const RenewFinish& message) {
  return object::CanonicalJson(object::Object{{"agent_id", message.agent_id},
                                              {"generation", message.generation},
                                              {"proof", Base64Encode(message.proof)}});
}

Bytes Encode(const RenewResult& message) {
  return object::CanonicalJson(
      object::Object{{"certificate", message.certificate_pem}, {"generation", message.generation}});
}

Result<EnrollBegin> ParseEnrollBegin(BytesView json) {
  TRY(const object::Object message, Parse(json, "enrolment request"));
  EnrollBegin out;
  TRY(out.token_id, NeedString(message, "token_id"));
  return out;
}

Result<EnrollChallenge> ParseEnrollChallenge(BytesView json) {
  TRY(const object::Object message, ParseAnswer(json, "enrolment challenge"));
  EnrollChallenge out;
  TRY(out.root, NeedBase64(message, "root"));
  TRY(out.nonce, NeedBase64(message, "nonce"));
  TRY(out.ca_pem, GetString(message, "ca"));
  if (!message.contains("agent_port")) return out;
  TRY(out.agent_host, NeedString(message, "agent_host"));
  TRY(out.agent_port, NeedPort(message));
  return out;
}

Result<EnrollFinish> ParseEnrollFinish(BytesView json) {
  TRY(const object::Object message, Parse(json, "enrolment request"));
  EnrollFinish out;
  TRY(out.token_id, NeedString(message, "token_id"));
  TRY(out.secret, NeedString(message, "secret"));
  TRY(out.public_key, NeedBase64(message, "public_key"));
  TRY(out.encryption_key, NeedBase64(message, "encryption_key"));
  TRY(out.kube_uid, GetString(message, "kube_uid"));
  TRY(out.agent_version, GetString(message, "agent_version"));
  TRY(out.proof, NeedBase64(message, "proof"));
  return out;
}

Result<EnrollResult> ParseEnrollResult(BytesView json) {
  TRY(const object::Object message, ParseAnswer(json, "enrolment answer"));
  EnrollResult out;
  TRY(out.certificate_pem, NeedString(message, "certificate"));
  TRY(out.ca_pem, NeedString(message, "ca"));
  TRY(out.root, NeedBase64(message, "root"));
  TRY(out.cluster_id, NeedString(message, "cluster_id"));
  TRY(out.agent_id, NeedString(message, "agent_id"));
  TRY(out.cluster_name, NeedString(message, "cluster_name"));
  TRY(out.region, GetString(message, "region"));
  TRY(out.channel, NeedString(message, "channel"));
  TRY(out.agent_host, NeedString(message, "agent_host"));
  TRY(out.agent_port, NeedPort(message));
  TRY(out.epoch, NeedInt(message, "epoch"));
  return out;
}

Result<RenewFinish> ParseRenewFinish(BytesView json) {
  TRY(const object::Object message, Parse(json, "renewal request"));
  RenewFinish out;
  TRY(out.agent_id, NeedString(message, "agent_id"));
  TRY(out.generation, NeedInt(message, "generation"));
  TRY(out.proof, NeedBase64(message, "proof"));
  return out;
}

Result<RenewResult> ParseRenewResult(BytesView json) {
  TRY(const object::Object message, ParseAnswer(json, "renewal answer"));
  RenewResult out;
  TRY(out.certificate_pem, NeedString(message, "certificate"));
  TRY(out.generation, NeedInt(message, "generation"));
  return out;
}

}  // namespace dunlin::wire
