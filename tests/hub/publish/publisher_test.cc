// What is published, and what polls and fetches are answered.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "protocol/base/limits.h"
#include "tests/hub/publish/publisher_fixture.h"

namespace dunlin::hub {
namespace {

TEST_F(PublisherTest, NothingIsAnsweredBeforeTheFirstPublish) {
  EXPECT_FALSE(Accept(Fresh(kA)));
  EXPECT_EQ(publisher_->Current(kA), nullptr);
  EXPECT_EQ(publisher_->HeadNumber(), 0);
}

TEST_F(PublisherTest, AChangeMakesOneStatementForItsClusterAndOneHead) {
  PublishResult result = Publish({Content(kA, "1"), Content(kB, "1")});
  EXPECT_EQ(result.changed, (std::vector{kA, kB}));
  EXPECT_EQ(result.head_number, publisher_->HeadNumber());
  EXPECT_EQ(woken_, (std::vector{kA, kB}));
  const trust::TrustedState a = Accept(Fresh(kA))->state;
  const trust::TrustedState b = Accept(Fresh(kB))->state;

  woken_.clear();
  fragile_->publishes = 0;
  result = Publish({Content(kA, "1"), Content(kB, "2")});
  EXPECT_EQ(result.changed, std::vector{kB});
  EXPECT_EQ(woken_, std::vector{kB});
  EXPECT_EQ(fragile_->publishes, 1) << "one transaction";
  EXPECT_FALSE(Accept(a)) << "nothing is new for the other cluster";
  const auto accepted = Accept(b);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->statement.prev, b.statement_digest);
  EXPECT_GT(accepted->state.seq, b.seq);
  EXPECT_EQ(accepted->head.prev, b.head_digest);
}

TEST_F(PublisherTest, EqualContentPublishesNothing) {
  Publish({Content(kA, "1")});
  const int64_t head = publisher_->HeadNumber();
  woken_.clear();
  ClusterContent same = Content(kA, "1");
  same.apps.begin()->second.revision = RevisionId("a commit that changed no file of it");
  const PublishResult result = Publish({same});
  EXPECT_TRUE(result.changed.empty());
  EXPECT_EQ(result.head_number, 0);
  EXPECT_EQ(publisher_->HeadNumber(), head);
  EXPECT_TRUE(woken_.empty());
  same.restored = true;
  EXPECT_EQ(Publish({same}).changed, std::vector{kA});
}

TEST_F(PublisherTest, AConfirmedRemovalIsAStatementOfItsOwn) {
  Publish({Content(kA, "1")});
  ClusterContent confirmed = Content(kA, "1");
  confirmed.removed = {AppName("old")};
  EXPECT_EQ(Publish({confirmed}).changed, std::vector{kA});
  EXPECT_EQ(publisher_->Current(kA)->removed, confirmed.removed);
  EXPECT_TRUE(Publish({Content(kA, "1")}).changed.empty()) << "taking it back is no statement";
  Publish({Content(kA, "2")});
  EXPECT_TRUE(publisher_->Current(kA)->removed.empty());
}

TEST_F(PublisherTest, RowsOfAPublishWithoutChangesAreStored) {
  PublishRecord record;
  record.targets.resize(1);
  record.targets[0].app = "shop";
  ASSERT_OK(publisher_->Publish({}, record));
  EXPECT_EQ(state_->Load()->targets, record.targets);
}

TEST_F(PublisherTest, AnythingElseThatDiffersIsAChange) {
  const ClusterContent base = Content(kA, "1");
  Publish({base});
  for (const auto& change : std::vector<std::function<void(ClusterContent&)>>{
           [](ClusterContent& c) { c.kube_uid = "other"; },
           [](ClusterContent& c) { c.channel = "prod"; },
           [](ClusterContent& c) { c.apps.begin()->second.prune = true; },
           [](ClusterContent& c) { c.apps.begin()->second.allow_mass_prune = true; },
           [](ClusterContent& c) { c.apps.clear(); }}) {
    ClusterContent changed = base;
    change(changed);
    EXPECT_EQ(Publish({changed}).changed, std::vector{kA});
    EXPECT_EQ(Publish({base}).changed, std::vector{kA});
  }
}

TEST_F(PublisherTest, AChangeTravelsAsDeltasInOneFlight) {
  const auto wide = [&](const std::string& bundle) {
    ClusterContent content = Content(kA, bundle);
    const trust::StatementApp other = Content(kA, "1").apps.begin()->second;
    for (int app = 0; app < 30; ++app) content.apps[AppName("app-" + std::to_string(app))] = other;
    return content;
  };
  Publish({wide("1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  Publish({wide("2")});
  const auto answer = publisher_->Answer(kA, Request(held));
  ASSERT_OK(answer);
  ASSERT_TRUE(*answer);
  EXPECT_LT((*answer)->size(), 14'400u) << "design D8";
  std::set<wire::FrameType> types;
  for (const wire::Frame& frame : Frames(held)) {
    types.insert(frame.type);
    if (frame.type != wire::FrameType::kBundleDelta) continue;
    const wire::BundlePayload payload = wire::ParseBundleFrame(frame).value();
    EXPECT_LT(payload.blob.size(), 200u);
    EXPECT_EQ(
        bundle::DecodeDelta(payload.blob, base_ + "1", {payload.raw_bytes, payload.digest}).value(),
        base_ + "2");
  }
  EXPECT_TRUE(types.contains(wire::FrameType::kStatementDelta));
  EXPECT_TRUE(types.contains(wire::FrameType::kBundleDelta));
  EXPECT_FALSE(types.contains(wire::FrameType::kStatement));
  EXPECT_TRUE(Accept(held));
}

// A poll's answer makes none: that would hold up every other agent.
TEST_F(PublisherTest, ABundleWhoseDeltaIsNotReadyTravelsWhole) {
  Publish({Content(kA, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  const ClusterContent second = Content(kA, "2");
  clock_.now += Millis(10);
  ASSERT_OK(publisher_->Publish({second}, {}));
  std::set<wire::FrameType> types;
  for (const wire::Frame& frame : Frames(held)) types.insert(frame.type);
  EXPECT_TRUE(types.contains(wire::FrameType::kBundle));
  EXPECT_FALSE(types.contains(wire::FrameType::kBundleDelta));
}

// An agent that only lost a bundle gets nothing else, so that the answer has any size to the byte.
TEST_F(PublisherTest, ABundleAtTheInlineLimitIsSentAndOneByteMoreIsLeftToBeFetched) {
  Bytes around;
  const wire::Frame empty = wire::ToFrame(wire::BundlePayload{});
  wire::AppendFrame(around, empty.type, empty.payload);
  const ClusterContent content = Content(kA, "1");
  const BundleDigest digest = content.apps.begin()->second.bundle;
  Publish({content});
  wire::PollRequest request = Request(Accept(Fresh(kA))->state);
  request.want = {digest};
  for (const size_t above : {0, 1}) {
    const Bytes blob(limits::kInlineBundleBytes - around.size() + above, 'z');
    const std::string file = "bundles/" + digest.Hex().substr(0, 2) + "/" + digest.Hex();
    std::ofstream(directory_ / file) << Bytes(8, '\0') << blob;
    const auto answer = publisher_->Answer(kA, request);
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ(wire::ParseFrames(**answer)->size(), 1 - above);
  }
}

TEST_F(PublisherTest, AReadyDeltaIsAnsweredWithoutTheDisk) {
  Publish({Content(kA, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  const ClusterContent second = Content(kA, "2");
  Publish({second});
  ASSERT_OK(bundles_->Remove(second.apps.begin()->second.bundle));
  std::set<wire::FrameType> types;
  for (const wire::Frame& frame : Frames(held)) types.insert(frame.type);
  EXPECT_TRUE(types.contains(wire::FrameType::kBundleDelta));
}

TEST_F(PublisherTest, OnlyWhatIsNotReadyIsMissingOnceForAllClusters) {
  const auto both = [&](const std::string& bundle) {
    return std::vector{Content(kA, bundle), Content(kB, bundle)};
  };
  EXPECT_TRUE(publisher_->MissingDeltas(both("1")).empty()) << "nobody has anything yet";
  Publish(both("1"));
  EXPECT_TRUE(publisher_->MissingDeltas(both("1")).empty());
  const auto missing = publisher_->MissingDeltas(both("2"));
  ASSERT_EQ(missing.size(), 1u);
  publisher_->TakeDeltas(DeltaWork(*bundles_, missing)().value());
  EXPECT_TRUE(publisher_->MissingDeltas(both("2")).empty());
}

TEST_F(PublisherTest, OnePublishWaitsForABoundedAmountOfDeltas) {
  ClusterContent before = Content(kA, "1");
  const trust::StatementApp app = before.apps.begin()->second;
  before.apps.clear();
  ClusterContent after = before;
  for (size_t i = 0; i <= limits::kDeltasAtOnce; ++i) {
    const AppName name("app-" + std::to_string(i));
    before.apps[name] = app;
    after.apps[name] = app;
    after.apps[name].bundle = crypto::Sha256(std::to_string(i));
  }
  Publish({before});
  EXPECT_EQ(publisher_->MissingDeltas({after}).size(), limits::kDeltasAtOnce);
  trust::StatementApp& first = after.apps.begin()->second;
  for (auto& [name, entry] : after.apps) entry.raw = 0;
  first.raw = limits::kDeltaBytesAtOnce;
  EXPECT_EQ(publisher_->MissingDeltas({after}).size(), limits::kDeltasAtOnce);
  first.raw = limits::kDeltaBytesAtOnce + 1;
  EXPECT_TRUE(publisher_->MissingDeltas({after}).empty());
}

TEST(DeltaCache, KeepsTheNewestWithinItsBudget) {
  constexpr size_t kFour = 4;
  constexpr size_t kEach = limits::kDeltaCacheBytes / kFour;
  constexpr size_t kOfAnEntry = 512;  // what an entry costs beside its blob
  DeltaCache cache;
  const auto key = [](size_t i) { return DeltaKey{{}, crypto::Sha256(std::to_string(i))}; };
  const auto take = [&](size_t i, size_t blob_bytes) {
    std::vector<Delta> made(1);
    made[0].key = key(i);
    made[0].blob = Bytes(blob_bytes, 'd');
    cache.Take(std::move(made));
  };
  for (size_t i = 0; i < kFour; ++i) take(i, kEach - kOfAnEntry);
  EXPECT_NE(cache.Find(key(0)), nullptr) << "all four fit to the byte";
  take(kFour, 1);
  EXPECT_EQ(cache.Find(key(0)), nullptr);
  for (size_t i = 1; i <= kFour; ++i) EXPECT_NE(cache.Find(key(i)), nullptr) << i;
}

TEST_F(PublisherTest, AHeadIsRenewedAtHalfItsLifeOnceForAll) {
  Publish({Content(kA, "1"), Content(kB, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  clock_.now += config_.head_life / 2 - Seconds(2);
  ASSERT_OK(publisher_->RenewHead());
  EXPECT_EQ(publisher_->HeadNumber(), held.number);
  clock_.now += Seconds(2);
  ASSERT_OK(publisher_->RenewHead());
  EXPECT_GT(publisher_->HeadNumber(), held.number);
  const auto accepted = Accept(held);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->head_renewed_only);
  EXPECT_EQ(accepted->head.prev, held.head_digest);
  EXPECT_FALSE(Accept(accepted->state));
}

// I1, C1: after a crash all of a publish holds, or none of it.
TEST_F(PublisherTest, AFailedTransactionPublishesNothing) {
  Publish({Content(kA, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  woken_.clear();
  fragile_->broken = true;
  EXPECT_EQ(publisher_->Publish({Content(kA, "2")}, {}).error().code, Errc::kIo);
  EXPECT_TRUE(woken_.empty());
  EXPECT_FALSE(Accept(held));
  EXPECT_EQ(publisher_->HeadNumber(), held.number);
  clock_.now += config_.head_life;
  EXPECT_EQ(publisher_->RenewHead().error().code, Errc::kIo);
  EXPECT_EQ(publisher_->HeadNumber(), held.number);
  fragile_->broken = false;
  EXPECT_EQ(Publish({Content(kA, "2")}).changed, std::vector{kA});
  EXPECT_TRUE(Accept(held));
}

TEST_F(PublisherTest, ARestartGoesOnWhereItWas) {
  Publish({Content(kA, "1")});
  const trust::TrustedState first = Accept(Fresh(kA))->state;
  Publish({Content(kA, "2")});
  clock_.now += std::chrono::hours(30);  // longer than any head lives
  Start();
  EXPECT_TRUE(Accept(Fresh(kA)));
  const auto accepted = Accept(first);
  ASSERT_TRUE(accepted) << "an agent that missed a statement gets the newest";
  EXPECT_TRUE(Publish({Content(kA, "2")}).changed.empty());
}

TEST_F(PublisherTest, AnAgentWithTheCurrentStatementNeedsOnlyTheNewHeadAfterARestart) {
  Publish({Content(kA, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  clock_.now += std::chrono::hours(1);
  Start();
  const auto accepted = Accept(held);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->head_renewed_only);
}

// A1: a digest is no bearer token.
TEST_F(PublisherTest, ABundleIsGivenOnlyToClustersThatRunIt) {
  const ClusterContent a1 = Content(kA, "1");
  const ClusterContent b2 = Content(kB, "2");
  const BundleDigest of_a = a1.apps.begin()->second.bundle;
  const BundleDigest of_b = b2.apps.begin()->second.bundle;
  Publish({a1, b2});
  EXPECT_OK(publisher_->BundleFrames(kA, of_a, std::nullopt));
  EXPECT_EQ(publisher_->BundleFrames(kA, of_b, std::nullopt).error().code, Errc::kPermission);
  EXPECT_EQ(publisher_->BundleFrames(ClusterId("other"), of_a, std::nullopt).error().code,
            Errc::kPermission);
  // Another cluster's bundle is no base either: its content would show in the delta.
  const auto whole = publisher_->BundleFrames(kA, of_a, of_b);
  ASSERT_OK(whole);
  EXPECT_EQ(wire::ParseFrames(*whole)->at(0).type, wire::FrameType::kBundle);
  Publish({Content(kA, "3")});
  const auto delta =
      publisher_->BundleFrames(kA, Content(kA, "3").apps.begin()->second.bundle, of_a);
  ASSERT_OK(delta);
  EXPECT_EQ(wire::ParseFrames(*delta)->at(0).type, wire::FrameType::kBundleDelta);
}

TEST_F(PublisherTest, ABundleThatCannotBeReadDoesNotHoldBackTheHead) {
  const ClusterContent content = Content(kA, "1");
  Publish({content});
  ASSERT_OK(bundles_->Remove(content.apps.begin()->second.bundle));
  const auto accepted = Accept(Fresh(kA));
  ASSERT_TRUE(accepted);
}

TEST_F(PublisherTest, ALostBundleIsSaidToTheHubAndWithoutItsPathsToTheAgent) {
  const ClusterContent content = Content(kA, "1");
  const BundleDigest bundle = content.apps.begin()->second.bundle;
  Publish({content});
  std::vector<BundleDigest> lost;
  publisher_->OnLost([&](const BundleDigest& digest) { lost.push_back(digest); });
  EXPECT_TRUE(publisher_->Missing({bundle}).empty());
  ASSERT_OK(bundles_->Remove(bundle));
  EXPECT_EQ(publisher_->Missing({bundle}), std::set<BundleDigest>{bundle});
  EXPECT_TRUE(Accept(Fresh(kA)));
  EXPECT_EQ(lost, std::vector<BundleDigest>{bundle}) << "by the answer to a poll";
  const auto fetched = publisher_->BundleFrames(kA, bundle, std::nullopt);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(fetched.error().code, Errc::kUnavailable);
  EXPECT_EQ(fetched.error().message.find('/'), std::string::npos) << fetched.error().message;
  EXPECT_EQ(lost.size(), 1u) << "each ask would be a look at Git, and agents ask every few seconds";
  clock_.now += Seconds(30);
  EXPECT_FALSE(publisher_->BundleFrames(kA, bundle, std::nullopt).has_value());
  EXPECT_EQ(lost.size(), 2u);
}

TEST_F(PublisherTest, AFetchIsSaidOnceInAWhileAndDecodesNothing) {
  const ClusterContent content = Content(kA, "1");
  const BundleDigest bundle = content.apps.begin()->second.bundle;
  Publish({content});
  const std::string file =
      directory_ / ("bundles/" + bundle.Hex().substr(0, 2) + "/" + bundle.Hex());
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  int said = 0;
  publisher_->OnFetched([&](const BundleDigest&) { ++said; });
  EXPECT_TRUE(Accept(Fresh(kA)));
  EXPECT_EQ(said, 0) << "a poll is no fetch";
  for (const int expected : {1, 2}) {
    EXPECT_OK(publisher_->BundleFrames(kA, bundle, std::nullopt));
    EXPECT_OK(publisher_->BundleFrames(kA, bundle, std::nullopt));
    EXPECT_EQ(said, expected);
    clock_.now += Seconds(30);
  }
  EXPECT_TRUE(bundles_->Has(bundle)) << "damage is found elsewhere";
}

TEST_F(PublisherTest, ARemovedClusterIsNotAnsweredAndLeavesTheNextTree) {
  Publish({Content(kA, "1"), Content(kB, "1")});
  publisher_->Forget(kB);
  EXPECT_FALSE(Accept(Fresh(kB)));
  Publish({Content(kA, "2")});
  EXPECT_EQ(Accept(Fresh(kA))->head.size, 1);
}

TEST_F(PublisherTest, ARaisedEpochReachesEveryStatement) {
  Publish({Content(kA, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  config_.epoch = 2;
  Start();
  EXPECT_EQ(Publish({Content(kA, "1")}).changed, std::vector{kA});
  trust::TrustedState rotated = held;
  rotated.root = Fresh(kA).root;
  EXPECT_TRUE(Accept(rotated));
}

TEST_F(PublisherTest, RefusesADamagedStatement) {
  HubSnapshot snapshot;
  snapshot.statements.push_back({kA, 1, {}, "not a statement"});
  EXPECT_EQ(publisher_->Restore(snapshot).error().code, Errc::kCorrupt);
}

}  // namespace
}  // namespace dunlin::hub
