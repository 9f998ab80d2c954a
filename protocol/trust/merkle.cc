#include "protocol/trust/merkle.h"

#include "protocol/base/check.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::trust {

Digest LeafHash(BytesView entry) {
  crypto::Sha256Stream hash;
  hash.Update(BytesView("\x00", 1));
  hash.Update(entry);
  return hash.Finish();
}

Digest NodeHash(const Digest& left, const Digest& right) {
  crypto::Sha256Stream hash;
  hash.Update(BytesView("\x01", 1));
  hash.Update(left.View());
  hash.Update(right.View());
  return hash.Finish();
}

Tree::Tree(std::vector<Digest> leaves) {
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const std::vector<Digest>& below = levels_.back();
    std::vector<Digest> level;
    level.reserve((below.size() + 1) / 2);
    for (size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(NodeHash(below[i], below[i + 1]));
    }
    if (below.size() % 2 == 1) level.push_back(below.back());
    levels_.push_back(std::move(level));
  }
}

Digest Tree::Root() const {
  return levels_.back().empty() ? crypto::Sha256({}) : levels_.back().front();
}

std::vector<Digest> Tree::Path(uint64_t index) const {
  CHECK(index < Size());
  std::vector<Digest> path;
  for (const std::vector<Digest>& level : levels_) {
    const uint64_t sibling = index ^ 1;
    if (sibling < level.size()) path.push_back(level[sibling]);
    index >>= 1;
  }
  return path;
}

Digest TreeRoot(const std::vector<Digest>& leaves) { return Tree(leaves).Root(); }

std::vector<Digest> AuditPath(const std::vector<Digest>& leaves, uint64_t index) {
  return Tree(leaves).Path(index);
}

bool VerifyPath(const Digest& leaf, uint64_t index, uint64_t size, const std::vector<Digest>& path,
                const Digest& root) {
  if (index >= size) return false;
  uint64_t at = index;
  uint64_t last = size - 1;  // index of the last node of the level that `at` is on
  Digest hash = leaf;
  for (const Digest& sibling : path) {
    if (last == 0) return false;
    if ((at & 1) == 1 || at == last) {
      hash = NodeHash(sibling, hash);
      // Alone at the end of its level: it moves up until it is the right child of a pair.
      while ((at & 1) == 0 && at != 0) {
        at >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, sibling);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

}  // namespace dunlin::trust
