// Merkle tree of RFC 6962 section 2.1 with SHA-256: leaf = SHA-256(0x00 || entry), node =
// SHA-256(0x01 || left || right), a left subtree is the largest power of two below the size. One
// signature over the root stands for the statements of the whole fleet (design D5a).
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"

namespace dunlin::trust {

Digest LeafHash(BytesView entry);
Digest NodeHash(const Digest& left, const Digest& right);

// All levels of a tree: building is linear, a path is a walk of log2(n) steps.
class Tree {
 public:
  explicit Tree(std::vector<Digest> leaves);  // leaf hashes, in order
  uint64_t Size() const { return levels_.front().size(); }
  Digest Root() const;                             // of no leaves: SHA-256 of nothing
  std::vector<Digest> Path(uint64_t index) const;  // REQUIRES: index < Size()

 private:
  std::vector<std::vector<Digest>> levels_;  // leaves first; an odd last node moves up unchanged
};

// The same for one use.
Digest TreeRoot(const std::vector<Digest>& leaves);
std::vector<Digest> AuditPath(const std::vector<Digest>& leaves, uint64_t index);

// Whether `path` leads from `leaf` at `index` of a tree of `size` leaves to `root` (RFC 9162
// 2.1.3.2). A path that is too long or too short is false.
bool VerifyPath(const Digest& leaf, uint64_t index, uint64_t size, const std::vector<Digest>& path,
                const Digest& root);

}  // namespace dunlin::trust
