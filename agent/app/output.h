// What the agent's commands print, and how they end.
#pragma once

#include <string>
#include <string_view>

#include "agent/app/commands.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::app {

// 2 usage or general, 3 timed out, 4 not authenticated or denied, 5 hub or apiserver unreachable,
// 6 conflict or precondition, 130 interrupted.
int ExitCode(Errc code);

// The document for programs, with a final newline. REQUIRES: not kTable.
std::string DocumentText(const object::Value& document, Output output);

struct Failure {
  std::string what;  // "cannot enrol this cluster"
  Error error;
  std::string hint;  // empty: one that fits the code
};

// "error: <what>\n  cause: <message>\n  hint: <what to do>\n"; `{"error":{…}}` for programs. Pure.
std::string FailureText(const Failure& failure);
std::string FailureJson(const Failure& failure);

// The text on stderr, or the JSON on stdout. Returns the exit code.
int PrintFailure(const Failure& failure, bool json);

}  // namespace dunlin::app
