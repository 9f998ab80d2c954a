#include "hub/pipeline/problem.h"

namespace dunlin::hub {

namespace {

std::string FetchHint(Errc code, const FailureContext& context) {
  switch (code) {
    case Errc::kNotFound:
      return "check spec.source.repo and spec.source.revision (" + context.revision +
             "), and that the repository is where it was";
    case Errc::kUnauthenticated:
      return "a private repository needs a Source: give that of " + context.repo +
             " valid credentials";
    case Errc::kPermission:
      return "for an address that the hub refuses: allow it in the hub's configuration "
             "(git.allowNetworks, git.localRoots); for a server that refuses the hub: give the "
             "Source of " +
             context.repo + " credentials that may read it";
    case Errc::kSignature:
      return "check the server's certificate or host key and the Source's caFile or "
             "knownHostsFile";
    case Errc::kInvalidArgument:
    case Errc::kUnsupported:
      return "correct spec.source of the App, or the files that the Source of " + context.repo +
             " names";
    case Errc::kLimit:
      return "the repository is larger than the hub allows; use a smaller one";
    default:
      return "the hub tries again by itself; `dunlin source refresh` tries now";
  }
}

std::string RenderHint(Errc code, const FailureContext& context) {
  const std::string path = context.path.empty() ? "the root of the repository" : context.path;
  switch (code) {
    case Errc::kNotFound:
      return "check spec.source.path (" + path + ") and the files it names";
    case Errc::kPrecondition:
      return "set sync.allowEmpty: true when nothing is what the app shall run";
    case Errc::kLimit:
      return "make the output of " + path + " smaller or split the app";
    case Errc::kUnavailable:
    case Errc::kTimeout:
    case Errc::kIo:
      return "the hub tries again by itself; `dunlin-hub doctor` checks the sandbox";
    default:
      return "correct " + path + "; `dunlin-hub render` shows the same error for a directory";
  }
}

}  // namespace

wire::Problem ProblemOf(const Error& error, const FailureContext& context) {
  wire::Problem problem;
  problem.code = context.fault.empty() ? std::string(Name(error.code)) : context.fault;
  switch (context.stage) {
    case Stage::kCatalogue:
      problem.message = error.message;
      problem.hint = "correct the App; `dunlin app get` shows how the hub reads it";
      break;
    case Stage::kFetch:
      problem.message =
          "cannot follow " + context.revision + " of " + context.repo + ": " + error.message;
      problem.hint = FetchHint(error.code, context);
      break;
    case Stage::kTree:
      problem.message = "cannot read the commit: " + error.message;
      problem.hint = RenderHint(error.code, context);
      break;
    case Stage::kRender:
    case Stage::kSeal:
      problem.message = error.message;
      problem.hint = RenderHint(error.code, context);
      break;
  }
  return problem;
}

}  // namespace dunlin::hub
