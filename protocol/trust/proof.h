// The place of one cluster's entry in the tree of a head.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::trust {

struct Proof {
  uint64_t index = 0;
  uint64_t size = 0;
  std::vector<Digest> path;  // leaf to root
  bool operator==(const Proof&) const = default;
};

// Wire form: index 8 B, size 8 B, big endian, then the path, 32 B a hash. <= limits::kProofBytes.
Bytes EncodeProof(const Proof& proof);
Result<Proof> ParseProof(BytesView wire);

// Export form: {"index","path":[hex…],"size"}.
Bytes ProofJson(const Proof& proof);
Result<Proof> ParseProofJson(BytesView json);

}  // namespace dunlin::trust
