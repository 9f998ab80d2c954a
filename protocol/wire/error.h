// The body of every non-2xx answer, and what the programs print when they fail: with -o json
//   {"error":{"code","message","cause","hint","docs"}}
// on stdout, otherwise the text form on stderr.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::wire {

struct ErrorBody {
  std::string code;     // Errc name
  std::string message;  // what failed
  std::string cause;
  std::string hint;  // what to do

  // The command that explains the code, "dunlin help not_found"; empty without a code. It follows
  // from the code alone, so that no two programs can say different things.
  std::string Docs() const;
  bool operator==(const ErrorBody&) const = default;
};

// A failure of ours: what could not be done, why, and what to do.
ErrorBody BodyOf(std::string message, const Error& error, std::string hint);

Bytes Encode(const ErrorBody& error);
// The members inside "error", for a document that holds results as well.
object::Object ToObject(const ErrorBody& error);
// For people: "error: <message>\n  cause: <cause>\n  hint: <hint>\n  docs: <docs>\n", without the
// lines that are empty. Control characters are made visible, since names come from repositories;
// further lines of a text are indented.
std::string ErrorText(const ErrorBody& error);
Result<ErrorBody> ParseErrorBody(BytesView json);

// The code of a name that Name() gives, or nothing.
std::optional<Errc> ErrcOfName(std::string_view name);

// HTTP status of an error of ours, and back (for an answer without a readable body).
int HttpStatus(Errc code);
Errc ErrcOfStatus(int status);

}  // namespace dunlin::wire
