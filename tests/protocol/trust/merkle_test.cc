#include "protocol/trust/merkle.h"

#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"

namespace dunlin::trust {
namespace {

// The eight entries, the tree heads after each of them, and one audit path of the test vectors that
// implementations of RFC 6962 share (google/certificate-transparency, merkle_tree_test).
const std::vector<std::string> kEntriesHex = {"",
                                              "00",
                                              "10",
                                              "2021",
                                              "3031",
                                              "40414243",
                                              "5051525354555657",
                                              "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRootsHex = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Digest> KnownLeaves(size_t n) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < n; ++i) leaves.push_back(LeafHash(*HexDecode(kEntriesHex[i])));
  return leaves;
}

std::vector<Digest> Leaves(uint64_t n) {
  std::vector<Digest> leaves;
  for (uint64_t i = 0; i < n; ++i) leaves.push_back(LeafHash("entry " + std::to_string(i)));
  return leaves;
}

TEST(Merkle, HasTheKnownRoots) {
  EXPECT_EQ(TreeRoot({}).Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (size_t n = 1; n <= kRootsHex.size(); ++n) {
    EXPECT_EQ(TreeRoot(KnownLeaves(n)).Hex(), kRootsHex[n - 1]) << n;
  }
}

TEST(Merkle, HasTheKnownAuditPaths) {
  const std::vector<Digest> first = AuditPath(KnownLeaves(8), 0);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].Hex(), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
  EXPECT_EQ(first[1].Hex(), "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
  EXPECT_EQ(first[2].Hex(), "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
  const std::vector<Digest> third = AuditPath(KnownLeaves(3), 2);
  ASSERT_EQ(third.size(), 1u);
  EXPECT_EQ(third[0].Hex(), kRootsHex[1]);
}

// RFC 6962 2.1 as it is written, recursive: the linear build must give the same.
Digest Definition(const std::vector<Digest>& leaves) {
  if (leaves.size() == 1) return leaves[0];
  size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(left);
  return NodeHash(Definition({leaves.begin(), middle}), Definition({middle, leaves.end()}));
}

TEST(Merkle, AnyIndexOfAnySizeIsProved) {
  for (uint64_t size = 1; size <= 33; ++size) {
    const std::vector<Digest> leaves = Leaves(size);
    const Tree tree(leaves);
    EXPECT_EQ(tree.Root(), Definition(leaves)) << size;
    for (uint64_t index = 0; index < size; ++index) {
      EXPECT_TRUE(VerifyPath(leaves[index], index, size, tree.Path(index), tree.Root()))
          << index << " of " << size;
    }
  }
}

TEST(Merkle, AnyChangeOfAProofIsFalse) {
  for (uint64_t size = 1; size <= 33; ++size) {
    const std::vector<Digest> leaves = Leaves(size);
    const Tree tree(leaves);
    for (uint64_t index = 0; index < size; ++index) {
      const std::vector<Digest> path = tree.Path(index);
      const auto holds = [&](uint64_t at, uint64_t of, const std::vector<Digest>& with) {
        return VerifyPath(leaves[index], at, of, with, tree.Root());
      };
      EXPECT_FALSE(VerifyPath(LeafHash("other"), index, size, path, tree.Root()));
      EXPECT_FALSE(VerifyPath(leaves[index], index, size, path, LeafHash("other root")));
      EXPECT_FALSE(holds(size, size, path));
      EXPECT_FALSE(holds(index + (uint64_t{1} << 63), size, path));
      EXPECT_FALSE(holds(index, 0, path));
      for (uint64_t other = 0; other < size; ++other) {
        EXPECT_EQ(holds(other, size, path), other == index) << other;
      }
      std::vector<Digest> longer = path;
      longer.push_back(LeafHash("more"));
      EXPECT_FALSE(holds(index, size, longer));
      for (size_t i = 0; i < path.size(); ++i) {
        std::vector<Digest> changed = path;
        changed[i].bytes[31] ^= 1;
        EXPECT_FALSE(holds(index, size, changed));
        std::vector<Digest> shorter = path;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_FALSE(holds(index, size, shorter));
      }
    }
  }
}

// An inner node is no leaf: the prefixes 00 and 01 keep the two apart.
TEST(Merkle, AnInnerNodeDoesNotPassAsALeaf) {
  const std::vector<Digest> leaves = Leaves(4);
  const Tree tree(leaves);
  const Bytes children = Bytes(leaves[0].View()) + Bytes(leaves[1].View());
  EXPECT_NE(LeafHash(children), NodeHash(leaves[0], leaves[1]));
  EXPECT_FALSE(VerifyPath(LeafHash(children), 0, 2, {NodeHash(leaves[2], leaves[3])}, tree.Root()));
}

}  // namespace
}  // namespace dunlin::trust
