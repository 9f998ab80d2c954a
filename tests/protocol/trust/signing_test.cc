#include "protocol/trust/signing.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/trust/proof.h"
#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {
namespace {

class Threshold : public ::testing::Test {
 protected:
  SignatureEntry By(int key) { return SignRaw(keys_[key], "raw").value(); }
  bool Holds(const std::vector<SignatureEntry>& signatures, int threshold) {
    const auto held = VerifyThreshold("raw", signatures, public_, threshold);
    EXPECT_TRUE(held || held.error().code == Errc::kSignature);
    return held.has_value();
  }
  std::vector<crypto::PrivateKey> MakeKeys() {
    std::vector<crypto::PrivateKey> keys;
    for (int i = 0; i < 3; ++i) keys.push_back(NewKey());
    return keys;
  }
  std::vector<crypto::PrivateKey> keys_ = MakeKeys();
  std::vector<crypto::PublicKey> public_ = {keys_[0].Public(), keys_[1].Public()};
};

TEST_F(Threshold, CountsKeysNotSignatures) {
  EXPECT_TRUE(Holds({By(0)}, 1));
  EXPECT_TRUE(Holds({By(0), By(1)}, 2));
  EXPECT_FALSE(Holds({By(0)}, 2));
  EXPECT_FALSE(Holds({By(0), By(0), By(0)}, 2)) << "T5: one key signs often";
  public_ = {keys_[0].Public(), keys_[0].Public()};
  EXPECT_FALSE(Holds({By(0), By(0)}, 2)) << "T5: one key is listed twice";
  EXPECT_FALSE(Holds({}, 0)) << "a threshold of nothing protects nothing";
}

TEST_F(Threshold, IgnoresOtherKeysAndBadSignatures) {
  EXPECT_TRUE(Holds({By(2), By(0)}, 1));
  EXPECT_FALSE(Holds({By(2)}, 1));
  SignatureEntry bad = By(0);
  bad.der.back() = static_cast<char>(bad.der.back() ^ 1);
  EXPECT_FALSE(Holds({bad}, 1));
  EXPECT_TRUE(Holds({bad, By(0)}, 1)) << "a bad one does not use up its key";
  SignatureEntry borrowed = By(2);
  borrowed.spki = public_[0].SpkiHash();
  EXPECT_FALSE(Holds({borrowed}, 1)) << "T6";
  EXPECT_FALSE(VerifyThreshold("other", {By(0)}, public_, 1));
}

TEST_F(Threshold, TakesAsManySignaturesAsTheLimit) {
  std::vector<SignatureEntry> signatures(limits::kMaxSignatures - 1, By(2));
  signatures.push_back(By(0));
  EXPECT_TRUE(Holds(signatures, 1));
  signatures.push_back(By(0));
  EXPECT_EQ(VerifyThreshold("raw", signatures, public_, 1).error().code, Errc::kLimit);
}

TEST_F(Threshold, TheWireFormComesBackAndIsCheckedByteByByte) {
  const std::vector<SignatureEntry> signatures = {By(0), By(1)};
  const Bytes wire = EncodeSignatures(signatures);
  EXPECT_EQ(ParseSignatures(wire).value(), signatures);
  const size_t first = 34 + signatures[0].der.size();
  for (size_t n = 0; n < wire.size(); ++n) {
    EXPECT_EQ(ParseSignatures(wire.substr(0, n)).has_value(), n == first) << n;
  }
  EXPECT_EQ(ParseSignatures(Bytes(34, '\0')).error().code, Errc::kCorrupt) << "no DER";
}

TEST_F(Threshold, TheWireFormHasALimit) {
  const std::vector<SignatureEntry> most(limits::kMaxSignatures, By(0));
  EXPECT_TRUE(ParseSignatures(EncodeSignatures(most)));
  const std::vector<SignatureEntry> above(limits::kMaxSignatures + 1, By(0));
  EXPECT_EQ(ParseSignatures(EncodeSignatures(above)).error().code, Errc::kLimit);
}

Proof SomeProof(size_t hashes) {
  Proof proof{5, 142, {}};
  for (size_t i = 0; i < hashes; ++i) proof.path.push_back(crypto::Sha256(std::to_string(i)));
  return proof;
}

TEST(ProofForms, ComeBack) {
  for (const size_t hashes : {0u, 1u, 8u, 63u}) {
    const Proof proof = SomeProof(hashes);
    EXPECT_EQ(ParseProof(EncodeProof(proof)).value(), proof);
    EXPECT_EQ(ParseProofJson(ProofJson(proof)).value(), proof);
  }
  EXPECT_EQ(ProofJson({1, 2, {Digest{}}}),
            R"({"index":1,"path":[")" + std::string(64, '0') + R"("],"size":2})");
}

TEST(ProofForms, HaveALimit) {
  const Proof most = SomeProof(63);
  EXPECT_EQ(EncodeProof(most).size(), limits::kProofBytes - 16);
  EXPECT_EQ(ParseProof(EncodeProof(SomeProof(64))).error().code, Errc::kLimit);
  EXPECT_EQ(ParseProofJson(ProofJson(SomeProof(64))).error().code, Errc::kLimit);
}

TEST(ProofForms, CutOrSenselessOnesAreRefused) {
  const Bytes wire = EncodeProof(SomeProof(2));
  for (size_t n = 0; n < wire.size(); ++n) {
    const bool whole_hashes = n >= 16 && n % 32 == 16;
    EXPECT_EQ(ParseProof(wire.substr(0, n)).has_value(), whole_hashes) << n;
  }
  EXPECT_FALSE(ParseProof(EncodeProof({2, 2, {}})));
  EXPECT_FALSE(ParseProof(EncodeProof({0, 0, {}})));
  for (const char* json :
       {"", "[]", "{}", R"({"index":0,"path":[],"size":0})", R"({"index":-1,"path":[],"size":1})",
        R"({"index":0,"path":[1],"size":1})", R"({"index":0,"path":["ab"],"size":1})",
        R"({"index":0,"path":[],"size":1} )", R"({"index":0,"path":[],"size":1,"x":1})",
        R"({"size":1,"path":[],"index":0})"}) {
    EXPECT_FALSE(ParseProofJson(json)) << json;
  }
}

}  // namespace
}  // namespace dunlin::trust
