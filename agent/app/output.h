// What the agent's commands print when they fail.
#pragma once

#include <string>

#include "agent/app/commands.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"
#include "protocol/wire/error.h"

namespace dunlin::app {

// The document for programs, with a final newline. REQUIRES: not kTable.
std::string DocumentText(const object::Value& document, Output output);

struct Failure {
  std::string what;  // "cannot enrol this cluster"
  Error error;
  std::string hint;  // empty: one that fits the code
};

// With a hint in any case where there is one. Pure.
wire::ErrorBody BodyOf(const Failure& failure);

// The text on stderr, or the JSON on stdout. Returns the exit code.
int PrintFailure(const Failure& failure, bool json);

}  // namespace dunlin::app
