#include "agent/sync/api_answer.h"

namespace dunlin::sync {

namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool HasCause(const ApiFailure& failure, std::string_view reason) {
  for (const ApiFailure::Cause& cause : failure.causes) {
    if (cause.reason == reason) return true;
  }
  return false;
}

FailureAction JudgeNotFound(Verb verb) {
  switch (verb) {
    case Verb::kDelete:
      return FailureAction::kDone;
    case Verb::kGet:
    case Verb::kPatch:
      return FailureAction::kRecreate;
    case Verb::kCreate:  // its namespace or CRD is not there yet
      return FailureAction::kRetry;
  }
  return FailureAction::kRetry;
}

}  // namespace

std::string_view Name(Verb verb) {
  switch (verb) {
    case Verb::kGet:
      return "get";
    case Verb::kCreate:
      return "create";
    case Verb::kPatch:
      return "patch";
    case Verb::kDelete:
      return "delete";
  }
  return "get";
}

bool IsImmutableField(const ApiFailure& failure) {
  return failure.http == 422 &&
         (Contains(failure.message, " immutable") || Contains(failure.message, "immutable field"));
}

FailureAction Judge(Verb verb, const ApiFailure& failure) {
  switch (failure.http) {
    case 0:
      return IsRetryable(failure.code) ? FailureAction::kRetry : FailureAction::kFail;
    case 403:  // quota and a namespace on its way out are 403, too
      return HasCause(failure, "NamespaceTerminating") ? FailureAction::kRetry
                                                       : FailureAction::kFail;
    case 404:
      return JudgeNotFound(verb);
    case 409:  // of a DELETE: its preconditions do not hold
      return FailureAction::kReread;
    case 415:
      return verb == Verb::kPatch ? FailureAction::kJsonMerge : FailureAction::kFail;
    case 429:
    case 503:
    case 504:
      return failure.retry_after > Millis(0) || failure.http == 429 ? FailureAction::kWait
                                                                    : FailureAction::kRetry;
    default:
      return failure.http >= 500 ? FailureAction::kRetry : FailureAction::kFail;
  }
}

std::string HintFor(const ApiFailure& failure) {
  if (IsImmutableField(failure)) {
    return "the field cannot change after creation: undo the change, or delete the live object so "
           "that it is created again";
  }
  switch (failure.http) {
    case 0:
      return "check that the apiserver is up and that the agent's kubeconfig points to it";
    case 401:
      return "the apiserver does not know the agent's credentials: renew the kubeconfig or the "
             "ServiceAccount token";
    case 403:
      if (Contains(failure.message, "because it is being terminated")) {
        return "its namespace is being deleted; it is made again once the namespace is gone, look "
               "for finalizers if that takes long";
      }
      return Contains(failure.message, "exceeded quota")
                 ? "raise the ResourceQuota of the namespace, or ask for less"
                 : "give the agent's account the right that the message names (RBAC)";
    case 404:
      return "its namespace or custom resource definition is missing: add it to the app, or let an "
             "app that this one depends on create it";
    case 413:
      return "the object is too large for the apiserver: split it";
    case 422:
    case 400:
      return "correct the manifest; the message names the field";
    case 429:
    case 503:
    case 504:
      return "the apiserver is overloaded or starting; the agent tries again by itself";
    default:
      return failure.http >= 500 ? "an admission webhook or the apiserver failed; the agent tries "
                                   "again by itself"
                                 : "";
  }
}

}  // namespace dunlin::sync
