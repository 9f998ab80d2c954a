#include "protocol/trust/publish.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {
namespace {

PublishInput Input(size_t clusters) {
  PublishInput input;
  for (size_t i = 0; i < clusters; ++i) {
    input.clusters.push_back({Fleet::Id(i), 1, crypto::Sha256(std::to_string(i))});
  }
  input.now = kNow;
  return input;
}

int64_t Ms(TimePoint time) { return time.time_since_epoch().count(); }

TEST(NextSequence, IsTheTimeOrOneMore) {
  EXPECT_EQ(NextSequence(0, kNow).value(), Ms(kNow));
  EXPECT_EQ(NextSequence(Ms(kNow) - 1, kNow).value(), Ms(kNow));
  EXPECT_EQ(NextSequence(Ms(kNow), kNow).value(), Ms(kNow) + 1);
  EXPECT_EQ(NextSequence(Ms(kNow) + 500, kNow).value(), Ms(kNow) + 501) << "a clock went back";
  EXPECT_EQ(NextSequence(0, TimePoint{}).value(), 1);
  EXPECT_EQ(NextSequence(kMaxSequence - 1, kNow).value(), kMaxSequence);
  EXPECT_EQ(NextSequence(kMaxSequence, kNow).error().code, Errc::kLimit);
}

TEST(Publication, NumbersChainsAndDatesTheHead) {
  PublishInput input = Input(3);
  input.now = kNow + Millis(750);
  input.previous = PreviousHead{77, crypto::Sha256("previous head")};
  input.epoch = 4;
  const Publication made = Publication::Make(input).value();
  EXPECT_EQ(made.head().number, Ms(input.now));
  EXPECT_EQ(made.head().prev, crypto::Sha256("previous head"));
  EXPECT_EQ(made.head().epoch, 4);
  EXPECT_EQ(made.head().size, 3);
  EXPECT_EQ(made.head().time, kNow) << "seconds";
  EXPECT_EQ(made.head().expires, kNow + std::chrono::minutes(15));
  EXPECT_EQ(Head::Parse(made.raw()).value(), made.head());
  EXPECT_EQ(made.digest(), crypto::Sha256(made.raw()));
}

TEST(Publication, ProvesEveryClusterWhateverTheOrder) {
  PublishInput input = Input(9);
  const Digest root = Publication::Make(input)->head().root;
  std::reverse(input.clusters.begin(), input.clusters.end());
  const Publication made = Publication::Make(input).value();
  EXPECT_EQ(made.head().root, root);
  for (size_t i = 0; i < 9; ++i) {
    const Proof proof = made.ProofFor(Fleet::Id(i)).value();
    const Bytes entry = LeafEntry(Fleet::Id(i), 1, crypto::Sha256(std::to_string(i))).value();
    EXPECT_EQ(proof.index, i);
    EXPECT_TRUE(VerifyPath(LeafHash(entry), proof.index, proof.size, proof.path, root));
  }
  EXPECT_EQ(made.ProofFor(ClusterId("nobody")).error().code, Errc::kNotFound);
}

TEST(Publication, RefusesOneClusterTwice) {
  PublishInput input = Input(3);
  input.clusters.push_back(input.clusters[1]);
  input.clusters.back().seq = 2;
  EXPECT_EQ(Publication::Make(input).error().code, Errc::kInvalidArgument);
}

TEST(Publication, StaysAboveWhatAgentsReported) {
  PublishInput input = Input(1);
  input.number_floor = Ms(kNow) + 5;
  EXPECT_EQ(Publication::Make(input)->head().number, Ms(kNow) + 6);
  input.number_floor = kMaxSequence;
  EXPECT_EQ(Publication::Make(input).error().code, Errc::kLimit);
}

TEST(Publication, TheLifeIsFromOneMinuteToOneDayUnlessForExport) {
  const auto code = [](Millis life, bool for_export) {
    PublishInput input = Input(1);
    input.life = life;
    input.for_export = for_export;
    const auto made = Publication::Make(input);
    return made ? std::string("ok") : std::string(Name(made.error().code));
  };
  EXPECT_EQ(code(std::chrono::minutes(1), false), "ok");
  EXPECT_EQ(code(std::chrono::minutes(1) - Millis(1), false), "invalid_argument");
  EXPECT_EQ(code(std::chrono::hours(24), false), "ok");
  EXPECT_EQ(code(std::chrono::hours(24) + Millis(1), false), "invalid_argument");
  EXPECT_EQ(code(std::chrono::hours(24 * 90), true), "ok");
  EXPECT_EQ(code(Millis(999), true), "invalid_argument");
}

TEST(Publication, ARenewalIsDueAtHalfTheLife) {
  const Head head = Publication::Make(Input(1))->head();
  EXPECT_FALSE(RenewalDue(head, kNow + Seconds(449)));
  EXPECT_TRUE(RenewalDue(head, kNow + Seconds(450)));
  EXPECT_TRUE(RenewalDue(head, kNow + Seconds(9000)));
}

TEST(Publication, OfNoClustersIsTheEmptyTree) {
  const Head head = Publication::Make(Input(0))->head();
  EXPECT_EQ(head.size, 0);
  EXPECT_EQ(head.root, crypto::Sha256({}));
}

}  // namespace
}  // namespace dunlin::trust
