#include "agent/app/output.h"

#include "protocol/wire/exit_code.h"

namespace dunlin::app {

namespace {

// Messages say what to do where it depends on the case; this is what is always worth trying.
std::string HintFor(Errc code) {
  switch (code) {
    case Errc::kUnavailable:
    case Errc::kTimeout:
      return "check that the address is right and reachable from this machine";
    case Errc::kUnauthenticated:
    case Errc::kExpired:
      return "make a new token on the hub: dunlin cluster add NAME";
    case Errc::kPermission:
      return "check the account that the kubeconfig names and the owner of the state directory";
    case Errc::kIo:
      return "check free space and rights of the state directory";
    default:
      return "";
  }
}

std::string HintOf(const Failure& failure) {
  return failure.hint.empty() ? HintFor(failure.error.code) : failure.hint;
}

}  // namespace

std::string EnrolHint(const Error& error) {
  if (error.code != Errc::kPrecondition) return "";
  return "enrol this cluster first; dunlin cluster add NAME on the hub prints the command";
}

wire::ErrorBody BodyOf(const Failure& failure) {
  return wire::BodyOf(failure.what, failure.error, HintOf(failure));
}

int PrintFailure(const Failure& failure, bool json) {
  cli::PrintError(BodyOf(failure), json ? Output::kJson : Output::kTable);
  return wire::ExitCode(failure.error.code);
}

}  // namespace dunlin::app
