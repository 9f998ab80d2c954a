#include "hub/api/admin_api.h"

#include <algorithm>
#include <charconv>

#include "hub/api/responses.h"
#include "protocol/base/limits.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::hub {

namespace {

using Answer = std::optional<net::HttpResponse>;
constexpr int64_t kMaxHoldSeconds = 30;
constexpr int64_t kMaxTokenHours = 24;
constexpr const char* kOtherVersion =
    "is dunlin of the hub's version? `dunlin --version` and `dunlin-hub version` say";

Result<int64_t> QueryInt(const Target& target, const std::string& name, int64_t fallback) {
  const auto it = target.query.find(name);
  if (it == target.query.end()) return fallback;
  int64_t value = 0;
  const char* end = it->second.data() + it->second.size();
  const auto [stop, error] = std::from_chars(it->second.data(), end, value);
  if (error != std::errc() || stop != end) {
    return MakeError(Errc::kInvalidArgument, "query parameter " + name + ": expected an integer");
  }
  return value;
}

Result<NewCluster> ParseNewCluster(const object::Object& body) {
  NewCluster out;
  TRY(out.name, wire::NeedString(body, "name"));
  TRY(out.region, wire::GetString(body, "region"));
  TRY(out.server, wire::GetString(body, "server"));
  TRY(out.labels, wire::GetObject(body, "labels"));
  TRY(const int64_t hours, wire::GetInt(body, "token_hours"));
  if (hours < 0 || hours > kMaxTokenHours) {
    return MakeError(Errc::kInvalidArgument, "token_hours: expected 1 to 24");
  }
  out.token_hours = hours == 0 ? 1 : static_cast<int>(hours);
  return out;
}

Task<object::Value> Status(AdminBackend& backend, Target target) {
  CO_TRY(const int64_t after, QueryInt(target, "after", -1));
  CO_TRY(const int64_t seconds, QueryInt(target, "seconds", kMaxHoldSeconds));
  if (after >= 0 && backend.StatusVersion() <= after) {
    const Seconds hold(std::clamp<int64_t>(seconds, 0, kMaxHoldSeconds));
    CO_TRY_VOID(co_await backend.WaitForChange(after, hold));
  }
  co_return backend.FleetStatus();
}

Result<object::Value> Read(AdminBackend& backend, const std::vector<std::string>& path,
                           size_t parts) {
  const std::string& noun = path[2];
  if (noun == "clusters" && parts == 3) return backend.Clusters();
  if (noun == "clusters" && parts == 4) return backend.Cluster(path[3]);
  if (noun == "apps" && parts == 3) return backend.Apps();
  if (noun == "apps" && parts == 4) return backend.App(path[3]);
  if (noun == "apps" && parts == 5 && path[4] == "history") return backend.History(path[3]);
  if (noun == "sources" && parts == 3) return backend.Sources();
  return MakeError(Errc::kNotFound, "no such path under /api/v1");
}

Task<object::Value> Change(AdminBackend& backend, Target target, Bytes body) {
  const std::vector<std::string>& path = target.segments;
  if (path[2] == "apply" && path.size() == 3) {
    const auto file = target.query.find("file");
    std::string name = file == target.query.end() ? "stdin" : file->second;
    CO_TRY(object::Value applied, co_await backend.Apply(std::move(body), std::move(name)));
    co_return applied;
  }
  CO_TRY(const object::Object message, wire::ParseMessage(body.empty() ? "{}" : BytesView(body),
                                                          limits::kAdminRequestBytes, "request"));
  if (path[2] == "clusters" && path.size() == 3) {
    CO_TRY(const NewCluster cluster, ParseNewCluster(message));
    CO_TRY(object::Value added, backend.AddCluster(cluster));
    co_return added;
  }
  if (path[2] == "apps" && path.size() == 5 && path[4] == "sync") {
    const object::Value* allow = message.if_contains("allow_mass_prune");
    const bool allow_mass_prune = allow != nullptr && allow->is_bool() && allow->as_bool();
    CO_TRY(object::Value synced, co_await backend.Sync(path[3], allow_mass_prune));
    co_return synced;
  }
  if (path[2] == "apps" && path.size() == 5 && path[4] == "rollback") {
    CO_TRY(const int64_t id, wire::GetInt(message, "id"));
    CO_TRY(object::Value rolled, co_await backend.Rollback(path[3], id));
    co_return rolled;
  }
  if (path[2] == "sources" && path.size() == 4 && path[3] == "refresh") {
    CO_TRY(std::string repo, wire::GetString(message, "repo"));
    CO_TRY(object::Value refreshed, co_await backend.Refresh(std::move(repo)));
    co_return refreshed;
  }
  co_return MakeError(Errc::kNotFound, "no such path under /api/v1");
}

// A text member of a body that may be anything; "" when it is not there.
std::string BodyMember(BytesView body, const char* name) {
  const auto message = wire::ParseMessage(body, limits::kEnrollBytes, "request");
  if (!message) return "";
  return wire::GetString(*message, name).value_or("");
}

// What a request asks for, in the words of "cannot …"; empty for a path that is none.
std::string Asked(const net::HttpRequest& request, const std::vector<std::string>& path,
                  const Target& target) {
  const std::string& noun = path[2];
  const std::string name = path.size() > 3 ? path[3] : "";
  const std::string verb = path.size() > 4 ? path[4] : "";
  if (request.method == "GET") {
    if (noun == "status") return "show the state of the fleet";
    if (noun == "clusters") return path.size() == 3 ? "list the clusters" : "show cluster " + name;
    if (noun == "sources") return "list the sources";
    if (noun == "apps" && path.size() == 3) return "list the apps";
    if (noun == "apps")
      return (verb == "history" ? "show the history of app " : "show app ") + name;
    return "";
  }
  if (noun == "apply") {
    const auto file = target.query.find("file");
    return "apply " + (file == target.query.end() ? "what was sent" : file->second);
  }
  if (noun == "clusters" && name.empty()) {
    const std::string added = BodyMember(request.body, "name");
    return added.empty() ? "add a cluster" : "add cluster " + added;
  }
  if (noun == "apps" && verb == "sync") return "sync app " + name;
  if (noun == "apps" && verb == "rollback") return "roll back app " + name;
  if (noun == "sources" && name == "refresh") {
    const std::string repo = BodyMember(request.body, "repo");
    return "refresh " + (repo.empty() ? "the sources" : repo);
  }
  return "";
}

std::string HintFor(Errc code, const std::vector<std::string>& path) {
  const std::string& noun = path[2];
  const std::string name = path.size() > 3 ? path[3] : "";
  const std::string verb = path.size() > 4 ? path[4] : "";
  switch (code) {
    case Errc::kNotFound:
      if (noun == "clusters") return "dunlin cluster list shows the clusters";
      if (noun == "sources") return "dunlin source list shows the sources";
      if (verb == "rollback") {
        return "dunlin app list shows the apps, dunlin app history NAME the entries of one";
      }
      return "dunlin app list shows the apps";
    case Errc::kPrecondition:
      if (verb == "rollback") return "dunlin app history " + name + " lists the entries";
      return noun == "apps" && !name.empty() ? "dunlin app get " + name + " shows what it waits for"
                                             : "dunlin status shows the state of the fleet";
    case Errc::kUnavailable:
    case Errc::kTimeout:
      return "dunlin source list shows what the hub is waiting for";
    case Errc::kIo:
      return "check the disk and the state directory of the hub: dunlin-hub doctor";
    case Errc::kInvalidArgument:
      if (noun == "apply") return "correct the file; nothing of it was applied";
      if (noun == "clusters") return "dunlin cluster add --help shows what it takes";
      return "correct the request; dunlin --help lists the verbs";
    case Errc::kConflict:
      if (noun == "clusters") return "dunlin cluster list shows what it has";
      return "decide which of the two stays, then try again";
    default:
      return "dunlin status shows the state of the fleet; the hub's log says more";
  }
}

net::HttpResponse OrError(const Result<object::Value>& result, const net::HttpRequest& request,
                          const Target& target) {
  if (result) return JsonResponse(*result);
  const Error& error = result.error();
  const std::string asked = Asked(request, target.segments, target);
  if (asked.empty()) return ErrorResponse(error, kOtherVersion);
  return ErrorResponse(error, HintFor(error.code, target.segments), "cannot " + asked);
}

Task<Answer> Handle(AdminBackend& backend, net::Exchange& exchange) {
  const net::HttpRequest& request = exchange.request();
  auto target = ParseTarget(request.target);
  if (!target) co_return ErrorResponse(target.error());
  const std::vector<std::string>& path = target->segments;
  if (path.size() == 1 && path[0] == "metrics") {
    co_return net::HttpResponse{
        200, {{"content-type", "text/plain; version=0.0.4"}}, backend.Metrics()};
  }
  if (path.size() < 3 || path[0] != "api" || path[1] != "v1") co_return NoSuchRoute(request.target);
  if (request.method == "GET") {
    if (path[2] == "status" && path.size() == 3) {
      auto status = co_await Status(backend, *target);
      co_return OrError(status, request, *target);
    }
    co_return OrError(Read(backend, path, path.size()), request, *target);
  }
  if (request.method != "POST") co_return MethodNotAllowed("GET, POST");
  auto changed = co_await Change(backend, *target, request.body);
  co_return OrError(changed, request, *target);
}

}  // namespace

net::HttpHandler AdminRoutes(AdminBackend& backend) {
  return [&backend](net::Exchange& exchange) { return Handle(backend, exchange); };
}

}  // namespace dunlin::hub
