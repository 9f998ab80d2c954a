#include "hub/api/responses.h"

#include <boost/url/parse.hpp>

#include "protocol/object/json.h"
#include "protocol/wire/error.h"

namespace dunlin::hub {

namespace {

net::HttpResponse JsonBody(int status, Bytes body) {
  net::HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}, {"cache-control", "no-store"}};
  response.body = std::move(body);
  return response;
}

}  // namespace

net::HttpResponse JsonResponse(const object::Value& document, int status) {
  return JsonBody(status, object::CanonicalJson(document));
}

net::HttpResponse ErrorResponse(const Error& error, std::string hint, std::string what) {
  wire::ErrorBody body = wire::BodyOf(std::move(what), error, std::move(hint));
  if (body.message.empty()) body.message.swap(body.cause);
  return JsonBody(wire::HttpStatus(error.code), wire::Encode(body));
}

net::HttpResponse MethodNotAllowed(std::string_view allowed) {
  net::HttpResponse response =
      JsonBody(405, wire::Encode(wire::ErrorBody{
                        "invalid_argument", "this path takes " + std::string(allowed), "", ""}));
  response.headers.emplace_back("allow", std::string(allowed));
  return response;
}

net::HttpResponse NoSuchRoute(std::string_view target) {
  return ErrorResponse(
      MakeError(Errc::kNotFound, "no such path: " + std::string(target.substr(0, 200))));
}

Result<Target> ParseTarget(std::string_view target) {
  const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
  if (!parsed) return MakeError(Errc::kInvalidArgument, "the request target is malformed");
  Target out;
  for (const auto segment : parsed->segments()) out.segments.push_back(std::string(segment));
  for (const auto parameter : parsed->params()) out.query[parameter.key] = parameter.value;
  return out;
}

}  // namespace dunlin::hub
