#include "agent/app/output.h"

#include <cstdio>

#include "protocol/base/check.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

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
    default:
      return 2;
  }
}

std::string DocumentText(const object::Value& document, Output output) {
  CHECK(output != Output::kTable);
  if (output == Output::kYaml) return yaml::ToYaml(document);
  return object::CanonicalJson(document) + "\n";
}

std::string FailureText(const Failure& failure) {
  std::string out = "error: " + failure.what + "\n  cause: " + failure.error.message + "\n";
  const std::string hint = HintOf(failure);
  if (!hint.empty()) out += "  hint: " + hint + "\n";
  return out;
}

std::string FailureJson(const Failure& failure) {
  const object::Object body{{"cause", failure.error.message},
                            {"code", Name(failure.error.code)},
                            {"hint", HintOf(failure)},
                            {"message", failure.what}};
  return object::CanonicalJson(object::Object{{"error", body}}) + "\n";
}

int PrintFailure(const Failure& failure, bool json) {
  if (json) {
    std::fputs(FailureJson(failure).c_str(), stdout);
  } else {
    std::fputs(FailureText(failure).c_str(), stderr);
  }
  return ExitCode(failure.error.code);
}

}  // namespace dunlin::app
