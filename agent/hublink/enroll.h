// Enrolment and renewal on the hub's public port (security design 3.1).
//
// The token pins root.json v1 and the hub's CA by one hash. Order: ask on a connection that proves
// nothing (only the token's id leaves us), check the pin over what came back, ask again on a
// connection that this CA verifies, check the pin again, and only there send the secret with the
// proof of the key. A man in the middle learns the id, which is worth nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/hublink/connection.h"
#include "agent/sync/identity.h"
#include "protocol/crypto/crypto.h"
#include "protocol/net/http.h"
#include "protocol/trust/token.h"
#include "protocol/wire/enroll.h"

namespace dunlin::hublink {

// A new connection to the public port. Empty ca_pem: whoever answers (first call only).
using Connect = std::function<Result<std::shared_ptr<net::HttpClient>>(const std::string& ca_pem)>;

struct EnrollInput {
  trust::EnrollToken token;
  std::string hub_url;
  std::string kube_uid;  // UID of kube-system
};

struct Enrolled {
  sync::Identity identity;
  crypto::PrivateKey key;
  crypto::PrivateKey envelope_key;
  Bytes root_raw;  // root.json v1, the one that the token pins
};

// kSignature: not the hub of this token; nothing secret was sent. kUnsupported: no public port of a
// hub (its port for agents, another server, no TLS). Otherwise the hub's refusal: kUnauthenticated
// (it does not know the token), kPermission (used), kExpired, kConflict (the cluster's name belongs
// to another Kubernetes cluster), kNotFound.
Task<Enrolled> Enroll(EnrollInput input, Connect connect);

// Where the hub's agents connect now, asked on its public port over a connection that the CA of the
// identity verifies; `port` 0 when the hub does not say. kSignature: not our hub, or its
// certificate lacks the name; kUnsupported: no public port; kUnauthenticated: it does not know this
// agent.
Task<HubAddress> AskAgentPort(std::shared_ptr<net::HttpClient> client, std::string agent_id);

// The next certificate for the same key. kUnauthenticated, kPermission, kExpired: enrol again.
// A certificate for another key, or of no newer generation, is kSignature.
Task<wire::RenewResult> Renew(std::shared_ptr<net::HttpClient> client, std::string agent_id,
                              int64_t generation, std::string private_key_pem);

}  // namespace dunlin::hublink
