// How the routes answer: JSON documents, and errors in the one form of wire::ErrorBody.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/net/http.h"
#include "protocol/object/value.h"

namespace dunlin::hub {

net::HttpResponse JsonResponse(const object::Value& document, int status = 200);
// `what` could not be done, the error says why. Without `what` (machine to machine, where the other
// side says what it asked) the error is the message.
net::HttpResponse ErrorResponse(const Error& error, std::string hint = {}, std::string what = {});
net::HttpResponse MethodNotAllowed(std::string_view allowed);
net::HttpResponse NoSuchRoute(std::string_view target);

// Path and decoded query of a request target. kInvalidArgument for broken percent-encoding.
struct Target {
  std::vector<std::string> segments;         // "/api/v1/apps/shop" -> api, v1, apps, shop
  std::map<std::string, std::string> query;  // the last value of a repeated name
};
Result<Target> ParseTarget(std::string_view target);

}  // namespace dunlin::hub
