#include <unistd.h>

#include <cstdio>

#include "agent/app/build_time.h"
#include "agent/app/commands.h"
#include "agent/app/output.h"
#include "agent/app/session.h"
#include "agent/hublink/connection.h"
#include "agent/hublink/enroll.h"
#include "agent/state/identity_files.h"

namespace dunlin::app {

namespace {

constexpr Millis kLimit{15'000};

std::string HintFor(Errc code, const std::string& url) {
  switch (code) {
    case Errc::kSignature:
      return "only the hub that this agent was enrolled with is accepted, by its CA: bring its "
             "data "
             "directory along when it moves, and list its new name under names in hub.yaml";
    case Errc::kUnauthenticated:
    case Errc::kPermission:
      return "the hub does not know this agent any more: enrol again with a token of `dunlin "
             "cluster "
             "add NAME`";
    case Errc::kUnsupported:
    case Errc::kInvalidArgument:
      return "give the hub's public port (listen.public in hub.yaml, 8443 unless it was changed): "
             "https://HOST:8443";
    default:
      return "is the hub up, and is " + url + " its public port?";
  }
}

// Any answer will do: our certificate was accepted there, and theirs here.
TaskVoid Knock(std::shared_ptr<net::HttpClient> client) {
  net::HttpRequest request;
  request.target = "/";
  CO_TRY_VOID(co_await client->Send(std::move(request), kLimit));
  co_return Status();
}

class Move {
 public:
  explicit Move(const SetHubOptions& options) : options_(options) {}

  Status Prepare() {
    TRY(identity_, state::ReadIdentity(options_.state_dir));
    TRY(key_pem_, state::ReadAgentKey(options_.state_dir));
    return {};
  }
  // Asks the public port where agents connect.
  Status AskPublic() {
    TRY(const hublink::HubAddress hub, hublink::ParseHubUrl(options_.url));
    TRY(auto client,
        hublink::ConnectPublic(session_.io.get_executor(), hub, identity_.ca_pem, BuildTime()));
    TRY(hublink::HubAddress door,
        Await(session_, hublink::AskAgentPort(std::move(client), identity_.agent.str())));
    identity_.hub_url = options_.url;
    identity_.agent_host = door.port != 0 ? door.host : hub.host;
    if (door.port != 0) identity_.agent_port = door.port;
    return {};
  }
  Status KnockAtAgentPort() {
    TRY(auto client,
        hublink::ConnectAgentPort(session_.io.get_executor(), identity_, key_pem_, BuildTime()));
    return Await(session_, Knock(std::move(client)));
  }
  Status Store() { return state::WritePlace(options_.state_dir, state::PlaceOf(identity_)); }

  std::string AgentPort() const {
    return identity_.agent_host + ":" + std::to_string(identity_.agent_port);
  }
  const std::string& cluster() const { return identity_.cluster_name; }

 private:
  const SetHubOptions& options_;
  Session session_;
  sync::Identity identity_;
  std::string key_pem_;
};

}  // namespace

int SetHub(const SetHubOptions& options) {
  const auto fail = [&](const std::string& what, const Error& error, std::string hint) {
    return PrintFailure({what + "; nothing was changed", error, std::move(hint)}, false);
  };
  Move move(options);
  if (const Status ready = move.Prepare(); !ready) {
    return fail("cannot read the agent's state", ready.error(), "");
  }
  if (const Status asked = move.AskPublic(); !asked) {
    return fail("the hub was not found at " + options.url, asked.error(),
                HintFor(asked.error().code, options.url));
  }
  if (const Status met = move.KnockAtAgentPort(); !met) {
    return fail("the hub at " + options.url + " sends agents to " + move.AgentPort() +
                    ", and there is no way in there",
                met.error(), "correct advertise and listen.agents in the hub's hub.yaml");
  }
  if (const Status stored = move.Store(); !stored) {
    return fail("the new address cannot be kept", stored.error(), "");
  }
  std::printf(
      "Cluster %s now follows its hub at %s (agents at %s). An agent that runs changes over by "
      "itself.\n",
      move.cluster().c_str(), options.url.c_str(), move.AgentPort().c_str());
  // Idle connections still belong to coroutines of the loop; ending the process ends them.
  ::_exit(cli::Finish(0));
}

}  // namespace dunlin::app
