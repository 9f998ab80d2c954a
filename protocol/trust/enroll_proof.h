// Proof of possession of an agent's key at enrolment and renewal (security design 3.1).
//
//   enrol:  "dunlin-enroll-1" 00 token-id 00 nonce(32) kube-UID 00 pub(65) enc_pub(65)
//   renew:  "dunlin-renew-1" 00 agent-id 00 nonce(32) generation(8, big endian)
//
// The texts of variable length cannot hold a zero byte and end with one; every other part has a
// fixed length: two different sets of fields never give the same message.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::trust {

inline constexpr size_t kEnrollNonceBytes = 32;

struct EnrollFields {
  std::string_view token_id;
  BytesView nonce;            // kEnrollNonceBytes
  std::string_view kube_uid;  // may be empty: enrolled without an apiserver
  BytesView public_key;       // 65-byte point
  BytesView encryption_key;   // 65-byte point
};

// kInvalidArgument when a part has the wrong length or a text holds a zero byte.
Result<Bytes> EnrollMessage(const EnrollFields& fields);
Result<Bytes> RenewMessage(std::string_view agent_id, BytesView nonce, int64_t generation);

// DER signature by the key whose possession is proved.
Result<Bytes> SignEnrollment(const crypto::PrivateKey& key, const EnrollFields& fields);
// Also checks that both keys are points of P-256. kSignature: the proof does not hold.
Status VerifyEnrollment(const EnrollFields& fields, BytesView der_signature);

}  // namespace dunlin::trust
