#include "agent/app/agent.h"

#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "agent/app/build_time.h"
#include "agent/app/health_server.h"
#include "agent/app/machine_metrics.h"
#include "agent/app/status_file.h"
#include "agent/app/systemd.h"
#include "agent/hublink/connection.h"
#include "agent/state/identity_files.h"
#include "protocol/base/version.h"
#include "protocol/store/files.h"

namespace dunlin::app {

namespace {

constexpr const char* kDefaultNamespace = "dunlin-system";
constexpr Millis kBeat{1000};
// Free memory goes back to the system: shortly after the start (discovery and schemas are the
// largest moment of an agent's life), then now and then. It costs about a millisecond.
constexpr int kFirstTrimBeat = 5;
constexpr int kTrimBeats = 60;
constexpr int kPlaceBeats = 10;  // how often identity.json is read

// Each thread would otherwise take an arena of its own, and buffers of some 100 KiB would stay in
// the heap for good.
void TameAllocator() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
}

}  // namespace

Agent::Agent(const RunOptions& options, Log log) : options_(options), log_(std::move(log)) {
  TameAllocator();
  DeclareDriverMetrics(metrics_);
  DeclareMachineMetrics(metrics_);
}

Status Agent::Prepare() {
  TRY_VOID(OpenState());
  TRY(const TimePoint time_floor, state_->TimeFloor());
  TRY_VOID(OpenHub(time_floor));
  TRY_VOID(OpenKube());
  MakeMachine();
  return OpenHealth();
}

Status Agent::OpenState() {
  const std::string& dir = options_.state_dir;
  TRY(identity_, state::ReadIdentity(dir));
  TRY(key_pem_, state::ReadAgentKey(dir));
  TRY(state_,
      state::SqliteAgentState::Open(dir, {.build_time = BuildTime(), .must_exist = true}, clock_));
  return {};
}

Status Agent::OpenHub(TimePoint time_floor) {
  asio::any_io_executor executor = io_.get_executor();
  TRY(auto client, hublink::ConnectAgentPort(executor, identity_, key_pem_, time_floor));
  hub_ = std::make_unique<hublink::HttpHubLink>(std::move(client));
  auto connect = [executor, time_floor](
                     const sync::Identity& identity) -> Result<std::shared_ptr<net::HttpClient>> {
    TRY(const hublink::HubAddress address, hublink::ParseHubUrl(identity.hub_url));
    return hublink::ConnectPublic(executor, address, identity.ca_pem, time_floor);
  };
  auto use = [this, executor, time_floor](const sync::Identity& identity) -> Status {
    TRY(auto renewed, hublink::ConnectAgentPort(executor, identity, key_pem_, time_floor));
    hub_->Use(std::move(renewed));
    return {};
  };
  Renewal::Parts parts{options_.state_dir,
                       key_pem_,
                       std::move(connect),
                       std::move(use),
                       pool_,
                       clock_,
                       random_,
                       log_};
  renewal_ = std::make_unique<Renewal>(identity_, std::move(parts));
  return {};
}

Status Agent::OpenKube() {
  TRY(const kube::Access access, kube::LoadAccess(options_.kube));
  agent_namespace_ = options_.agent_namespace;
  // A pod's namespace is the agent's own; that of a kubeconfig's context is somebody's default.
  if (agent_namespace_.empty() && access.in_cluster) agent_namespace_ = access.namespace_;
  if (agent_namespace_.empty()) agent_namespace_ = kDefaultNamespace;
  asio::any_io_executor executor = io_.get_executor();
  kube::ApiserverKube::Options options;
  options.schema_dir = options_.state_dir + "/schemas";
  options.log = log_;
  options.kube_uid = identity_.kube_uid;
  options.connect = [environment = options_.kube,
                     executor](net::Admission admit) -> Result<kube::Connection> {
    TRY(const kube::Access now, kube::LoadAccess(environment));
    TRY(auto client, kube::ConnectTo(now, std::move(admit), executor));
    return kube::Connection{std::move(client), now.path_prefix, now.token, now.token_file};
  };
  TRY(kube_, kube::ApiserverKube::Make(std::move(options), executor, pool_, clock_));
  return {};
}

void Agent::MakeMachine() {
  sync::Config config;
  config.agent_version = kProductVersion;
  config.agent_namespace = agent_namespace_;
  config.seed = random_.Next();
  machine_ = std::make_unique<sync::SyncMachine>(std::move(config));
  DriverParts parts{
      [this](const sync::Event& event, TimePoint now) { return machine_->Resume(event, now); },
      *hub_,
      *kube_,
      *state_,
      clock_,
      random_,
      metrics_,
      log_};
  driver_ = std::make_unique<Driver>(io_.get_executor(), std::move(parts));
}

Status Agent::OpenHealth() {
  if (options_.listen.empty()) return {};
  HealthParts parts;
  parts.alive = [this] { return alive_; };
  parts.ready = [this] { return machine_->world().facts.has_value(); };
  parts.metrics = [this] { return MetricsText(); };
  TRY(server_, ServeHealth(io_.get_executor(), options_.listen, std::move(parts)));
  return {};
}

std::string Agent::MetricsText() {
  const auto life = LifeOf(renewal_->identity().certificate_pem);
  TakeMachineMetrics(*machine_, clock_.Now(), life ? life->not_after : TimePoint(), metrics_);
  return metrics_.Text();
}

Status Agent::Run() {
  Status result;
  std::function<void(Status)> ended = [this, &result](Status status) {
    alive_ = false;
    result = std::move(status);
    io_.stop();
  };
  net::Spawn(io_.get_executor(), driver_->Run(), std::move(ended));
  std::function<void(Status)> renewal_ended = [this](Status status) {
    if (!status) log_.Warn("renewal_ended", status.error());
  };
  net::Spawn(io_.get_executor(), renewal_->Run(), std::move(renewal_ended));
  std::function<void(Status)> housekeeping_ended = [this](Status status) {
    if (!status) log_.Warn("housekeeping_ended", status.error());
  };
  net::Spawn(io_.get_executor(), Housekeeping(), std::move(housekeeping_ended));
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](const boost::system::error_code& failed, int signal) {
    if (failed) return;
    log_.Info("stopping", {{"signal", signal}});
    NotifySystemd(options_.notify_socket, "STOPPING=1");
    driver_->Stop();
  });
  log_.Info("agent_started", {{"cluster", identity_.cluster_name},
                              {"hub", identity_.agent_host},
                              {"version", kProductVersion}});
  NotifySystemd(options_.notify_socket, "READY=1");
  io_.run();
  return result;
}

TaskVoid Agent::Housekeeping() {
  Millis beat = kBeat;
  const Millis watchdog = WatchdogEvery(options_.watchdog_usec);
  if (watchdog > Millis(0)) beat = std::min(beat, watchdog);
  for (int count = 1;; ++count) {
    CO_TRY_VOID(co_await net::Sleep(beat));
    if (watchdog > Millis(0)) NotifySystemd(options_.notify_socket, "WATCHDOG=1");
    const Status kept = co_await KeepStatus();
    if (!kept) log_.Warn("status_not_kept", kept.error());
    if (count % kPlaceBeats == 0) {
      const Status followed = co_await renewal_->FollowPlace();
      if (!followed) log_.Warn("identity_unreadable", followed.error());
    }
    if (count % kTrimBeats == kFirstTrimBeat) ::malloc_trim(0);
  }
}

// For `dunlin-agent status`.
TaskVoid Agent::KeepStatus() {
  if (machine_->world().identity.cluster.empty()) co_return Status();
  LocalStatus status;
  status.time = clock_.Now();
  if (machine_->world().facts) status.kube_version = machine_->world().facts->version;
  status.hub_problem = driver_->hub_problem();
  status.report = machine_->Report(TimePoint());
  co_return co_await status_keeper_.Keep(std::move(status));
}

void Agent::Close() {
  driver_->FinishStateCalls();
  state_.reset();
}

}  // namespace dunlin::app
