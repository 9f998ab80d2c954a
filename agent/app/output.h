// What the agent's commands print when they fail.
#pragma once

#include <string>

#include "agent/app/commands.h"
#include "protocol/base/result.h"
#include "protocol/wire/error.h"

namespace dunlin::app {

using cli::DocumentText;

struct Failure {
  std::string what;  // "cannot enrol this cluster"
  Error error;
  std::string hint;  // empty: one that fits the code
};

// What to do where the state directory may hold no identity yet; "" for another failure.
std::string EnrolHint(const Error& error);

// With a hint in any case where there is one. Pure.
wire::ErrorBody BodyOf(const Failure& failure);

// The text on stderr, or the JSON on stdout. Returns the exit code.
int PrintFailure(const Failure& failure, bool json);

}  // namespace dunlin::app
