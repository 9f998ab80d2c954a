#include "agent/hublink/answer.h"

#include <utility>

#include "protocol/wire/error.h"
#include "protocol/wire/version.h"

namespace dunlin::hublink {

Error RefusalOf(const net::HttpResponse& response) {
  auto body = wire::ParseErrorBody(response.body);
  if (!body) {
    return MakeError(wire::ErrcOfStatus(response.status),
                     "the hub answered " + std::to_string(response.status));
  }
  std::string message = body->message;
  if (!body->cause.empty()) message += ": " + body->cause;
  if (!body->hint.empty()) message += "; " + body->hint;
  return MakeError(wire::ErrcOfName(body->code).value_or(wire::ErrcOfStatus(response.status)),
                   std::move(message));
}

Result<Bytes> BodyOf(net::HttpResponse response) {
  if (response.status == 204) return Bytes();
  if (response.status != 200) return RefusalOf(response);
  return std::move(response.body);
}

net::HttpRequest PostJson(std::string target, Bytes body) {
  net::HttpRequest out;
  out.method = "POST";
  out.target = std::move(target);
  out.headers = {{"content-type", "application/json"},
                 {wire::kVersionHeader, std::to_string(wire::kVersion)}};
  out.body = std::move(body);
  return out;
}

}  // namespace dunlin::hublink
