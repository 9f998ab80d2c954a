// The hub's answers as values. Pure.
#pragma once

#include "protocol/base/result.h"
#include "protocol/net/http.h"

namespace dunlin::hublink {

// Of a non-2xx answer: code, message, cause and hint of its ErrorBody; without a readable body the
// code that the HTTP status stands for.
Error RefusalOf(const net::HttpResponse& response);

// The body of a 200, nothing of a 204, otherwise RefusalOf().
Result<Bytes> BodyOf(net::HttpResponse response);

// A POST of JSON with the wire version.
net::HttpRequest PostJson(std::string target, Bytes body);

}  // namespace dunlin::hublink
