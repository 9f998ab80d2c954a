// The body of every non-2xx answer, and of a CLI failure with -o json:
//   {"error":{"code","message","cause","hint"}}
#pragma once

#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::wire {

struct ErrorBody {
  std::string code;     // Errc name
  std::string message;  // what failed
  std::string cause;
  std::string hint;  // what to do
  bool operator==(const ErrorBody&) const = default;
};

Bytes Encode(const ErrorBody& error);
Result<ErrorBody> ParseErrorBody(BytesView json);

// HTTP status of an error of ours, and back (for an answer without a readable body).
int HttpStatus(Errc code);
Errc ErrcOfStatus(int status);

}  // namespace dunlin::wire
