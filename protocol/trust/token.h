// The enrolment token: dun1.<b64u SHA-256(root.json v1 || hub CA SPKI)>.<id>.<b64u 32 random bytes>
//
// The first part pins both the root document and the hub's CA *before* the secret is sent (as k3s
// does with its CA hash). The SPKI of a P-256 key has a fixed length of 91 bytes, so the
// concatenation has one reading.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::trust {

inline constexpr size_t kTokenSecretBytes = 32;

struct EnrollToken {
  Digest pin;
  std::string id;  // 1..64 of [A-Za-z0-9_-]
  Bytes secret;    // kTokenSecretBytes

  std::string Format() const;
  // kInvalidArgument says which part is wrong, never its content: a token is a secret.
  static Result<EnrollToken> Parse(std::string_view text);
  bool operator==(const EnrollToken&) const = default;
};

Digest TokenPin(BytesView root_raw, const crypto::PublicKey& hub_ca);

// kSignature unless root and CA are those of the token. REQUIRED before the secret leaves the
// agent.
Status CheckTokenPin(const EnrollToken& token, BytesView root_raw, const crypto::PublicKey& hub_ca);

// What the hub stores and compares (in constant time) instead of the secret.
Digest TokenSecretHash(BytesView secret);

}  // namespace dunlin::trust
