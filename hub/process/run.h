// A child process from start to end: input in, output out.
#pragma once

#include "hub/process/child.h"
#include "protocol/base/limits.h"

namespace dunlin::process {

struct RunResult {
  Bytes output;
  std::string error_text;
  ExitStatus status;
};

struct RunLimits {
  Millis deadline{10'000};
  size_t output_bytes = limits::kChildOutputBytes;
};

// Writes `input`, closes stdin, reads everything, waits. kTimeout: killed at the deadline; kLimit:
// killed at the output's limit; else as Child. An exit status other than 0 is a result.
Task<RunResult> Run(Command command, Bytes input = {}, RunLimits limits = {});

}  // namespace dunlin::process
