#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <optional>
#include <utility>

#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "agent/hublink/connection.h"
#include "agent/hublink/enroll.h"
#include "agent/kube/apiserver_kube.h"
#include "agent/state/identity_files.h"
#include "agent/state/sqlite_agent_state.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::app {

namespace {

constexpr const char* kTokenHint =
    "a token works once, for a short time and for one hub; make a new one there: dunlin cluster "
    "add NAME";

// Both halves share the io thread of this short program.
struct Session {
  asio::io_context io;
  asio::thread_pool pool{1};
  SystemClock clock;
};

Result<std::unique_ptr<kube::ApiserverKube>> Connect(Session& session,
                                                     const kube::Environment& environment) {
  kube::ApiserverKube::Options options;
  options.limit = Seconds(15);
  asio::any_io_executor executor = session.io.get_executor();
  options.connect = [environment, executor](net::Admission admit) -> Result<kube::Connection> {
    TRY(const kube::Access access, kube::LoadAccess(environment));
    TRY(auto client, kube::ConnectTo(access, std::move(admit), executor));
    return kube::Connection{std::move(client), access.path_prefix, access.token, access.token_file};
  };
  return kube::ApiserverKube::Make(std::move(options), executor, session.pool, session.clock);
}

template <typename T>
TaskVoid Keep(Task<T> task, std::optional<Result<T>>& out) {
  auto result = co_await std::move(task);
  out.emplace(std::move(result));
  co_return Status();
}

template <typename T>
Result<T> Await(Session& session, Task<T> task) {
  std::optional<Result<T>> out;
  Status ended;
  net::Spawn(session.io.get_executor(), Keep(std::move(task), out), [&ended, &session](Status s) {
    ended = std::move(s);
    session.io.stop();
  });
  session.io.restart();
  session.io.run();
  if (out) return std::move(*out);
  return ended ? MakeError(Errc::kInternal, "the task ended without a result") : ended.error();
}

Result<hublink::Enrolled> AskHub(Session& session, const EnrollOptions& options,
                                 const trust::EnrollToken& token, const std::string& kube_uid) {
  TRY(const hublink::HubAddress address, hublink::ParseHubUrl(options.hub_url));
  asio::any_io_executor executor = session.io.get_executor();
  hublink::Connect connect = [address, executor](const std::string& ca_pem) {
    return hublink::ConnectPublic(executor, address, ca_pem, kBuildTime);
  };
  hublink::EnrollInput input{token, options.hub_url, kube_uid};
  return Await(session, hublink::Enroll(std::move(input), std::move(connect)));
}

void PrintEnrolled(const EnrollOptions& options, const sync::Identity& identity) {
  if (options.output != Output::kTable) {
    const object::Object out{{"agent", identity.agent.str()},
                             {"cluster", identity.cluster_name},
                             {"clusterId", identity.cluster.str()},
                             {"region", identity.region},
                             {"state", options.state_dir}};
    std::fputs(DocumentText(out, options.output).c_str(), stdout);
    return;
  }
  std::printf("Enrolled cluster %s (region %s).\nStart the agent: dunlin-agent run --state %s\n",
              identity.cluster_name.c_str(), identity.region.c_str(), options.state_dir.c_str());
}

// The identity, and the database that `run` then expects: one that is gone later is a loss, not a
// first start.
Status KeepEnrolled(const std::string& dir, const hublink::Enrolled& enrolled) {
  TRY_VOID(state::WriteEnrolled(dir, {enrolled.identity, enrolled.key.Pem(),
                                      enrolled.envelope_key.Pem(), enrolled.root_raw}));
  const SystemClock clock;
  TRY(const auto database, state::SqliteAgentState::Open(dir, {}, clock));
  return {};
}

}  // namespace

int Enroll(const EnrollOptions& options) {
  const auto fail = [&options](std::string what, const Error& error, std::string hint = "") {
    return PrintFailure({std::move(what), error, std::move(hint)},
                        options.output != Output::kTable);
  };
  const auto token = trust::EnrollToken::Parse(options.token);
  if (!token) return fail("the token cannot be read", token.error(), kTokenHint);
  const Status unused = state::CheckUnused(options.state_dir);
  if (!unused) return fail("cannot enrol into " + options.state_dir, unused.error());

  Session session;
  auto kube = Connect(session, options.kube);
  if (!kube) return fail("there is no way into the cluster", kube.error());
  const auto facts = Await(session, (*kube)->Discover());
  if (!facts) return fail("cannot read the cluster", facts.error());

  auto enrolled = AskHub(session, options, *token, facts->kube_uid);
  if (!enrolled) {
    const bool about_token = wire::ExitCode(enrolled.error().code) == 4;
    return fail("the hub did not enrol this cluster", enrolled.error(),
                about_token ? kTokenHint : "");
  }
  const Status written = KeepEnrolled(options.state_dir, *enrolled);
  if (!written) {
    return fail("enrolled, but the identity could not be kept", written.error(),
                std::string("make room, then enrol with a new token: ") + kTokenHint);
  }
  PrintEnrolled(options, enrolled->identity);
  std::fflush(stdout);
  // Idle connections still belong to coroutines of the loop; ending the process ends them.
  ::_exit(0);
}

}  // namespace dunlin::app
