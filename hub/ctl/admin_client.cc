#include "hub/ctl/admin_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "protocol/base/limits.h"
#include "protocol/net/http_client.h"
#include "protocol/object/json.h"

namespace dunlin::ctl {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Failure FromError(const Error& error, const std::string& hub) {
  Failure failure;
  failure.code = error.code;
  failure.body =
      wire::BodyOf("no answer from the hub at " + hub, error,
                   "is dunlin-hub running? name its socket with --hub unix:PATH or DUNLIN_HUB "
                   "(after `dunlin-hub init --data DIR` it is DIR/admin.sock)");
  return failure;
}

Failure FromResponse(const net::HttpResponse& response) {
  Failure failure;
  failure.code = wire::ErrcOfStatus(response.status);
  auto body = wire::ParseErrorBody(response.body);
  if (body) {
    failure.body = std::move(*body);
    return failure;
  }
  failure.body.code = std::string(Name(failure.code));
  failure.body.message = "the hub answered with status " + std::to_string(response.status);
  return failure;
}

}  // namespace

struct AdminClient::Impl {
  explicit Impl(std::string hub_address) : hub(std::move(hub_address)) {
    if (hub.compare(0, kUnixPrefix.size(), kUnixPrefix) != 0) return;
    net::Origin origin;
    origin.host = hub.substr(kUnixPrefix.size());
    origin.unix_socket = true;
    origin.headers = {{"user-agent", "dunlin"}};
    client = net::MakeHttpClient(context.get_executor(), std::move(origin));
  }

  Answer<object::Value> Call(net::HttpRequest request, Millis limit) {
    if (client == nullptr) {
      Error error =
          MakeError(Errc::kInvalidArgument,
                    "the address is not of the form unix:PATH, the only one this version speaks");
      return tl::unexpected<Failure>(FromError(error, hub));
    }
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
    if (!answer->has_value()) return tl::unexpected<Failure>(FromError(answer->error(), hub));
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
