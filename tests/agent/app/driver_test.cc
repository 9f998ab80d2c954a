// The whole agent but for the network: the real machine and the real database, a hub and a cluster
// that are values.
#include "agent/app/driver.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "agent/state/identity_files.h"
#include "agent/state/sqlite_agent_state.h"
#include "agent/sync/machine.h"
#include "tests/agent/app/fake_hub_link.h"
#include "tests/agent/sync/simulation.h"
#include "tests/support/fake_kube.h"
#include "tests/support/temp_dir.h"

namespace dunlin::app {
namespace {

// Lines at the level that is logged when nobody asks for more.
class Recorder : public LogSink {
 public:
  void Write(LogLevel, std::string_view event, const LogFields& fields) override {
    lines.emplace_back(event);
    for (const LogField& field : fields) {
      if (field.key == "problem") lines.back() += " " + field.value;
    }
  }
  std::vector<std::string> lines;
};

// One life of an agent process.
class Life {
 public:
  Life(const std::string& dir, sync::FakeHub& hub, sync::FakeCluster& cluster)
      : kube(io.get_executor(), cluster), link(io.get_executor(), hub) {
    auto opened = state::SqliteAgentState::Open(dir, {}, clock_);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    state = std::move(*opened);
    sync::Config config;
    config.agent_version = "0.1.0";
    machine = std::make_unique<sync::SyncMachine>(config);
    DeclareDriverMetrics(metrics);
    DriverParts parts{
        [this](const sync::Event& event, TimePoint now) { return machine->Resume(event, now); },
        link,
        kube,
        *state,
        clock_,
        random_,
        metrics,
        Log(&recorder)};
    driver = std::make_unique<Driver>(io.get_executor(), std::move(parts));
    net::Spawn(io.get_executor(), driver->Run(), [this](Status status) { ended = status; });
  }

  ~Life() {
    driver->Stop();
    kube.Close();
    link.Close();
    EXPECT_TRUE(RunUntil([this] { return ended.has_value() && driver->running() == 0; }));
    driver->FinishStateCalls();
  }

  bool RunUntil(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    io.restart();
    while (!holds()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      if (io.run_one_for(std::chrono::seconds(20)) == 0) return holds();
    }
    return true;
  }

  Recorder recorder;
  asio::io_context io{1};
  FakeKube kube;
  FakeHubLink link;
  Metrics metrics;
  std::unique_ptr<state::SqliteAgentState> state;
  std::unique_ptr<sync::SyncMachine> machine;
  std::unique_ptr<Driver> driver;
  std::optional<Status> ended;

 private:
  SystemClock clock_;
  SystemRandom random_;
};

class DriverTest : public testing::Test {
 protected:
  void SetUp() override {
    state::EnrolledFiles files;
    files.identity.cluster = sync::kCluster;
    files.identity.agent = AgentId("a1");
    files.identity.kube_uid = cluster_.kube_uid;
    files.identity.hub_url = "https://hub:8443";
    files.identity.agent_host = "hub";
    files.identity.agent_port = 7443;
    files.identity.certificate_pem = "CERT";
    files.identity.ca_pem = "CA";
    files.root_raw = hub_.Trust().root_raw;
    ASSERT_TRUE(state::WriteEnrolled(dir_, files).has_value());
  }
  void TearDown() override { life_.reset(); }

  void Boot() {
    life_.reset();
    life_ = std::make_unique<Life>(dir_, hub_, cluster_);
  }
  void Publish(const std::string& image) {
    hub_.Publish({{"shop", sync::Shop(image, 2)}}, SystemClock().Now());
    if (life_) life_->link.Wake();
  }
  bool Synced() const {
    if (hub_.reports.empty() || hub_.reports.back().targets.empty()) return false;
    const wire::TargetReport& target = hub_.reports.back().targets.front();
    return target.state == "Synced" && target.seq == hub_.seq();
  }
  std::string LiveImage() const {
    const object::Value* live = cluster_.Find(sync::DeploymentKey("web"));
    if (live == nullptr) return {};
    return std::string(object::FindString(*live, {"spec", "template", "spec", "image"}));
  }
  bool RunUntil(const std::function<bool()>& holds) { return life_->RunUntil(holds); }

  const test::TempDir temp_;
  const std::string dir_ = temp_.path() / "state";
  sync::FakeHub hub_;
  sync::FakeCluster cluster_;
  std::unique_ptr<Life> life_;
};

TEST_F(DriverTest, AppliesAStatementAndReportsIt) {
  Publish("web:1");
  Boot();
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  EXPECT_EQ(LiveImage(), "web:1");
  EXPECT_NE(cluster_.Find({"", "ConfigMap", "dunlin-system", "dunlin-shop"}), nullptr);
  Publish("web:2");
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  EXPECT_EQ(LiveImage(), "web:2");
  EXPECT_GT(life_->metrics.Value("dunlin_agent_api_requests_total",
                                 {{"code", "2xx"}, {"verb", "create"}}),
            0);
  EXPECT_FALSE(life_->driver->hub_problem().has_value());
}

TEST_F(DriverTest, WatchesShowDriftAndItIsRepaired) {
  Publish("web:1");
  Boot();
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  cluster_.Edit(sync::DeploymentKey("web"), [](object::Value& live) {
    live.at("spec").at("template").at("spec").as_object()["image"] = "evil:1";
  });
  life_->kube.Pump();
  EXPECT_EQ(LiveImage(), "evil:1");
  EXPECT_TRUE(RunUntil([this] { return LiveImage() == "web:1"; }));
  cluster_.Erase(sync::DeploymentKey("web"));
  life_->kube.Pump();
  EXPECT_TRUE(RunUntil([this] { return LiveImage() == "web:1"; }));
}

TEST_F(DriverTest, DriftThatHappenedWhileNobodyWatchedIsFoundByTheNextList) {
  Publish("web:1");
  Boot();
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  cluster_.Erase(sync::DeploymentKey("web"));
  cluster_.TakeEvents();  // nobody hears of it
  life_->kube.CutWatches();
  EXPECT_TRUE(RunUntil([this] { return LiveImage() == "web:1"; }));
}

TEST_F(DriverTest, ServersWithoutStreamingListsAreListed) {
  Publish("web:1");
  Boot();
  life_->kube.streaming_lists = false;
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  const auto& log = life_->kube.watch_log;
  EXPECT_NE(std::find(log.begin(), log.end(), "deployments list"), log.end());
  EXPECT_NE(std::find(log.begin(), log.end(), "deployments from '0.list'"), log.end());
}

TEST_F(DriverTest, ARestartWithoutHubGoesOnEnforcing) {
  Publish("web:1");
  Boot();
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  life_.reset();
  cluster_.Erase(sync::DeploymentKey("web"));
  cluster_.TakeEvents();
  Boot();
  life_->link.away = true;
  EXPECT_TRUE(RunUntil([this] { return LiveImage() == "web:1"; }));
  ASSERT_TRUE(RunUntil([this] { return life_->driver->hub_problem().has_value(); }));
  EXPECT_EQ(life_->driver->hub_problem()->code, Errc::kUnavailable);
  // What could not be told is told when the hub is back.
  const size_t before = hub_.reports.size();
  life_->link.away = false;
  EXPECT_TRUE(RunUntil([&] { return hub_.reports.size() > before; }));
}

TEST_F(DriverTest, AHubThatIsAwayIsLoggedOnceAndWhenItIsBack) {
  Publish("web:1");
  Boot();
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  const auto polls = [this](const std::string& result) {
    return life_->metrics.Value("dunlin_agent_polls_total", {{"result", result}});
  };
  life_->link.away = true;
  life_->link.Wake();
  ASSERT_TRUE(RunUntil([&] { return polls("unavailable") >= 4; }));
  life_->link.away = false;
  Publish("web:2");
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
  using Lines = std::vector<std::string>;
  EXPECT_EQ(life_->recorder.lines, (Lines{"app_run_ended", "problem hub_unreachable",
                                          "problem_over hub_unreachable", "app_run_ended"}));
}

TEST_F(DriverTest, AnApiserverThatIsAwayIsWaitedFor) {
  Publish("web:1");
  Boot();
  life_->kube.away = true;
  ASSERT_TRUE(RunUntil([this] { return !hub_.reports.empty(); }));
  EXPECT_EQ(LiveImage(), "");
  life_->kube.away = false;
  ASSERT_TRUE(RunUntil([this] { return Synced(); }));
}

TEST_F(DriverTest, WithoutIdentityTheAgentEndsWithTheReason) {
  std::filesystem::remove(dir_ + "/identity.json");
  Boot();
  ASSERT_TRUE(RunUntil([this] { return life_->ended.has_value(); }));
  ASSERT_FALSE(life_->ended->has_value());
  EXPECT_EQ(life_->ended->error().code, Errc::kPrecondition);
}

}  // namespace
}  // namespace dunlin::app
