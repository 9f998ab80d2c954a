// Signatures over raw bytes, and thresholds of distinct keys.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::trust {

struct SignatureEntry {
  Digest spki;  // SHA-256 of the signer's SubjectPublicKeyInfo; a hint, recomputed when verifying
  Bytes der;    // strict DER ECDSA P-256 / SHA-256
  bool operator==(const SignatureEntry&) const = default;
};

Result<SignatureEntry> SignRaw(const crypto::PrivateKey& key, BytesView raw);

// At least `threshold` distinct keys of `keys` signed `raw`. A key counts once, however often it is
// listed or has signed; signatures of other keys are ignored. kSignature says how many held.
Status VerifyThreshold(BytesView raw, const std::vector<SignatureEntry>& signatures,
                       const std::vector<crypto::PublicKey>& keys, int threshold);

// Wire form: per entry SPKI-SHA256 32 B, length 2 B big endian, DER. 1 to limits::kMaxSignatures
// entries; anything else is kCorrupt or kLimit.
Bytes EncodeSignatures(const std::vector<SignatureEntry>& signatures);
Result<std::vector<SignatureEntry>> ParseSignatures(BytesView wire);

}  // namespace dunlin::trust
