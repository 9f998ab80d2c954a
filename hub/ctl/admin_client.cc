#include "hub/ctl/admin_client.h"

#include <pwd.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "protocol/base/limits.h"
#include "protocol/net/http_client.h"
#include "protocol/object/json.h"

namespace dunlin::ctl {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

constexpr std::string_view kForm =
    "name its socket with --hub unix:PATH or DUNLIN_HUB (after `dunlin-hub init --data DIR` it is "
    "DIR/admin.sock)";

// Who may open the socket: its owner, by name where there is one.
std::string OwnerOf(const std::string& socket) {
  struct stat info {};
  if (stat(socket.c_str(), &info) != 0) return "";
  const passwd* owner = getpwuid(info.st_uid);
  return owner == nullptr ? std::to_string(info.st_uid) : owner->pw_name;
}

Failure FromError(const Error& error, const std::string& hub) {
  Failure failure;
  failure.code = error.code;
  const std::string socket = hub.substr(kUnixPrefix.size());
  switch (error.code) {
    case Errc::kPermission:
      failure.body = wire::BodyOf("you may not ask the hub at " + hub, error,
                                  PermissionHint(OwnerOf(socket), hub));
      break;
    case Errc::kUnavailable:
      failure.body = wire::BodyOf(
          "no answer from the hub at " + hub, error,
          "start it: dunlin-hub serve --config FILE; if it runs, " + std::string(kForm));
      break;
    case Errc::kTimeout:
      failure.body = wire::BodyOf("no answer from the hub at " + hub, error,
                                  "it may still be at work: `dunlin status` shows where it stands");
      break;
    case Errc::kCorrupt:
      // What the protocol says about it helps nobody who typed an address.
      failure.body =
          wire::BodyOf("no hub answers at " + hub,
                       MakeError(error.code, "what came back is not the answer of a Dunlin hub"),
                       std::string(kForm));
      break;
    default:
      failure.body = wire::BodyOf("the hub at " + hub + " could not be asked", error,
                                  "does a Dunlin hub listen there? " + std::string(kForm));
  }
  return failure;
}

Failure WrongAddress(const std::string& hub) {
  Failure failure;
  failure.code = Errc::kInvalidArgument;
  failure.body = wire::BodyOf(
      "\"" + hub + "\" is not an address of a hub",
      MakeError(failure.code, "an address is unix:PATH; this version speaks nothing else"),
      std::string(kForm));
  return failure;
}

Failure FromResponse(const net::HttpResponse& response) {
  Failure failure;
  failure.code = wire::ErrcOfStatus(response.status);
  auto body = wire::ParseErrorBody(response.body);
  if (body) {
    // Several codes share a status; the name decides, so that the exit code is the topic's.
    failure.code = wire::ErrcOfName(body->code).value_or(failure.code);
    failure.body = std::move(*body);
    if (failure.code == Errc::kCancelled) {
      // The hub gave up because it stops. Nobody interrupted this program.
      failure.code = Errc::kUnavailable;
      failure.body.code = Name(failure.code);
    }
    return failure;
  }
  failure.body.code = std::string(Name(failure.code));
  failure.body.message = "the answer of the hub cannot be read";
  failure.body.cause = "status " + std::to_string(response.status) + " without a reason";
  failure.body.hint =
      "use the dunlin that came with the hub: `dunlin --version` and `dunlin-hub "
      "version` say which they are";
  return failure;
}

}  // namespace

struct AdminClient::Impl {
  explicit Impl(std::string hub_address) : hub(std::move(hub_address)) {
    if (!hub.starts_with(kUnixPrefix) || hub.size() == kUnixPrefix.size()) return;
    net::Origin origin;
    origin.host = hub.substr(kUnixPrefix.size());
    origin.unix_socket = true;
    origin.headers = {{"user-agent", "dunlin"}};
    client = net::MakeHttpClient(context.get_executor(), std::move(origin));
  }

  Answer<object::Value> Call(net::HttpRequest request, Millis limit) {
    if (client == nullptr) {
      return tl::unexpected<Failure>(WrongAddress(hub));
    }
    // What was asked is no part of why there is no answer.
    const std::string asked = request.method + " " + hub + request.target + ": ";
    std::optional<Result<net::HttpResponse>> answer;
    auto done = [&answer](std::exception_ptr thrown, Result<net::HttpResponse> response) {
      if (thrown) response = MakeError(Errc::kInternal, "the request ended with an exception");
      answer = std::move(response);
    };
    asio::co_spawn(context, client->Send(std::move(request), limit), done);
    context.restart();
    while (!answer && context.run_one() > 0) {
    }
    if (!answer) {
      return tl::unexpected<Failure>(FromError(MakeError(Errc::kCancelled, "interrupted"), hub));
    }
    if (!answer->has_value()) {
      Error error = std::move(answer->error());
      if (error.message.starts_with(asked)) error.message.erase(0, asked.size());
      return tl::unexpected<Failure>(FromError(error, hub));
    }
    const net::HttpResponse& response = **answer;
    if (response.status / 100 != 2) return tl::unexpected<Failure>(FromResponse(response));
    if (response.body.empty()) return object::Value(object::Object());
    const object::ParseOptions options{.max_depth = 128, .max_bytes = limits::kResponseBodyBytes};
    auto parsed = object::ParseJson(response.body, options);
    if (!parsed) return tl::unexpected<Failure>(FromError(parsed.error(), hub));
    return std::move(*parsed);
  }

  asio::io_context context{1};
  std::string hub;
  std::unique_ptr<net::HttpClient> client;
};

AdminClient::AdminClient(std::string hub) : impl_(std::make_unique<Impl>(std::move(hub))) {}
AdminClient::~AdminClient() = default;

Answer<object::Value> AdminClient::Get(std::string_view path, Millis limit) {
  net::HttpRequest request;
  request.target = std::string(path);
  return impl_->Call(std::move(request), limit);
}

Answer<object::Value> AdminClient::Post(std::string_view path, const object::Object& body,
                                        Millis limit) {
  return PostBytes(path, object::CanonicalJson(body), limit);
}

Answer<object::Value> AdminClient::PostBytes(std::string_view path, Bytes body, Millis limit) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::string(path);
  request.body = std::move(body);
  return impl_->Call(std::move(request), limit);
}

std::string PermissionHint(const std::string& owner, const std::string& hub) {
  if (owner.empty()) {
    return "the socket is for the user that the hub runs as, and for root: run it as one of them, "
           "for example with sudo";
  }
  if (owner == "root") return "the socket is for root: sudo dunlin --hub " + hub + " …";
  return "the socket is for user " + owner + " and for root: sudo -u " + owner + " dunlin --hub " +
         hub + " …";
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

}  // namespace dunlin::ctl
