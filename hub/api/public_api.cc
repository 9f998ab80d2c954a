#include "hub/api/public_api.h"

#include "hub/api/responses.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/wire/json_fields.h"
#include "protocol/wire/version.h"

namespace dunlin::hub {

namespace {

net::HttpResponse Json(Bytes body) {
  net::HttpResponse response;
  response.headers = {{"content-type", "application/json"}, {"cache-control", "no-store"}};
  response.body = std::move(body);
  return response;
}

// A request that carries a secret or a proof is the second of the two calls.
bool IsSecondCall(const object::Object& message) { return message.contains("proof"); }

Result<Bytes> Enroll(EnrollBackend& backend, const net::Exchange& exchange) {
  const BytesView body = exchange.request().body;
  TRY(const object::Object message,
      wire::ParseMessage(body, limits::kEnrollBytes, "enrolment request"));
  if (IsSecondCall(message)) {
    TRY(const wire::EnrollFinish finish, wire::ParseEnrollFinish(body));
    TRY(const wire::EnrollResult result, backend.Finish(finish, exchange.peer().connection));
    return wire::Encode(result);
  }
  TRY(const wire::EnrollBegin begin, wire::ParseEnrollBegin(body));
  TRY(const wire::EnrollChallenge challenge, backend.Begin(begin, exchange.peer().connection));
  return wire::Encode(challenge);
}

Result<Bytes> Renew(EnrollBackend& backend, const net::Exchange& exchange) {
  const BytesView body = exchange.request().body;
  TRY(const object::Object message,
      wire::ParseMessage(body, limits::kEnrollBytes, "renewal request"));
  if (IsSecondCall(message)) {
    TRY(const wire::RenewFinish finish, wire::ParseRenewFinish(body));
    TRY(const wire::RenewResult result, backend.FinishRenew(finish, exchange.peer().connection));
    return wire::Encode(result);
  }
  TRY(const std::string agent_id, wire::NeedString(message, "agent_id"));
  TRY(const wire::EnrollChallenge challenge,
      backend.BeginRenew(agent_id, exchange.peer().connection));
  return wire::Encode(challenge);
}

Task<std::optional<net::HttpResponse>> Handle(EnrollBackend& backend, net::Exchange& exchange) {
  const net::HttpRequest& request = exchange.request();
  if (request.target == "/livez")
    co_return net::HttpResponse{200, {{"content-type", "text/plain"}}, "ok\n"};
  const bool enroll = request.target == wire::kEnrollPath;
  if (!enroll && request.target != wire::kRenewPath) co_return NoSuchRoute(request.target);
  if (request.method != "POST") co_return MethodNotAllowed("POST");
  auto answer = enroll ? Enroll(backend, exchange) : Renew(backend, exchange);
  if (!answer) co_return ErrorResponse(answer.error());
  co_return Json(std::move(*answer));
}

}  // namespace

net::HttpHandler PublicRoutes(EnrollBackend& backend) {
  return [&backend](net::Exchange& exchange) { return Handle(backend, exchange); };
}

}  // namespace dunlin::hub
