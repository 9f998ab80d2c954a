// Internal to protocol/crypto: the DER form of an ECDSA P-256 signature (RFC 3279 2.2.3, X.690).
//
// Strict: SEQUENCE of two minimal, positive INTEGERs, definite short lengths, nothing after them,
// 1 <= r, s < n. A high s (s > n/2) is a valid ECDSA signature and is accepted, as openssl and
// cosign do: nothing in Dunlin is identified by the bytes of a signature.
#pragma once

#include <array>

#include "protocol/base/bytes.h"

namespace dunlin::crypto {

using RawSignature = std::array<unsigned char, 64>;  // r then s, big endian

Result<RawSignature> ParseSignatureDer(BytesView der);
Bytes WriteSignatureDer(const RawSignature& raw);

}  // namespace dunlin::crypto
