// The publisher with the real database, bundle store and keys; what it answers is judged by the
// agent's own door.
#pragma once

#include <gtest/gtest.h>

#include "hub/publish/publisher.h"
#include "protocol/bundle/codec.h"
#include "protocol/trust/verify.h"
#include "protocol/wire/frame.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {

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
  Status PutReports(const std::vector<ReportRecord>& reports) override {
    return below_.PutReports(reports);
  }
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

inline const ClusterId kA("cluster-a");
inline const ClusterId kB("cluster-b");

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

}  // namespace dunlin::hub
