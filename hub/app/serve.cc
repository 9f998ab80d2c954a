// `dunlin-hub serve`: the outside worlds, the hub, three listeners, and a clean end.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "hub/app/hub.h"
#include "hub/app/servers.h"
#include "hub/app/verbs.h"
#include "hub/app/worlds.h"

namespace dunlin::hub {

namespace {

// From SIGTERM to the end of the process. What holds it up beyond that (a disk that does not
// answer, a pool thread that does not end) is left to the kernel: every file survives a kill.
constexpr Millis kGrace{10'000};
constexpr Millis kExchangeGrace{2000};  // exchanges end by themselves; handlers then have 5 s
constexpr Millis kLastSecond{1000};     // of kGrace, kept free; the next start ends what is left

constexpr std::chrono::days kRenewBefore{30};  // of the server certificate

TaskVoid StopRenderer(render::Renderer& renderer, Millis limit, Log log) {
  auto stopping = renderer.Stop();
  auto stopped = co_await net::WithTimeout(std::move(stopping), limit, "ending sandboxes");
  if (!stopped) log.Warn("renderer_stop_failed", stopped.error());
  co_return Status();
}

// The certificate follows the configured names and is renewed in time; the CA stays, so agents do
// not notice.
Status FreshenCertificate(const HubConfig& config, const Clock& clock, Random& random, Log log) {
  TRY(const HubKeys keys, LoadKeys(config.data));
  TRY(const crypto::CertificateInfo info, crypto::ParseCertificatePem(keys.server_pem));
  std::vector<std::string> covered = info.dns_sans;
  covered.insert(covered.end(), info.ip_sans.begin(), info.ip_sans.end());
  std::vector<std::string> names = config.names.empty() ? covered : config.names;
  const bool all = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(covered.begin(), covered.end(), name) != covered.end();
  });
  if (all && info.not_after - clock.Now() > kRenewBefore) return {};
  log.Info("server_certificate_renewed", {{"names", names.size()}});
  return RenewServerCertificate(config.data, names, clock.Now(), random);
}

// REQUIRES: everything by reference outlives the coroutine (the frame of Serve).
TaskVoid ServeHub(const HubConfig& config, asio::io_context& context, asio::thread_pool& pool,
                  Log log) {
  SystemClock clock;
  SystemRandom random;
  const auto executor = context.get_executor();
  CO_TRY_VOID(FreshenCertificate(config, clock, random, log));
  CO_TRY(HubKeys keys, LoadKeys(config.data));
  CO_TRY(const HubKeys tls_keys, LoadKeys(config.data));
  CO_TRY(const std::unique_ptr<HubState> state, OpenSqliteHubState(config.data + "/hub.db"));
  CO_TRY(const std::unique_ptr<BundleStore> bundles,
         OpenDirectoryBundleStore(config.data + "/bundles"));
  CO_TRY(git::ProcessGitConfig git_config, GitConfigOf(config));
  const std::unique_ptr<git::Git> git = git::MakeProcessGit(std::move(git_config), log);
  auto making = render::MakeSandboxRenderer(RendererConfigOf(config), pool, log);
  CO_TRY(const std::unique_ptr<render::Renderer> renderer,
         co_await net::WithTimeout(std::move(making), Seconds(60), "starting the renderer"));
  const Hub::Worlds worlds{*state, *bundles, *git, *renderer, clock, random, pool};
  CO_TRY(const std::unique_ptr<Hub> hub, Hub::Make(config, std::move(keys), worlds, executor, log));
  Servers servers;
  const Status listening = servers.Listen(executor, config, tls_keys, *hub, log);
  if (!listening) {
    auto stopped = co_await servers.Stop(executor, kExchangeGrace);
    auto ended = co_await StopRenderer(*renderer, kGrace, log);
    (void)stopped, (void)ended;  // the first failure is the one to tell
    co_return listening;
  }
  hub->SetAddresses(servers.agents->port(), servers.public_->port());

  bool ended = false;
  Status outcome;
  net::Event done(executor);
  auto on_done = [&](const Status& status) {
    ended = true;
    outcome = status;
    done.Notify();
  };
  net::Spawn(executor, hub->Run(), on_done);
  std::printf("dunlin-hub serves agents on %s:%u, enrolment on %s:%u, admin on %s\n",
              config.agents.host.c_str(), servers.agents->port(), config.public_.host.c_str(),
              servers.public_->port(), config.admin_socket.c_str());
  std::fflush(stdout);
  log.Info("serving", {{"isolation", renderer->Isolation()}});

  asio::signal_set signals(executor, SIGTERM, SIGINT);
  auto [error, signal] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
  log.Info("stopping", {{"signal", signal}});
  const Millis end = clock.Monotonic() + kGrace - kLastSecond;
  ::alarm(static_cast<unsigned>(kGrace / Seconds(1)));  // SIGALRM ends the process
  hub->Stop();
  auto closed = co_await servers.Stop(executor, kExchangeGrace);
  (void)closed;
  while (!ended) {
    auto waited = co_await done.Wait(Seconds(1));
    (void)waited;
  }
  const Millis left = std::max(end - clock.Monotonic(), kLastSecond);
  auto stopped = co_await StopRenderer(*renderer, left, log);
  (void)stopped;
  co_return outcome;
}

}  // namespace

Status Serve(const std::string& config_file) {
  ProtectMemory();
  ::umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  TRY(const HubConfig config, LoadHubConfig(config_file));
  const SystemClock clock;
  const auto sink = MakeStderrSink(config.json_log ? LogForm::kJson : LogForm::kText, clock);
  asio::io_context context{1};
  asio::thread_pool pool(4);
  Status outcome = MakeError(Errc::kInternal, "the hub ended without a result");
  auto on_done = [&](const Status& status) {
    outcome = status;
    context.stop();
  };
  net::Spawn(context.get_executor(), ServeHub(config, context, pool, Log(sink.get())), on_done);
  context.run();
  pool.join();
  return outcome;
}

}  // namespace dunlin::hub
