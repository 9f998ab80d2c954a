// The publisher with the real database, bundle store and keys; what it answers is judged by the
// agent's own door.
#include "hub/publish/publisher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "protocol/base/limits.h"
#include "protocol/bundle/codec.h"
#include "protocol/trust/verify.h"
#include "protocol/wire/frame.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

class TestClock : public Clock {
 public:
  TimePoint Now() const override { return now; }
  Millis Monotonic() const override { return now.time_since_epoch(); }
  TimePoint now{Millis(1'795'514'400'000)};
};

// Passes everything on but publishes, which fail while `broken`: the disk is full.
class FragileState : public HubState {
 public:
  explicit FragileState(HubState& below) : below_(below) {}
  Result<HubSnapshot> Load() override { return below_.Load(); }
  Status PutCluster(const ClusterRecord& cluster) override { return below_.PutCluster(cluster); }
  Status RemoveCluster(const ClusterId& id) override { return below_.RemoveCluster(id); }
  Status PutAgent(const AgentRecord& agent) override { return below_.PutAgent(agent); }
  Status AddToken(const TokenRecord& token) override { return below_.AddToken(token); }
  Result<TokenRecord> FindToken(const std::string& id) override { return below_.FindToken(id); }
  Status Enroll(const std::string& token_id, const ClusterRecord& cluster,
                const AgentRecord& agent) override {
    return below_.Enroll(token_id, cluster, agent);
  }
  Status PutObjects(const std::vector<ObjectRecord>& put,
                    const std::vector<std::pair<std::string, std::string>>& remove) override {
    return below_.PutObjects(put, remove);
  }
  Status PutSource(const SourceRecord& source) override { return below_.PutSource(source); }
  Result<std::optional<Digest>> FindMade(const ClusterId& cluster, int64_t seq) override {
    return below_.FindMade(cluster, seq);
  }
  Status PutReport(const ReportRecord& report) override { return below_.PutReport(report); }
  Status SetPin(const std::string& app, const std::optional<std::string>& id) override {
    return below_.SetPin(app, id);
  }
  Status RaiseFloor(int64_t floor) override { return below_.RaiseFloor(floor); }
  Status Publish(const PublishRecord& record) override {
    if (broken) return MakeError(Errc::kIo, "disk full");
    ++publishes;
    held = record.held;
    return below_.Publish(record);
  }
  bool broken = false;
  int publishes = 0;
  std::vector<std::pair<ClusterId, int64_t>> held;  // of the last publish

 private:
  HubState& below_;
};

const ClusterId kA("cluster-a");
const ClusterId kB("cluster-b");

class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest() { Start(); }

  // A hub that starts on what is in the database.
  void Start() {
    publisher_.reset();
    fragile_.reset();
    state_.reset();
    state_ = OpenSqliteHubState(directory_ / "hub.db").value();
    fragile_ = std::make_unique<FragileState>(*state_);
    publisher_ = std::make_unique<Publisher>(*fragile_, *bundles_, key_, clock_, config_);
    ASSERT_OK(publisher_->Restore(state_->Load().value()));
    publisher_->OnPublish([this](const ClusterId& cluster) { woken_.push_back(cluster); });
  }

  // The hub stops, somebody handles its database, the hub starts.
  void Offline(const std::string& command) {
    publisher_.reset();
    fragile_.reset();
    state_.reset();
    ASSERT_OK(support::Run({.command = {"sh", "-c", command}, .directory = directory_.path()}));
    Start();
  }

  ClusterContent Content(const ClusterId& cluster, const std::string& bundle) {
    const Bytes raw = base_ + bundle;
    ClusterContent content;
    content.cluster = cluster;
    content.kube_uid = "kube-" + cluster.str();
    content.channel = "default";
    trust::StatementApp& app = content.apps[AppName("shop")];
    app.bundle = bundles_->Put(raw).value();
    app.raw = static_cast<int64_t>(raw.size());
    app.revision = RevisionId("revision-of-" + bundle);
    return content;
  }
  PublishResult Publish(const std::vector<ClusterContent>& contents) {
    clock_.now += Millis(10);
    publisher_->TakeDeltas(DeltaWork(*bundles_, publisher_->MissingDeltas(contents))().value());
    auto result = publisher_->Publish(contents, {});
    EXPECT_OK(result);
    return result.value_or(PublishResult{});
  }

  trust::TrustedState Fresh(const ClusterId& cluster) const {
    trust::TrustedState state;
    state.root.expires = clock_.now + std::chrono::hours(9000);
    state.root.roles["root"].keys = {root_key_.Public()};
    state.root.roles["hub"].keys = {key_.Public()};
    state.root.roles["hub"].epoch = config_.epoch;
    state.root_raw = state.root.Serialize().value();
    state.cluster = cluster;
    state.kube_uid = "kube-" + cluster.str();
    return state;
  }
  static wire::PollRequest Request(const trust::TrustedState& held) {
    wire::PollRequest request;
    request.have = {held.epoch, held.number, held.head_digest, held.seq, held.statement_digest};
    return request;
  }
  std::vector<wire::Frame> Frames(const trust::TrustedState& held) {
    const auto answer = publisher_->Answer(held.cluster, Request(held));
    EXPECT_OK(answer);
    if (!answer || !*answer) return {};
    auto frames = wire::ParseFrames(**answer);
    EXPECT_OK(frames);
    return frames.value_or(std::vector<wire::Frame>{});
  }
  // What an agent does with the answer. Nothing when there is none.
  std::optional<trust::Accepted> Accept(const trust::TrustedState& held) {
    const std::vector<wire::Frame> frames = Frames(held);
    if (frames.empty()) return std::nullopt;
    trust::Offer offer;
    for (const wire::Frame& frame : frames) {
      if (frame.type == wire::FrameType::kHead) offer.head_raw = frame.payload;
      if (frame.type == wire::FrameType::kSignatures)
        offer.signatures = trust::ParseSignatures(frame.payload).value();
      if (frame.type == wire::FrameType::kProof)
        offer.proof = trust::ParseProof(frame.payload).value();
      if (frame.type == wire::FrameType::kStatement) {
        wire::StatementPayload statement = wire::ParseStatement(frame).value();
        offer.statement_seq = statement.seq;
        offer.statement_raw = std::move(statement.raw);
      }
      if (frame.type != wire::FrameType::kStatementDelta) continue;
      const auto delta = wire::ParseStatementDelta(frame).value();
      EXPECT_EQ(delta.from, held.statement_digest);
      offer.statement_seq = delta.seq;
      const Digest digest = crypto::Sha256(publisher_->Current(held.cluster)->Serialize().value());
      offer.statement_raw =
          bundle::DecodeDelta(delta.blob, held.statement_raw, {delta.raw_bytes, digest}).value();
    }
    auto accepted = trust::Verify(held, offer, clock_.now);
    EXPECT_TRUE(accepted) << accepted.error().error.message;
    if (!accepted) return std::nullopt;
    return std::move(*accepted);
  }
  support::TempDir directory_;
  TestClock clock_;
  Publisher::Config config_;
  crypto::PrivateKey key_ = crypto::PrivateKey::Generate().value();
  crypto::PrivateKey root_key_ = crypto::PrivateKey::Generate().value();
  std::unique_ptr<BundleStore> bundles_ = OpenDirectoryBundleStore(directory_ / "bundles").value();
  std::unique_ptr<HubState> state_;
  std::unique_ptr<FragileState> fragile_;
  std::unique_ptr<Publisher> publisher_;
  std::vector<ClusterId> woken_;
  // Something that a delta saves.
  Bytes base_ = [] {
    Bytes out;
    for (int i = 0; i < 400; ++i) out += crypto::Sha256(std::to_string(i)).Hex();
    return out;
  }();
};

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

// C13: the database is an older copy; the agents know better.
TEST_F(PublisherTest, ARestoredOlderDatabaseMovesForwardAgain) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  clock_.now += std::chrono::hours(1);
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  clock_.now -= std::chrono::minutes(90);  // and the clock is behind, too
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  EXPECT_LT(publisher_->HeadNumber(), held.number);
  EXPECT_TRUE(publisher_->NoteAgent(kA, Request(held).have).value());
  EXPECT_FALSE(publisher_->NoteAgent(kA, Request(held).have).value()) << "no news";
  ClusterContent again = Content(kA, "1");
  again.restored = true;
  ASSERT_EQ(Publish({again}).changed, std::vector{kA});
  EXPECT_GT(publisher_->Current(kA)->seq, held.seq);
  EXPECT_GT(publisher_->HeadNumber(), held.number);
  clock_.now += std::chrono::minutes(91);
  ASSERT_OK(publisher_->RenewHead());
  const auto accepted = Accept(held);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->statement.keep);
  EXPECT_TRUE(publisher_->Knows(kA, Request(accepted->state).have));
  // The floor is in the database, not only in memory.
  EXPECT_GE(state_->Load()->floor, held.seq);
}

// The restored hub may have published before the first agent says what it holds.
TEST_F(PublisherTest, AnAgentOfALaterTimeGetsNothingButWhatPrunesNothing) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  EXPECT_FALSE(Accept(held));
  Publish({Content(kA, "3")});
  EXPECT_GT(publisher_->Current(kA)->seq, held.seq);
  EXPECT_FALSE(publisher_->Knows(kA, Request(held).have));
  EXPECT_FALSE(Accept(held)) << "an ordinary statement, from what the copy knows";
  ClusterContent fresh = Content(kA, "3");
  fresh.restored = true;
  Publish({fresh});
  const auto accepted = Accept(held);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->statement.keep);
  Publish({Content(kA, "4")});
  EXPECT_FALSE(Accept(held)) << "it has not taken the one that prunes nothing";
  EXPECT_FALSE(Accept(accepted->state)->statement.keep);
}

TEST_F(PublisherTest, AnAgentThatWasAwayForLongIsKnown) {
  Publish({Content(kA, "0")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  for (int i = 1; i <= 2 * limits::kKeptStatements; ++i) Publish({Content(kA, std::to_string(i))});
  EXPECT_TRUE(publisher_->Knows(kA, Request(held).have));
  Start();
  EXPECT_TRUE(publisher_->Knows(kA, Request(held).have));
  EXPECT_TRUE(Accept(held));
  wire::PollRequest whole = Request(held);
  whole.have.statement = {};
  EXPECT_TRUE(publisher_->Knows(kA, whole.have)) << "it asks for the whole statement";
  whole.have.statement = crypto::Sha256("another one of that number");
  EXPECT_FALSE(publisher_->Knows(kA, whole.have));
  whole = Request(held);
  whole.have.seq -= 1;
  EXPECT_FALSE(publisher_->Knows(kA, whole.have)) << "older than all that is kept, and not ours";
}

// However many statements the copy makes before the first agent comes back.
TEST_F(PublisherTest, AnAgentOfALaterTimeStaysOneAfterManyStatementsOfTheCopy) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  for (int i = 0; i <= limits::kKeptStatements + 1; ++i) Publish({Content(kA, std::to_string(i))});
  EXPECT_FALSE(publisher_->Knows(kA, Request(held).have));
  EXPECT_FALSE(Accept(held));
}

// The number of its statements starts again; what it holds may still be more than we know.
TEST_F(PublisherTest, AnAgentOfALaterTimeStaysOneUnderARaisedEpoch) {
  Publish({Content(kA, "1")});
  Offline("cp hub.db backup.db");
  Publish({Content(kA, "2")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  config_.epoch = 2;
  Offline("rm -f hub.db-*; mv backup.db hub.db");
  Publish({Content(kA, "3")});
  trust::TrustedState rotated = held;
  rotated.root = Fresh(kA).root;
  EXPECT_FALSE(publisher_->Knows(kA, Request(rotated).have));
  EXPECT_FALSE(publisher_->NoteAgent(kA, Request(rotated).have).value()) << "no floor of ours";
  EXPECT_FALSE(Accept(rotated));
  // Numbers of a stolen key, up to the end of them, hold back nothing.
  rotated.number = rotated.seq = trust::kMaxSequence;
  ClusterContent content = Content(kA, "3");
  content.restored = true;
  Publish({content});
  const auto accepted = Accept(rotated);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->statement.keep);
  EXPECT_TRUE(publisher_->Knows(kA, Request(accepted->state).have));
}

TEST_F(PublisherTest, TheStatementThatAnAgentShowedLastIsStoredWithTheNextPublish) {
  Publish({Content(kA, "1"), Content(kB, "1")});
  const trust::TrustedState held = Accept(Fresh(kA))->state;
  (void)publisher_->Answer(kA, Request(held)).value();
  Publish({Content(kA, "2")});
  EXPECT_EQ(fragile_->held, (std::vector<std::pair<ClusterId, int64_t>>{{kA, held.seq}}));
  Publish({Content(kA, "3")});
  EXPECT_TRUE(fragile_->held.empty()) << "no news";
}

// A6: numbers from the future must not use up those of the fleet.
TEST_F(PublisherTest, AMadeUpNumberIsNotBelieved) {
  Publish({Content(kA, "1")});
  const int64_t now = clock_.now.time_since_epoch().count();
  constexpr int64_t kDay = 24 * 3600 * 1000;
  wire::Have have;
  have.epoch = config_.epoch;
  have.seq = trust::kMaxSequence - 1;
  EXPECT_EQ(publisher_->NoteAgent(kA, have).error().code, Errc::kInvalidArgument);
  have.seq = now + kDay + 1;
  EXPECT_EQ(publisher_->NoteAgent(kA, have).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(state_->Load()->floor, 0);
  have.seq = now + kDay;
  EXPECT_TRUE(publisher_->NoteAgent(kA, have).value());
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
