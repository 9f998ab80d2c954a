// The only door into the agent: every reason to refuse, once, and what passes. Ids are those of the
// security design, 4.7.
#include "protocol/trust/verify.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {
namespace {

// "accepted", or the reason's name.
std::string Outcome(const TrustedState& trusted, const Offer& offer, TimePoint now = kNow) {
  const Verdict verdict = Verify(trusted, offer, now);
  return verdict ? "accepted" : std::string(Name(verdict.error().reason));
}

TEST(Verify, TakesAFirstOfferAndSaysWhatToStore) {
  Fleet fleet(7);
  const Offer offer = fleet.Publish(3);
  const Verdict verdict = Verify(fleet.Fresh(3), offer, kNow);
  ASSERT_TRUE(verdict) << verdict.error().error.message;
  EXPECT_FALSE(verdict->unchanged);
  EXPECT_FALSE(verdict->head_renewed_only);
  EXPECT_FALSE(verdict->root_rotated);
  EXPECT_EQ(verdict->statement, fleet.statements[3]);
  const TrustedState& state = verdict->state;
  EXPECT_EQ(state.epoch, 1);
  EXPECT_EQ(state.number, verdict->head.number);
  EXPECT_EQ(state.head_raw, offer.head_raw);
  EXPECT_EQ(state.head_digest, crypto::Sha256(offer.head_raw));
  EXPECT_EQ(state.seq, 1003);
  EXPECT_EQ(state.statement_raw, offer.statement_raw);
  EXPECT_EQ(state.statement_digest, crypto::Sha256(offer.statement_raw));
  EXPECT_EQ(state.max_time, kNow);
  EXPECT_FALSE(HeadIsStale(state, kNow));
}

TEST(Verify, TheSameOfferAgainIsNoChange) {
  Fleet fleet;
  const Offer offer = fleet.Publish();
  const TrustedState held = Verify(fleet.Fresh(), offer, kNow)->state;
  EXPECT_TRUE(Verify(held, offer, kNow)->unchanged);
}

TEST(Verify, ARenewedHeadNeedsNeitherStatementNorProof) {
  Fleet fleet(5);
  const TrustedState held = Verify(fleet.Fresh(2), fleet.Publish(2), kNow)->state;
  fleet.now += std::chrono::minutes(8);
  const Offer renewed = fleet.Publish(2);
  for (const bool proof : {true, false}) {
    for (const bool statement : {true, false}) {
      Offer offer = renewed;
      if (!proof) offer.proof.reset();
      if (!statement) offer.statement_raw.clear();
      const Verdict verdict = Verify(held, offer, fleet.now);
      ASSERT_TRUE(verdict) << verdict.error().error.message;
      EXPECT_TRUE(verdict->head_renewed_only);
      EXPECT_EQ(verdict->state.statement_raw, held.statement_raw);
      EXPECT_EQ(verdict->state.max_time, fleet.now);
    }
  }
}

// Without a proof the head must be over the tree that is held: another cluster's change is enough
// to need one.
TEST(Verify, AHeadOverAnotherTreeNeedsAProof) {
  Fleet fleet(2);
  const TrustedState held = Verify(fleet.Fresh(0), fleet.Publish(0), kNow)->state;
  fleet.statements[1].seq += 1;
  Offer offer = fleet.Publish(0);
  EXPECT_EQ(Outcome(held, offer), "accepted");
  offer.proof.reset();
  EXPECT_EQ(Outcome(held, offer), "proof");
}

TEST(Verify, TakesANewerStatementAndARollbackToOldContent) {
  Fleet fleet;
  TrustedState held = Verify(fleet.Fresh(), fleet.Publish(), kNow)->state;
  const auto old_apps = fleet.statements[0].apps;
  fleet.statements[0].seq = 2000;
  fleet.statements[0].apps.at(AppName("shop")).bundle = crypto::Sha256("other");
  held = Verify(held, fleet.Publish(), kNow)->state;
  EXPECT_EQ(held.seq, 2000);
  fleet.statements[0].seq = 2001;
  fleet.statements[0].apps = old_apps;
  const Verdict back = Verify(held, fleet.Publish(), kNow);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->statement.apps, old_apps);
}

// T10.
TEST(Verify, T10_PartsBeyondTheirLimitsAreRefusedUnread) {
  Fleet fleet;
  const TrustedState fresh = fleet.Fresh();
  const Offer good = fleet.Publish();
  Offer offer = good;
  offer.head_raw.resize(limits::kHeadBytes + 1, ' ');
  EXPECT_EQ(Outcome(fresh, offer), "limit");
  offer.head_raw.resize(limits::kHeadBytes);
  EXPECT_EQ(Outcome(fresh, offer), "head_signature");
  offer = good;
  offer.statement_raw.resize(limits::kStatementBytes + 1, ' ');
  EXPECT_EQ(Outcome(fresh, offer), "limit");
  offer.statement_raw.resize(limits::kStatementBytes);
  EXPECT_EQ(Outcome(fresh, offer), "proof");
  offer = good;
  offer.proof->path.resize(63);
  EXPECT_EQ(Outcome(fresh, offer), "proof");
  offer.proof->path.resize(64);
  EXPECT_EQ(Outcome(fresh, offer), "limit");
  offer = good;
  offer.signatures.resize(limits::kMaxSignatures);
  EXPECT_EQ(Outcome(fresh, offer), "accepted");
  offer.signatures.resize(limits::kMaxSignatures + 1);
  EXPECT_EQ(Outcome(fresh, offer), "limit");
  offer = good;
  offer.roots = {{Bytes(limits::kRootBytes + 1, ' '), {}}};
  EXPECT_EQ(Outcome(fresh, offer), "limit");
  offer.roots = {{Bytes(limits::kRootBytes, ' '), {}}};
  EXPECT_EQ(Outcome(fresh, offer), "root_signature");
  offer.roots.assign(limits::kRootHops + 1, SignedRoot{});
  EXPECT_EQ(Outcome(fresh, offer), "limit");
  offer.roots.assign(limits::kRootHops, SignedRoot{});
  EXPECT_EQ(Outcome(fresh, offer), "root_signature");
}

// T7: another key, also one that the root names for another role.
TEST(Verify, T7_OnlyTheHubRoleSignsHeads) {
  Fleet fleet;
  EXPECT_EQ(Outcome(fleet.Fresh(), fleet.PublishBy(NewKey())), "head_signature");
  EXPECT_EQ(Outcome(fleet.Fresh(), fleet.PublishBy(fleet.root_key)), "head_signature");
  Offer unsigned_offer = fleet.Publish();
  unsigned_offer.signatures.clear();
  EXPECT_EQ(Outcome(fleet.Fresh(), unsigned_offer), "head_signature");
}

// Any byte of any part.
TEST(Verify, NoByteOfAnOfferCanBeChanged) {
  Fleet fleet(5);
  const TrustedState fresh = fleet.Fresh(2);
  const Offer good = fleet.Publish(2);
  ASSERT_EQ(Outcome(fresh, good), "accepted");
  const auto flip = [](char& byte) { byte = static_cast<char>(byte ^ 1); };
  for (size_t i = 0; i < good.head_raw.size(); ++i) {
    Offer offer = good;
    flip(offer.head_raw[i]);
    EXPECT_EQ(Outcome(fresh, offer), "head_signature") << i;
  }
  for (size_t i = 0; i < good.signatures[0].der.size(); ++i) {
    Offer offer = good;
    flip(offer.signatures[0].der[i]);
    EXPECT_EQ(Outcome(fresh, offer), "head_signature") << i;
  }
  for (size_t i = 0; i < 32; ++i) {
    Offer offer = good;
    offer.signatures[0].spki.bytes[i] ^= 1;
    EXPECT_EQ(Outcome(fresh, offer), "head_signature") << i;
  }
  const Bytes proof = EncodeProof(*good.proof);
  for (size_t i = 0; i < proof.size(); ++i) {
    Bytes changed = proof;
    flip(changed[i]);
    const auto parsed = ParseProof(changed);
    if (!parsed) continue;  // outside of its tree
    Offer offer = good;
    offer.proof = *parsed;
    EXPECT_EQ(Outcome(fresh, offer), "proof") << i;
  }
  for (size_t i = 0; i < good.statement_raw.size(); ++i) {
    Offer offer = good;
    flip(offer.statement_raw[i]);
    EXPECT_EQ(Outcome(fresh, offer), "proof") << i;
  }
  for (int bit = 0; bit < 64; ++bit) {
    Offer offer = good;
    offer.statement_seq ^= static_cast<int64_t>(uint64_t{1} << bit);
    EXPECT_EQ(Outcome(fresh, offer), "proof") << bit;
  }
}

// "Verify the bytes, then parse": whatever stands for a statement is not looked into before the
// proof holds for it.
TEST(Verify, AStatementIsParsedOnlyAfterItsProof) {
  Fleet fleet;
  Statement foreign = fleet.statements[0];
  foreign.cluster = ClusterId("another");
  const std::string good = fleet.statements[0].Serialize().value();
  const std::vector<std::pair<std::string, Bytes>> cases = {
      {"format", "not json"},
      {"format", good + "\n"},
      {"format", "{\"_type\":\"head\"," + good.substr(1)},
      {"format", std::string(9, '[') + std::string(9, ']')},
      {"other_cluster", foreign.Serialize().value()}};
  for (const auto& [reason, raw] : cases) {
    Offer unproved = fleet.Publish();
    unproved.statement_raw = raw;
    EXPECT_EQ(Outcome(fleet.Fresh(), unproved), "proof") << raw;
    const Offer proved =
        fleet.PublishLeaf({Fleet::Id(0), fleet.statements[0].seq, crypto::Sha256(raw)}, raw);
    EXPECT_EQ(Outcome(fleet.Fresh(), proved), reason) << raw;
  }
}

TEST(Verify, TheTreesNumberIsTheStatements) {
  Fleet fleet;
  const Bytes raw = fleet.statements[0].Serialize().value();
  const int64_t seq = fleet.statements[0].seq;
  EXPECT_EQ(
      Outcome(fleet.Fresh(), fleet.PublishLeaf({Fleet::Id(0), seq, crypto::Sha256(raw)}, raw)),
      "accepted");
  for (const int64_t other : {seq - 1, seq + 1}) {
    Offer offer = fleet.PublishLeaf({Fleet::Id(0), other, crypto::Sha256(raw)}, raw);
    EXPECT_EQ(Outcome(fleet.Fresh(), offer), "proof") << "the statement says another";
    offer.statement_seq = seq;
    EXPECT_EQ(Outcome(fleet.Fresh(), offer), "proof") << "the tree says another";
  }
  // Also with no proof, over the tree that is held.
  const Offer offer = fleet.Publish();
  const TrustedState held = Verify(fleet.Fresh(), offer, kNow)->state;
  Offer renewed = fleet.Publish();
  renewed.proof.reset();
  EXPECT_EQ(Outcome(held, renewed), "accepted");
  renewed.statement_seq += 1;
  EXPECT_EQ(Outcome(held, renewed), "proof");
}

// T15: the hub's key over bytes that are not the one form.
TEST(Verify, T15_ASignedHeadMustBeCanonical) {
  Fleet fleet;
  const Offer good = fleet.Publish();
  const std::string inner = good.head_raw.substr(1, good.head_raw.size() - 2);
  for (const std::string& raw :
       {"{" + inner + ",\"epoch\":1}", "{ " + inner + "}", "{" + inner + ",\"x\":1}",
        "{" + inner + "}\n", std::string("[]"), std::string("not json"),
        std::string(9, '[') + std::string(9, ']')}) {
    Offer offer = good;
    offer.head_raw = raw;
    EXPECT_EQ(Outcome(fleet.Fresh(), Fleet::Resign(offer, fleet.hub_key)), "format") << raw;
  }
}

TEST(Verify, T8_OlderHeadsAndStatementsAreRefused) {
  Fleet fleet;
  const Offer first = fleet.Publish();
  fleet.statements[0].seq = 2000;
  const Offer second = fleet.Publish();
  const TrustedState held = Verify(fleet.Fresh(), second, kNow)->state;
  EXPECT_EQ(Outcome(held, first), "head_rollback");
  fleet.statements[0].seq = 1999;
  EXPECT_EQ(Outcome(held, fleet.Publish()), "sequence_rollback");
}

TEST(Verify, T8_TwoDocumentsUnderOneNumberAreEquivocation) {
  Fleet fleet;
  const Offer first = fleet.Publish();
  const TrustedState held = Verify(fleet.Fresh(), first, kNow)->state;
  const Offer other_head = fleet.WithHead(first, [](Head& head) { head.expires += Seconds(1); });
  EXPECT_EQ(Outcome(held, other_head), "equivocation");
  fleet.statements[0].apps.clear();
  EXPECT_EQ(Outcome(held, fleet.Publish()), "equivocation");
}

// T9: a stolen key ran the numbers up; a root with a higher epoch lets them start again.
TEST(Verify, T9_AnEpochRecoversFromFastForward) {
  Fleet fleet;
  fleet.statements[0].seq = kMaxSequence;
  const Offer run_up =
      fleet.WithHead(fleet.Publish(), [](Head& head) { head.number = kMaxSequence; });
  const TrustedState held = Verify(fleet.Fresh(), run_up, kNow)->state;
  EXPECT_EQ(held.number, kMaxSequence);
  fleet.previous.reset();
  fleet.statements[0].seq = 3000;
  EXPECT_EQ(Outcome(held, fleet.Publish()), "head_rollback");

  Root next = fleet.MakeRoot(2, {&fleet.root_key}, 1);
  next.roles["hub"].epoch = 2;
  fleet.root = next;
  fleet.statements[0].epoch = 2;
  Offer offer = fleet.Publish();
  offer.roots = {Fleet::SignRoot(next, {&fleet.root_key})};
  const Verdict verdict = Verify(held, offer, kNow);
  ASSERT_TRUE(verdict) << verdict.error().error.message;
  EXPECT_TRUE(verdict->root_rotated);
  EXPECT_EQ(verdict->state.epoch, 2);
  EXPECT_EQ(verdict->state.seq, 3000);
  // And nothing of the old epoch comes back.
  EXPECT_EQ(Outcome(verdict->state, run_up), "epoch");
}

TEST(Verify, TheEpochIsThatOfTheRoot) {
  Fleet fleet;
  const Offer offer = fleet.Publish();
  EXPECT_EQ(Outcome(fleet.Fresh(), fleet.WithHead(offer, [](Head& head) { head.epoch = 2; })),
            "epoch");
  fleet.statements[0].epoch = 2;
  EXPECT_EQ(Outcome(fleet.Fresh(), fleet.Publish()), "epoch");
}

// T12.
TEST(Verify, T12_AHeadHoldsUntilItsLastSecond) {
  Fleet fleet;
  const Offer offer = fleet.Publish();
  const TimePoint expires = kNow + fleet.life;
  EXPECT_EQ(Outcome(fleet.Fresh(), offer, expires - Seconds(1)), "accepted");
  EXPECT_EQ(Outcome(fleet.Fresh(), offer, expires), "stale_head");
  EXPECT_EQ(Outcome(fleet.Fresh(), offer, expires + Seconds(1)), "stale_head");
  EXPECT_EQ(Outcome(fleet.Fresh(), offer, kNow + std::chrono::hours(24 * 300)), "stale_head");
  const TrustedState held = Verify(fleet.Fresh(), offer, kNow)->state;
  EXPECT_FALSE(HeadIsStale(held, expires - Seconds(1)));
  EXPECT_TRUE(HeadIsStale(held, expires));
  EXPECT_TRUE(HeadIsStale(fleet.Fresh(), kNow));
}

TEST(Verify, T12_AClockThatIsBehindDoesNotFreezeTheCluster) {
  Fleet fleet;
  const Offer first = fleet.Publish();
  const TimePoint in_1970{};
  TrustedState fresh = fleet.Fresh();
  fresh.build_time = kNow - std::chrono::hours(24);
  TrustedState held = Verify(fresh, first, in_1970)->state;
  // The time of an accepted head is a floor: an old head does not come back to life.
  fleet.now += std::chrono::hours(1);
  held = Verify(held, fleet.Publish(), in_1970)->state;
  EXPECT_EQ(held.max_time, fleet.now);
  EXPECT_FALSE(HeadIsStale(held, in_1970));
  TrustedState other = fleet.Fresh();
  other.max_time = fleet.now;
  EXPECT_EQ(Outcome(other, first, in_1970), "stale_head");
  TrustedState built_later = fleet.Fresh();
  built_later.build_time = fleet.now;
  EXPECT_EQ(Outcome(built_later, first, in_1970), "stale_head");
}

// Its time would become a floor, and every later head of the mended hub would be stale.
TEST(Verify, T12_AHeadFromTheFutureIsRefused) {
  Fleet fleet;
  TrustedState held = fleet.Fresh();
  held.build_time = kNow - std::chrono::hours(24 * 400);
  fleet.now = kNow + limits::kHeadAheadOfClock;
  EXPECT_EQ(Outcome(held, fleet.Publish()), "accepted");
  fleet.now += Seconds(1);
  const Offer ahead = fleet.Publish();
  EXPECT_EQ(Outcome(held, ahead), "head_from_future");
  EXPECT_EQ(Outcome(held, ahead, kNow + Seconds(1)), "accepted");
  // What an accepted head said is as good as our own clock.
  held.max_time = kNow + Seconds(1);
  EXPECT_EQ(Outcome(held, ahead), "accepted");
}

TEST(Verify, T12_AMachineWithoutAClockBelievesTheHub) {
  Fleet fleet;
  const Offer offer = fleet.Publish();
  TrustedState fresh = fleet.Fresh();
  fresh.build_time = kNow - std::chrono::hours(24 * 400);
  EXPECT_EQ(Outcome(fresh, offer, TimePoint{}), "accepted");
  EXPECT_EQ(Outcome(fresh, offer, fresh.build_time - Millis(1)), "accepted");
  EXPECT_EQ(Outcome(fresh, offer, fresh.build_time), "head_from_future");
  // Also after 40 days without a hub.
  const TrustedState held = Verify(fresh, offer, TimePoint{})->state;
  fleet.now += std::chrono::hours(24 * 40);
  EXPECT_EQ(Outcome(held, fleet.Publish(), TimePoint{}), "accepted");
}

TEST(Verify, AHeadMustNotLiveLongerThanTheSetting) {
  Fleet fleet;
  fleet.life = std::chrono::hours(1);
  EXPECT_EQ(Outcome(fleet.Fresh(), fleet.Publish()), "accepted");
  fleet.life += Seconds(1);
  const Offer offer = fleet.Publish();
  EXPECT_EQ(Outcome(fleet.Fresh(), offer), "life_too_long");
  TrustedState air_gapped = fleet.Fresh();
  air_gapped.max_head_life = std::chrono::hours(24 * 90);
  EXPECT_EQ(Outcome(air_gapped, offer), "accepted");
  const Offer backwards = fleet.WithHead(offer, [](Head& head) { head.expires = head.time; });
  EXPECT_EQ(Outcome(fleet.Fresh(), backwards), "life_too_long");
}

// T16: what is A's is refused by B, whole or with any part exchanged.
TEST(Verify, T16_AnotherClustersPartsAreRefused) {
  constexpr size_t kClusters = 12;
  Fleet fleet(kClusters);
  std::vector<Offer> offers;
  for (size_t i = 0; i < kClusters; ++i) {
    fleet.previous.reset();
    offers.push_back(fleet.Publish(i));
  }
  for (size_t a = 0; a < kClusters; ++a) {
    for (size_t b = 0; b < kClusters; ++b) {
      const TrustedState fresh = fleet.Fresh(b);
      if (a == b) {
        EXPECT_EQ(Outcome(fresh, offers[a]), "accepted");
        continue;
      }
      EXPECT_EQ(Outcome(fresh, offers[a]), "proof");
      Offer mixed = offers[b];
      mixed.proof = offers[a].proof;
      EXPECT_EQ(Outcome(fresh, mixed), "proof");
    }
  }
}

TEST(Verify, AStatementThatTheHeadDoesNotHoldIsRefused) {
  Fleet fleet(3);
  const Offer offer = fleet.Publish(1);
  fleet.statements[1].seq += 1;
  Offer mixed = offer;
  mixed.statement_seq = fleet.statements[1].seq;
  mixed.statement_raw = fleet.statements[1].Serialize().value();
  EXPECT_EQ(Outcome(fleet.Fresh(1), mixed), "proof");
  Offer wrong_size = offer;
  wrong_size.proof->size = 4;
  EXPECT_EQ(Outcome(fleet.Fresh(1), wrong_size), "proof");
}

// The tree gives a statement to us that was made for another cluster.
TEST(Verify, AnotherClustersStatementUnderOurEntryIsRefused) {
  Fleet fleet(2);
  const Bytes raw = fleet.statements[1].Serialize().value();
  const int64_t seq = fleet.statements[1].seq;
  EXPECT_EQ(
      Outcome(fleet.Fresh(0), fleet.PublishLeaf({Fleet::Id(0), seq, crypto::Sha256(raw)}, raw)),
      "other_cluster");
}

// A copied machine or key: our UUID, another kube-system.
TEST(Verify, AnotherKubernetesClusterIsRefused) {
  Fleet fleet;
  const Offer offer = fleet.Publish();
  TrustedState cloned = fleet.Fresh();
  cloned.kube_uid = "kube-of-the-clone";
  EXPECT_EQ(Outcome(cloned, offer), "other_kube");
  cloned.kube_uid.clear();
  EXPECT_EQ(Outcome(cloned, offer), "other_kube");
}

TEST(Verify, AnotherChannelIsRefused) {
  Fleet fleet;
  TrustedState state = fleet.Fresh();
  state.channel = "prod";
  EXPECT_EQ(Outcome(state, fleet.Publish()), "channel");
}

TEST(Verify, AProtectedChannelIsRefusedWhileApprovalsAreNotChecked) {
  Fleet fleet;
  fleet.root.roles["approver:default"].keys = {NewKey().Public()};
  EXPECT_EQ(Outcome(fleet.Fresh(), fleet.Publish()), "approvals_required");
}

TEST(Verify, AFirstOfferNeedsAStatement) {
  Fleet fleet;
  Offer offer = fleet.Publish();
  offer.statement_raw.clear();
  EXPECT_EQ(Outcome(fleet.Fresh(), offer), "statement_missing");
}

// T13: a rejection says why and changes nothing; the next good offer passes.
TEST(Verify, T13_ARejectionLeavesTheDoorOpen) {
  Fleet fleet;
  const TrustedState held = Verify(fleet.Fresh(), fleet.Publish(), kNow)->state;
  fleet.statements[0].seq += 1;
  const Offer good = fleet.Publish();
  Offer bad = good;
  bad.statement_raw.pop_back();
  const Verdict refused = Verify(held, bad, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Refusal::kProof);
  EXPECT_EQ(refused.error().error.code, Errc::kSignature);
  EXPECT_FALSE(refused.error().error.message.empty());
  EXPECT_TRUE(Verify(held, good, kNow).has_value());
}

// A state whose statement was lost is offered everything again and does not get stuck.
TEST(Verify, T13_WithoutAHeldStatementTheWholeOfferIsTaken) {
  Fleet fleet;
  const Offer offer = fleet.Publish();
  TrustedState damaged = Verify(fleet.Fresh(), offer, kNow)->state;
  damaged.statement_raw.clear();
  damaged.head_raw.clear();
  EXPECT_EQ(Outcome(damaged, offer), "accepted");
  Offer renewed_only = offer;
  renewed_only.statement_raw.clear();
  EXPECT_EQ(Outcome(damaged, renewed_only), "statement_missing");
}

}  // namespace
}  // namespace dunlin::trust
