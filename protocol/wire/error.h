// The body of every non-2xx answer, and what the programs print when they fail: with -o json
//   {"error":{"code","message","cause","hint"}}
// on stdout, otherwise the text form on stderr.
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

// A failure of ours: what could not be done, why, and what to do.
ErrorBody BodyOf(std::string message, const Error& error, std::string hint);

Bytes Encode(const ErrorBody& error);
// For people: "error: <message>\n  cause: <cause>\n  hint: <hint>\n", without the lines that are
// empty.
std::string ErrorText(const ErrorBody& error);
Result<ErrorBody> ParseErrorBody(BytesView json);

// HTTP status of an error of ours, and back (for an answer without a readable body).
int HttpStatus(Errc code);
Errc ErrcOfStatus(int status);

}  // namespace dunlin::wire
