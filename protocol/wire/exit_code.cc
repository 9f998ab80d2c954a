#include "protocol/wire/exit_code.h"

namespace dunlin::wire {

namespace {

constexpr ExitCodeMeaning kExitCodes[] = {
    {0, "ok"},
    {1, "the answer is no (a difference, a failed check)"},
    {2, "usage or general failure"},
    {3, "timed out"},
    {4, "not authenticated or denied"},
    {5, "hub or apiserver unreachable"},
    {6, "conflict, frozen or precondition"},
    {kPartialExit, "partial (some clusters or objects failed)"},
    {130, "interrupted"},
};

}  // namespace

std::span<const ExitCodeMeaning> ExitCodes() { return kExitCodes; }

int ExitCode(Errc code) {
  switch (code) {
    case Errc::kTimeout:
      return 3;
    case Errc::kPermission:
    case Errc::kUnauthenticated:
    case Errc::kSignature:
    case Errc::kExpired:
      return 4;
    case Errc::kUnavailable:
      return 5;
    case Errc::kConflict:
    case Errc::kPrecondition:
    case Errc::kRollback:
      return 6;
    case Errc::kCancelled:
      return 130;
    case Errc::kInvalidArgument:
    case Errc::kCorrupt:
    case Errc::kUnsupported:
    case Errc::kLimit:
    case Errc::kNotFound:
    case Errc::kIo:
    case Errc::kInternal:
      return 2;
  }
  return 2;
}

std::string ExitCodeLine() {
  std::string out = "Exit codes: ";
  for (const ExitCodeMeaning& row : kExitCodes) {
    if (&row != kExitCodes) out += "; ";
    out += std::to_string(row.code) + " " + row.meaning;
  }
  return out + ".";
}

std::string ExitCodeTable() {
  std::string out;
  for (const ExitCodeMeaning& row : kExitCodes) {
    const std::string code = std::to_string(row.code);
    out += code + std::string(5 - code.size(), ' ') + row.meaning + "\n";
  }
  return out;
}

}  // namespace dunlin::wire
