// Root rotation (TUF 5.3): every hop signed by the old and the new keys, one version at a time.
#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {
namespace {

using Keys = std::vector<const crypto::PrivateKey*>;

class RootWalk : public ::testing::Test {
 protected:
  RootWalk() : fleet_(1) {
    // 2 of 3, as the design asks for.
    fleet_.root = fleet_.MakeRoot(1, {&old_[0], &old_[1], &old_[2]}, 2);
  }
  Root Next(int64_t version = 2) {
    return fleet_.MakeRoot(version, {&new_[0], &new_[1], &new_[2]}, 2);
  }
  std::string Outcome(std::vector<SignedRoot> roots) {
    fleet_.previous.reset();
    Offer offer = fleet_.Publish();
    offer.roots = std::move(roots);
    const Verdict verdict = Verify(fleet_.Fresh(), offer, kNow);
    if (!verdict) return std::string(Name(verdict.error().reason));
    EXPECT_TRUE(verdict->root_rotated);
    return "root " + std::to_string(verdict->state.root.version);
  }
  std::string OutcomeOf(const Root& next, const Keys& signers) {
    return Outcome({Fleet::SignRoot(next, signers)});
  }

  Fleet fleet_;
  crypto::PrivateKey old_[3] = {NewKey(), NewKey(), NewKey()};
  crypto::PrivateKey new_[3] = {NewKey(), NewKey(), NewKey()};
};

TEST_F(RootWalk, TakesTheNextRootSignedByBoth) {
  EXPECT_EQ(OutcomeOf(Next(), {&old_[0], &old_[2], &new_[1], &new_[2]}), "root 2");
}

TEST_F(RootWalk, T1_SignedByTheNewKeysOnly) {
  EXPECT_EQ(OutcomeOf(Next(), {&new_[0], &new_[1], &new_[2]}), "root_signature");
  EXPECT_EQ(OutcomeOf(Next(), {&old_[0], &new_[0], &new_[1], &new_[2]}), "root_signature");
}

TEST_F(RootWalk, T2_SignedByTheOldKeysOnly) {
  EXPECT_EQ(OutcomeOf(Next(), {&old_[0], &old_[1], &old_[2]}), "root_signature");
  EXPECT_EQ(OutcomeOf(Next(), {&old_[0], &old_[1], &new_[2]}), "root_signature");
}

TEST_F(RootWalk, T3_SkipsAVersion) {
  EXPECT_EQ(OutcomeOf(Next(3), {&old_[0], &old_[1], &new_[0], &new_[1]}), "root_version");
}

TEST_F(RootWalk, T4_IsReplayed) {
  EXPECT_EQ(OutcomeOf(fleet_.root, {&old_[0], &old_[1]}), "root_version");
  // The first root after the second: its keys are not the trusted ones any more.
  const SignedRoot second = Fleet::SignRoot(Next(), {&old_[0], &old_[1], &new_[0], &new_[1]});
  const SignedRoot first = Fleet::SignRoot(fleet_.root, {&old_[0], &old_[1]});
  EXPECT_EQ(Outcome({second, first}), "root_signature");
}

TEST_F(RootWalk, T5_OneKeySignsTwice) {
  EXPECT_EQ(OutcomeOf(Next(), {&old_[0], &old_[0], &new_[0], &new_[1]}), "root_signature");
}

TEST_F(RootWalk, T6_ASignatureNamesAnotherKey) {
  SignedRoot root = Fleet::SignRoot(Next(), {&old_[0], &old_[1], &new_[0], &new_[1]});
  root.signatures[1].spki = old_[2].Public().SpkiHash();
  EXPECT_EQ(Outcome({root}), "root_signature");
}

TEST_F(RootWalk, WalksEveryHop) {
  std::vector<SignedRoot> roots = {
      Fleet::SignRoot(Next(2), {&old_[0], &old_[1], &new_[0], &new_[1]})};
  for (int64_t version = 3; version <= 6; ++version) {
    roots.push_back(Fleet::SignRoot(Next(version), {&new_[1], &new_[2]}));
  }
  EXPECT_EQ(Outcome(roots), "root 6");
  roots.erase(roots.begin() + 2);
  EXPECT_EQ(Outcome(roots), "root_version");
}

TEST_F(RootWalk, OnlyTheNewestRootMustBeInItsTime) {
  Root expired = Next(2);
  expired.expires = kNow;
  const SignedRoot second = Fleet::SignRoot(expired, {&old_[0], &old_[1], &new_[0], &new_[1]});
  EXPECT_EQ(Outcome({second}), "root_expired");
  EXPECT_EQ(Outcome({second, Fleet::SignRoot(Next(3), {&new_[0], &new_[1]})}), "root 3");
  Root last_second = Next(2);
  last_second.expires = kNow + Seconds(1);
  EXPECT_EQ(OutcomeOf(last_second, {&old_[0], &old_[1], &new_[0], &new_[1]}), "root 2");
}

TEST_F(RootWalk, AnExpiredRootBlocksWithoutANewOne) {
  Fleet fleet;
  fleet.root.expires = kNow;
  const Verdict verdict = Verify(fleet.Fresh(), fleet.Publish(), kNow);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().reason, Refusal::kRootExpired);
  EXPECT_EQ(verdict.error().error.code, Errc::kExpired);
}

TEST_F(RootWalk, ASignedRootThatIsNotCanonicalIsRefused) {
  SignedRoot root = Fleet::SignRoot(Next(), {});
  root.raw += "\n";
  for (const auto* key : Keys{&old_[0], &old_[1], &new_[0], &new_[1]}) {
    root.signatures.push_back(*SignRaw(*key, root.raw));
  }
  EXPECT_EQ(Outcome({root}), "format");
}

TEST_F(RootWalk, TheWireFormComesBack) {
  const SignedRoot root = Fleet::SignRoot(Next(), {&old_[0], &new_[0]});
  const Bytes wire = EncodeSignedRoot(root);
  const auto parsed = ParseSignedRoot(wire);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->raw, root.raw);
  EXPECT_EQ(parsed->signatures, root.signatures);
  for (size_t n = 0; n < wire.size(); ++n) {
    const auto cut = ParseSignedRoot(wire.substr(0, n));
    // A cut behind the first signature leaves one: complete, and not enough for the threshold.
    EXPECT_TRUE(!cut || cut->signatures.size() == 1);
  }
  EXPECT_EQ(ParseSignedRoot(Bytes("\x00\x01\x00\x01", 4) + Bytes(70000, ' ')).error().code,
            Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::trust
