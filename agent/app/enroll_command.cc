#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>
#include <utility>

#include "agent/app/build_time.h"
#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "agent/app/session.h"
#include "agent/hublink/connection.h"
#include "agent/hublink/enroll.h"
#include "agent/kube/apiserver_kube.h"
#include "agent/state/identity_files.h"
#include "agent/state/sqlite_agent_state.h"

namespace dunlin::app {

namespace {

constexpr const char* kNewToken = "make a new token on the hub: dunlin cluster add NAME";

// What to do about a refusal (hublink::Enroll).
std::string HintFor(Errc code) {
  switch (code) {
    case Errc::kUnsupported:
      return "--hub is the hub's public port, not its port for agents: take the line that `dunlin "
             "cluster add NAME` prints (listen.public in hub.yaml, 8443 unless it was changed)";
    case Errc::kUnauthenticated:
      return std::string("a token works only for the hub that made it: check --hub, or ") +
             kNewToken;
    case Errc::kPermission:
      return std::string("a token works once: ") + kNewToken;
    case Errc::kExpired:
      return std::string(kNewToken) + " (--token-hours says how long it lives)";
    case Errc::kSignature:
      return "check --hub and that the whole token was copied: another hub than the token's "
             "answers there, or somebody stands between";
    case Errc::kConflict:
      return "check --kubeconfig, or add this cluster under another name: dunlin cluster add NAME";
    case Errc::kNotFound:
      return kNewToken;
    default:
      return "";
  }
}

// The same of a refusal of the apiserver: the token has nothing to do with it.
std::string ClusterHintFor(Errc code) {
  switch (code) {
    case Errc::kUnauthenticated:
      return "the apiserver does not take the credentials of the kubeconfig (or of the "
             "ServiceAccount): correct them there and try again; the hub's token is not used up";
    case Errc::kExpired:
      return "a certificate between here and the apiserver is out of its time: check this "
             "machine's "
             "clock, the apiserver's certificate and the kubeconfig's; the hub's token is not used "
             "up";
    default:
      return "";
  }
}

// For a shell.
std::string Quoted(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./:@%+=,").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain && !word.empty()) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

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

Result<hublink::Enrolled> AskHub(Session& session, const EnrollOptions& options,
                                 const trust::EnrollToken& token, const std::string& kube_uid) {
  TRY(const hublink::HubAddress address, hublink::ParseHubUrl(options.hub_url));
  asio::any_io_executor executor = session.io.get_executor();
  hublink::Connect connect = [address, executor](const std::string& ca_pem) {
    return hublink::ConnectPublic(executor, address, ca_pem, BuildTime());
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
  std::printf("Enrolled cluster %s (region %s).\nStart the agent: %s\n",
              identity.cluster_name.c_str(), identity.region.c_str(), StartLine(options).c_str());
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

std::string StartLine(const EnrollOptions& options) {
  std::string line = "dunlin-agent run --state " + Quoted(options.state_dir);
  if (!options.kube.file.empty()) line += " --kubeconfig " + Quoted(options.kube.file);
  const std::string& account = options.kube.service_account_dir;
  if (account != kube::Environment().service_account_dir) {
    line += " --service-account " + Quoted(account);
  }
  return line;
}

int Enroll(const EnrollOptions& options) {
  bool made = false;
  const auto fail = [&](std::string what, const Error& error, std::string hint = "") {
    if (made) ::rmdir(options.state_dir.c_str());  // keeps one that holds something
    return PrintFailure({std::move(what), error, std::move(hint)},
                        options.output != Output::kTable);
  };
  const auto token = trust::EnrollToken::Parse(options.token);
  if (!token) {
    return fail("the token cannot be read", token.error(),
                std::string("copy the whole of it, or ") + kNewToken);
  }
  const auto unused = state::TakeUnused(options.state_dir);
  if (!unused) return fail("cannot enrol into " + options.state_dir, unused.error());
  made = *unused;

  Session session;
  auto kube = Connect(session, options.kube);
  if (!kube) return fail("there is no way into the cluster", kube.error());
  const auto facts = Await(session, (*kube)->Discover());
  if (!facts)
    return fail("cannot read the cluster", facts.error(), ClusterHintFor(facts.error().code));

  auto enrolled = AskHub(session, options, *token, facts->kube_uid);
  if (!enrolled) {
    return fail("the hub at " + options.hub_url + " did not enrol this cluster", enrolled.error(),
                HintFor(enrolled.error().code));
  }
  const Status written = KeepEnrolled(options.state_dir, *enrolled);
  if (!written) {
    return fail("enrolled, but the identity could not be kept", written.error(),
                std::string("make room; this token is used up: ") + kNewToken);
  }
  PrintEnrolled(options, enrolled->identity);
  // Idle connections still belong to coroutines of the loop; ending the process ends them.
  ::_exit(cli::Finish(0));
}

}  // namespace dunlin::app
