// Enrolment and renewal on the public port, JSON. Two calls on one connection:
//   begin:  {"token_id"} -> {"root" (base64, raw root.json v1), "nonce" (base64, 32 B), "ca" (PEM)}
//   finish: {"token_id","secret",…,"proof"} -> certificate and everything an agent keeps
// The agent checks the token's hash over root and CA before it sends the secret (trust/token.h).
// Renewal: {"certificate","nonce"…} is the same shape with the old certificate instead of a token.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::wire {

struct EnrollBegin {
  std::string token_id;
  bool operator==(const EnrollBegin&) const = default;
};
struct EnrollChallenge {
  Bytes root;   // raw root.json, version 1
  Bytes nonce;  // 32 bytes, single use
  // The hub CA, so that the token's pin can be checked before anything is trusted: the agent asks
  // without a trust anchor, checks the pin over root and CA, and asks again on a connection that
  // this CA verifies. Only there the secret is sent. Empty for renewals.
  std::string ca_pem;
  // Of a renewal: where agents connect now, so that one whose hub has moved needs nothing but its
  // new public address. Empty and 0 from a hub that does not say it.
  std::string agent_host;
  uint16_t agent_port = 0;
  bool operator==(const EnrollChallenge&) const = default;
};
struct EnrollFinish {
  std::string token_id;
  std::string secret;    // base64url of 32 bytes
  Bytes public_key;      // 65-byte point: the agent's identity
  Bytes encryption_key;  // 65-byte point: envelope key for Secrets
  std::string kube_uid;  // UID of kube-system; may be empty when enrolling without an apiserver
  std::string agent_version;
  Bytes proof;  // DER signature over trust::EnrollMessage(…)
  bool operator==(const EnrollFinish&) const = default;
};
struct EnrollResult {
  std::string certificate_pem;  // leaf; its chain is the hub CA
  std::string ca_pem;           // the hub CA: what the agent port is verified against from now on
  Bytes root;                   // current root.json (may be newer than v1)
  std::string cluster_id, agent_id, cluster_name, region, channel;
  std::string agent_host;  // where the agent port is
  uint16_t agent_port = 0;
  int64_t epoch = 0;
  bool operator==(const EnrollResult&) const = default;
};

// POST /v1/renew, two calls: {"agent_id"} -> EnrollChallenge (root empty); then this.
struct RenewFinish {
  std::string agent_id;
  int64_t generation = 0;  // of the certificate that is replaced; a stale one means a cloned key
  Bytes proof;             // DER signature over trust::RenewMessage(agent_id, nonce, generation)
  bool operator==(const RenewFinish&) const = default;
};
struct RenewResult {
  std::string certificate_pem;
  int64_t generation = 0;
  bool operator==(const RenewResult&) const = default;
};

Bytes Encode(const EnrollBegin&);
Bytes Encode(const EnrollChallenge&);
Bytes Encode(const EnrollFinish&);
Bytes Encode(const EnrollResult&);
Bytes Encode(const RenewFinish&);
Bytes Encode(const RenewResult&);
Result<EnrollBegin> ParseEnrollBegin(BytesView json);
Result<EnrollChallenge> ParseEnrollChallenge(BytesView json);
Result<EnrollFinish> ParseEnrollFinish(BytesView json);
Result<EnrollResult> ParseEnrollResult(BytesView json);
Result<RenewFinish> ParseRenewFinish(BytesView json);
Result<RenewResult> ParseRenewResult(BytesView json);

}  // namespace dunlin::wire
