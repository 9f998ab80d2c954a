#include "agent/state/sqlite_agent_state.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/state/identity_files.h"
#include "protocol/base/limits.h"
#include "protocol/crypto/crypto.h"
#include "protocol/store/files.h"
#include "tests/support/temp_dir.h"

namespace dunlin::state {
namespace {

namespace fs = std::filesystem;

class FixedClock : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Millis(1790000000000)); }
  Millis Monotonic() const override { return Millis(1); }
};

Digest DigestOf(int n) {
  Bytes raw(32, '\0');
  raw[0] = static_cast<char>(n);
  return *Digest::FromBytes(raw);
}

class AgentStateTest : public testing::Test {
 protected:
  AgentStateTest() : key_(std::move(*crypto::PrivateKey::Generate())) {}

  void SetUp() override {
    identity_.cluster = ClusterId("c1");
    identity_.agent = AgentId("a1");
    identity_.cluster_name = "store-1";
    identity_.region = "eu";
    identity_.channel = "stable";
    identity_.kube_uid = "ks";
    identity_.hub_url = "https://hub:8443";
    identity_.agent_host = "hub";
    identity_.agent_port = 7443;
    identity_.certificate_pem = "CERT\nPEM";
    identity_.ca_pem = "CA";
    identity_.generation = 3;
    root_raw_ = RootRaw(1);
    ASSERT_TRUE(WriteEnrolled(dir_, {identity_, "KEY", "ENV", root_raw_}).has_value());
  }
  void TearDown() override { state_.reset(); }

  Bytes RootRaw(int64_t version) const {
    trust::Root root;
    root.version = version;
    root.expires = clock_.Now() + std::chrono::days(365);
    root.roles["root"] = {{key_.Public()}, 1, 1};
    root.roles["hub"] = {{key_.Public()}, 1, 1};
    return *root.Serialize();
  }

  // As after a kill: nothing of the old process is left.
  SqliteAgentState& Reopen() {
    state_.reset();
    auto opened = SqliteAgentState::Open(dir_, {}, clock_);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    state_ = std::move(*opened);
    return *state_;
  }
  sync::LoadedState Reload() {
    auto loaded = Reopen().Load();
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    return loaded ? std::move(*loaded) : sync::LoadedState{};
  }

  // An intent with one app whose bundle is number n.
  sync::StoreIntent Intent(int n) const {
    trust::Statement statement;
    statement.cluster = ClusterId("c1");
    statement.channel = "stable";
    statement.kube = "ks";
    statement.seq = 100 + n;
    trust::StatementApp app;
    app.bundle = DigestOf(n);
    app.revision = RevisionId(std::string(40, 'a'));
    statement.apps[AppName("shop")] = app;
    sync::StoreIntent out;
    out.trusted.root_raw = root_raw_;
    out.trusted.epoch = 1;
    out.trusted.number = 500 + n;
    out.trusted.head_raw = "head " + std::to_string(n);
    out.trusted.seq = statement.seq;
    out.trusted.statement_raw = *statement.Serialize();
    out.trusted.max_time = TimePoint(Millis(1234));
    out.bundles = {{DigestOf(n), 10, "blob " + std::to_string(n)}};
    out.current["shop"] = DigestOf(n);
    return out;
  }

  static sync::Record RecordNamed(const std::string& name) {
    sync::Record out;
    out.key = {"apps", "Deployment", "shop", name};
    out.app = "shop";
    out.api_version = "apps/v1";
    out.uid = "uid-" + name;
    out.desired_hash = "hash";
    out.observed_rv = "77";
    out.last_applied_bytes = 12;
    out.last_applied = Bytes("zstd\0frame", 10);
    out.memo = "memo";
    out.last_error = "error";
    out.seq = 7;
    return out;
  }

  const test::TempDir temp_;
  const std::string dir_ = temp_.path() / "state";
  FixedClock clock_;
  crypto::PrivateKey key_;
  sync::Identity identity_;
  Bytes root_raw_;
  std::unique_ptr<SqliteAgentState> state_;
};

TEST_F(AgentStateTest, AFreshEnrolmentHoldsIdentityAndRootAndNothingElse) {
  const sync::LoadedState loaded = Reload();
  EXPECT_EQ(loaded.identity, identity_);
  EXPECT_EQ(loaded.trusted.root_raw, root_raw_);
  EXPECT_EQ(loaded.trusted.root.version, 1);
  EXPECT_EQ(loaded.trusted.cluster, ClusterId("c1"));
  EXPECT_EQ(loaded.trusted.kube_uid, "ks");
  EXPECT_EQ(loaded.trusted.channel, "stable");
  EXPECT_EQ(loaded.trusted.seq, 0);
  EXPECT_TRUE(loaded.bundles.empty() && loaded.records.empty() && loaded.outbox.empty());
  EXPECT_EQ(loaded.reset_reason, "");
}

TEST_F(AgentStateTest, KeysAreForTheirOwnerOnly) {
  for (const char* name : {"agent.key", "envelope.key", "identity.json", "root.json"}) {
    struct stat info {};
    ASSERT_EQ(::stat((dir_ + "/" + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
  EXPECT_EQ(*ReadAgentKey(dir_), "KEY");
}

TEST_F(AgentStateTest, FilesOfAnEnrolmentHaveALimit) {
  const std::string identity = *ReadFile(dir_ + "/identity.json", limits::kIdentityBytes);
  const auto write = [this](const char* name, const std::string& text) {
    std::ofstream(dir_ + "/" + name) << text;
  };
  const std::string padding(limits::kIdentityBytes - identity.size(), ' ');
  write("identity.json", identity + padding);
  EXPECT_EQ(*ReadIdentity(dir_), identity_);
  write("identity.json", identity + padding + " ");
  EXPECT_EQ(ReadIdentity(dir_).error().code, Errc::kLimit);
  write("agent.key", std::string(limits::kIdentityBytes, 'k'));
  EXPECT_TRUE(ReadAgentKey(dir_));
  write("agent.key", std::string(limits::kIdentityBytes + 1, 'k'));
  EXPECT_EQ(ReadAgentKey(dir_).error().code, Errc::kLimit);
}

TEST_F(AgentStateTest, AnIntentSurvivesAKill) {
  ASSERT_TRUE(Reopen().StoreIntent(Intent(1)).has_value());
  const sync::LoadedState loaded = Reload();
  const sync::StoreIntent intent = Intent(1);
  EXPECT_EQ(loaded.trusted.epoch, 1);
  EXPECT_EQ(loaded.trusted.number, 501);
  EXPECT_EQ(loaded.trusted.head_raw, "head 1");
  EXPECT_EQ(loaded.trusted.head_digest, crypto::Sha256("head 1"));
  EXPECT_EQ(loaded.trusted.seq, 101);
  EXPECT_EQ(loaded.trusted.statement_raw, intent.trusted.statement_raw);
  EXPECT_EQ(loaded.trusted.statement_digest, crypto::Sha256(intent.trusted.statement_raw));
  EXPECT_EQ(loaded.trusted.max_time, TimePoint(Millis(1234)));
  EXPECT_EQ(loaded.bundles, intent.bundles);
  EXPECT_EQ(loaded.held, (std::vector<BundleDigest>{DigestOf(1)}));
}

TEST_F(AgentStateTest, WhichAppsAreKeptOnRemovalIsReplacedByEachIntent) {
  sync::StoreIntent intent = Intent(1);
  intent.keep_on_removal = {"gone", "shop"};
  ASSERT_TRUE(Reopen().StoreIntent(intent).has_value());
  EXPECT_EQ(Reload().keep_on_removal, intent.keep_on_removal);
  intent = Intent(2);
  intent.keep_on_removal = {"shop"};
  ASSERT_TRUE(Reopen().StoreIntent(intent).has_value());
  EXPECT_EQ(Reload().keep_on_removal, intent.keep_on_removal);
}

TEST_F(AgentStateTest, AnAppThatIsHeldBackKeepsItsRowAndItsBundleOverAKill) {
  ASSERT_TRUE(Reopen().StoreIntent(Intent(1)).has_value());
  sync::StoreIntent intent = Intent(2);  // whose bundle is not to be had
  intent.bundles.clear();
  intent.current["shop"] = DigestOf(1);
  sync::HeldBack held{"shop", 101, {}};
  held.entry.bundle = DigestOf(1);
  held.entry.objects = 5;
  held.entry.raw = 77;
  held.entry.prune = true;
  held.entry.revision = RevisionId(std::string(40, 'b'));
  intent.behind = {held};
  ASSERT_TRUE(Reopen().StoreIntent(intent).has_value());
  const sync::LoadedState loaded = Reload();
  EXPECT_EQ(loaded.trusted.seq, 102);
  EXPECT_EQ(loaded.behind, intent.behind);
  EXPECT_EQ(loaded.bundles, Intent(1).bundles);
  ASSERT_TRUE(Reopen().StoreIntent(Intent(2)).has_value());
  EXPECT_TRUE(Reload().behind.empty());
}

TEST_F(AgentStateTest, AnIntentDropsTheRecordsThatItForgetsInItsOwnTransaction) {
  ASSERT_TRUE(Reopen().StoreRecords({{RecordNamed("a"), RecordNamed("b")}, {}, {}}).has_value());
  sync::StoreIntent intent = Intent(1);
  intent.forget = {RecordNamed("a").key, RecordNamed("never there").key};
  ASSERT_TRUE(state_->StoreIntent(intent).has_value());
  EXPECT_EQ(Reload().records, std::vector{RecordNamed("b")});
}

TEST_F(AgentStateTest, TheTimeFloorIsThatOfTheLastHead) {
  EXPECT_EQ(*Reopen().TimeFloor(), TimePoint());
  ASSERT_TRUE(state_->StoreIntent(Intent(1)).has_value());
  EXPECT_EQ(*Reopen().TimeFloor(), TimePoint(Millis(1234)));
}

TEST_F(AgentStateTest, KeepsTheLastTenBundlesOfAnAppNewestFirst) {
  SqliteAgentState& state = Reopen();
  for (int n = 1; n <= 12; ++n) ASSERT_TRUE(state.StoreIntent(Intent(n)).has_value());
  sync::StoreIntent rollback = Intent(4);  // no bytes move
  rollback.bundles.clear();
  ASSERT_TRUE(state.StoreIntent(rollback).has_value());
  const sync::LoadedState loaded = Reload();
  ASSERT_EQ(loaded.held.size(), static_cast<size_t>(limits::kKeptBundlesPerApp));
  EXPECT_EQ(loaded.held.front(), DigestOf(4));
  EXPECT_EQ(loaded.held[1], DigestOf(12));
  EXPECT_EQ(loaded.held.back(), DigestOf(3));
  ASSERT_EQ(loaded.bundles.size(), 1u);
  EXPECT_EQ(loaded.bundles[0].blob, "blob 4");
  auto some = state_->Bundles({DigestOf(12), DigestOf(2)});
  ASSERT_TRUE(some.has_value());
  EXPECT_EQ(some->size(), 1u);  // a lost one is simply not there
}

TEST_F(AgentStateTest, ForgetsTheBundlesOfARemovedApp) {
  SqliteAgentState& state = Reopen();
  ASSERT_TRUE(state.StoreIntent(Intent(1)).has_value());
  sync::StoreIntent other = Intent(2);
  other.current = {{"base", DigestOf(2)}};
  ASSERT_TRUE(state.StoreIntent(other).has_value());
  EXPECT_EQ(Reload().held, (std::vector<BundleDigest>{DigestOf(2)}));
}

TEST_F(AgentStateTest, AnnouncedBundlesAreKeptUntilTheyAreSettledAlsoOfAnAppThatHasLeft) {
  SqliteAgentState& state = Reopen();
  sync::StoreIntent intent = Intent(1);
  intent.announced = {{"shop", 101, DigestOf(1)}};
  ASSERT_TRUE(state.StoreIntent(intent).has_value());
  sync::StoreIntent other = Intent(2);
  other.current = {{"base", DigestOf(2)}};
  other.announced = {{"base", 102, DigestOf(2)}};
  ASSERT_TRUE(state.StoreIntent(other).has_value());
  sync::LoadedState loaded = Reload();
  EXPECT_EQ(loaded.announced, (std::vector<sync::Announcement>{{"base", 102, DigestOf(2)},
                                                               {"shop", 101, DigestOf(1)}}));
  EXPECT_EQ(loaded.held.size(), 2u);
  EXPECT_EQ(loaded.bundles.size(), 2u);

  sync::StoreRecords settled;
  settled.settled = {{"shop", 101}, {"base", 101}};
  ASSERT_TRUE(state_->StoreRecords(settled).has_value());
  ASSERT_TRUE(state_->StoreIntent(other).has_value());
  loaded = Reload();
  EXPECT_EQ(loaded.announced, (std::vector<sync::Announcement>{{"base", 102, DigestOf(2)}}));
  EXPECT_EQ(loaded.held, (std::vector<BundleDigest>{DigestOf(2)}));
}

TEST_F(AgentStateTest, OfTheAnnouncementsOfAnAppTheNewestAreKept) {
  SqliteAgentState& state = Reopen();
  for (int n = 1; n <= limits::kAnnouncedBundlesPerApp + 3; ++n) {
    sync::StoreIntent intent = Intent(n);
    intent.announced = {{"shop", 100 + n, DigestOf(n)}};
    ASSERT_TRUE(state.StoreIntent(intent).has_value());
  }
  const sync::LoadedState loaded = Reload();
  ASSERT_EQ(loaded.announced.size(), static_cast<size_t>(limits::kAnnouncedBundlesPerApp));
  EXPECT_EQ(loaded.announced.front().seq, 104);
}

TEST_F(AgentStateTest, WhatHooksCameToIsReplacedAndDeletedByApp) {
  SqliteAgentState& state = Reopen();
  sync::StoreRecords batch;
  batch.hook_runs = {{"shop", "{}"}, {"cart", "[]"}};
  ASSERT_TRUE(state.StoreRecords(batch).has_value());
  EXPECT_EQ(Reload().hook_runs, batch.hook_runs);
  batch.hook_runs = {{"shop", "{1}"}, {"cart", ""}};
  ASSERT_TRUE(state_->StoreRecords(batch).has_value());
  EXPECT_EQ(Reload().hook_runs, (std::map<std::string, Bytes>{{"shop", "{1}"}}));
}

TEST_F(AgentStateTest, RecordsAreReplacedAndDeletedByKey) {
  SqliteAgentState& state = Reopen();
  const sync::Record cart = RecordNamed("cart");
  ASSERT_TRUE(state.StoreRecords({{cart, RecordNamed("old")}, {}, {}}).has_value());
  EXPECT_EQ(Reload().records, (std::vector<sync::Record>{cart, RecordNamed("old")}));
  sync::Record newer = cart;
  newer.observed_rv = "78";
  newer.memo.clear();
  ASSERT_TRUE(state_->StoreRecords({{newer}, {RecordNamed("old").key}, {}}).has_value());
  EXPECT_EQ(Reload().records, (std::vector<sync::Record>{newer}));
}

TEST_F(AgentStateTest, TheOutboxKeepsOrderUntilAcknowledged) {
  SqliteAgentState& state = Reopen();
  wire::Report first, second;
  first.id = "r1";
  second.id = "r2";
  ASSERT_TRUE(state.PutReport(first).has_value());
  ASSERT_TRUE(state.PutReport(second).has_value());
  EXPECT_EQ(Reload().outbox, (std::vector<wire::Report>{first, second}));
  ASSERT_TRUE(state_->DropReport("r1").has_value());
  EXPECT_EQ(Reload().outbox, (std::vector<wire::Report>{second}));
}

TEST_F(AgentStateTest, TheOutboxIsBounded) {
  SqliteAgentState& state = Reopen();
  for (size_t n = 0; n <= limits::kOutboxReports; ++n) {
    wire::Report report;
    report.id = std::to_string(n);
    ASSERT_TRUE(state.PutReport(report).has_value());
  }
  const sync::LoadedState loaded = Reload();
  ASSERT_EQ(loaded.outbox.size(), limits::kOutboxReports);
  EXPECT_EQ(loaded.outbox.front().id, "1");
}

TEST_F(AgentStateTest, ASecondProcessIsRefused) {
  Reopen();
  const auto second = SqliteAgentState::Open(dir_, {}, clock_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kPrecondition);
}

TEST_F(AgentStateTest, ADamagedDatabaseIsMovedAsideAndBegunAgain) {
  ASSERT_TRUE(Reopen().StoreIntent(Intent(1)).has_value());
  state_.reset();
  std::ofstream(dir_ + "/agent.db", std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  sync::LoadedState loaded = Reload();
  EXPECT_NE(loaded.reset_reason, "");
  EXPECT_EQ(loaded.identity, identity_);
  EXPECT_EQ(loaded.trusted.root_raw, root_raw_);
  EXPECT_EQ(loaded.trusted.seq, 0);
  EXPECT_TRUE(fs::exists(dir_ + "/agent.db.damaged-1790000000000"));

  // The reason holds over the first statement accepted afterwards, and a kill, until the next one.
  ASSERT_TRUE(state_->StoreIntent(Intent(1)).has_value());
  loaded = Reload();
  EXPECT_NE(loaded.reset_reason, "");
  ASSERT_TRUE(state_->StoreIntent(Intent(1)).has_value());
  EXPECT_NE(Reload().reset_reason, "");
  ASSERT_TRUE(state_->StoreIntent(Intent(2)).has_value());
  EXPECT_EQ(Reload().reset_reason, "");
}

TEST_F(AgentStateTest, AStoredRootThatIsNoRootStartsOver) {
  sync::StoreIntent intent = Intent(1);
  intent.trusted.root_raw = "no root";
  ASSERT_TRUE(Reopen().StoreIntent(intent).has_value());
  ASSERT_TRUE(WriteRoot(dir_, root_raw_).has_value());
  const sync::LoadedState loaded = Reload();
  EXPECT_NE(loaded.reset_reason, "");
  EXPECT_EQ(loaded.trusted.root_raw, root_raw_);
}

TEST_F(AgentStateTest, ARotatedRootIsKeptInItsFile) {
  sync::StoreIntent intent = Intent(1);
  intent.trusted.root_raw = RootRaw(2);
  ASSERT_TRUE(Reopen().StoreIntent(intent).has_value());
  EXPECT_EQ(*ReadRoot(dir_), RootRaw(2));
  EXPECT_EQ(Reload().trusted.root.version, 2);
}

TEST_F(AgentStateTest, DamagedEnrolmentFilesAreNotCuredByANewDatabase) {
  Reopen();
  std::ofstream(dir_ + "/root.json", std::ios::trunc) << "x";
  EXPECT_FALSE(state_->Load().has_value());
  std::ofstream(dir_ + "/identity.json", std::ios::trunc) << "{\"agent\":1}";
  const auto loaded = state_->Load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, Errc::kCorrupt);
  EXPECT_NE(loaded.error().message.find("identity.json"), std::string::npos);
}

TEST_F(AgentStateTest, WithoutIdentityItSaysHowToEnrol) {
  fs::remove(dir_ + "/identity.json");
  const auto loaded = Reopen().Load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, Errc::kPrecondition);
  EXPECT_NE(loaded.error().message.find("dunlin-agent enroll"), std::string::npos);
}

TEST_F(AgentStateTest, AnEnrolledDirectoryIsNotEnrolledAgain) {
  EXPECT_EQ(TakeUnused(dir_).error().code, Errc::kPrecondition);
  EXPECT_TRUE(TakeUnused(dir_ + "/fresh").value());
  EXPECT_FALSE(TakeUnused(dir_ + "/fresh").value()) << "made by the call before";
}

TEST_F(AgentStateTest, AMovedHubAndARenewalDoNotUndoEachOther) {
  sync::Identity renewed = *ReadIdentity(dir_);
  renewed.generation = 7;
  renewed.certificate_pem = "next";
  const HubPlace place{"https://new.example:8443", "new.example", 7000};
  ASSERT_TRUE(WritePlace(dir_, place).has_value());
  ASSERT_TRUE(WriteRenewed(dir_, renewed).has_value());  // by an agent that knows the old place
  EXPECT_EQ(PlaceOf(*ReadIdentity(dir_)), place);
  ASSERT_TRUE(WritePlace(dir_, place).has_value());
  EXPECT_EQ(ReadIdentity(dir_)->generation, 7);
  EXPECT_EQ(ReadIdentity(dir_)->certificate_pem, "next");
  EXPECT_EQ(ReadIdentity(dir_)->ca_pem, renewed.ca_pem);
}

// Each looks after every write whether the other has put its old value back.
TEST_F(AgentStateTest, AMoveAndARenewalAtTheSameTimeDoNotUndoEachOther) {
  constexpr int kWrites = 200;
  int undone_renewals = 0;
  std::thread renewing([&] {
    sync::Identity renewed = identity_;
    for (int i = 0; i < kWrites; ++i) {
      renewed.generation = 100 + i;
      const bool written = WriteRenewed(dir_, renewed).has_value();
      if (!written || ReadIdentity(dir_)->generation != renewed.generation) ++undone_renewals;
    }
  });
  int undone_moves = 0;
  for (int i = 0; i < kWrites; ++i) {
    const HubPlace place{"https://new.example:8443", "new.example",
                         static_cast<uint16_t>(7000 + i)};
    const bool written = WritePlace(dir_, place).has_value();
    if (!written || PlaceOf(*ReadIdentity(dir_)) != place) ++undone_moves;
  }
  renewing.join();
  EXPECT_EQ(undone_renewals, 0);
  EXPECT_EQ(undone_moves, 0);
}

TEST_F(AgentStateTest, AFullDiskIsATypedErrorAndTheOldStateStays) {
  SqliteAgentState& state = Reopen();
  ASSERT_TRUE(state.StoreIntent(Intent(1)).has_value());
  // A process that may write no byte more than it has: what a full disk looks like from here.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  sync::StoreIntent big = Intent(2);
  big.bundles[0].blob = Bytes(2 * limits::kMiB, 'b');
  const Status stored = state.StoreIntent(big);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(stored.has_value());
  EXPECT_EQ(stored.error().code, Errc::kIo) << stored.error().message;
  EXPECT_EQ(Reload().trusted.seq, 101);
  EXPECT_TRUE(state_->StoreIntent(big).has_value());
}

}  // namespace
}  // namespace dunlin::state
