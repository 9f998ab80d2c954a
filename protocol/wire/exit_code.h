// How Dunlin's programs end. Scripts depend on these numbers: they never change their meaning.
#pragma once

#include <span>
#include <string>

#include "protocol/base/result.h"

namespace dunlin::wire {

struct ExitCodeMeaning {
  int code;
  const char* meaning;
};

// Every code, in rising order. The offline engine (`dunlin-agent merge`) has its own.
std::span<const ExitCodeMeaning> ExitCodes();

// Some of it was done and some failed: no single Errc says that.
inline constexpr int kPartialExit = 7;

// The code of a failure. kIo is a failure of this machine's own files, so it is 2, not 5.
int ExitCode(Errc code);

// "Exit codes: 0 ok, 1 …": one line, for the end of --help. The other: one code a line.
std::string ExitCodeLine();
std::string ExitCodeTable();

}  // namespace dunlin::wire
