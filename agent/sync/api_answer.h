// What an apiserver said to one request, as a value that decisions can be made from. The shell
// (agent/kube) fills it, agent/sync judges it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::sync {

// A refused or lost request: metav1.Status (reason, message, details.causes,
// details.retryAfterSeconds) or the transport's error (http is 0).
struct ApiFailure {
  struct Cause {
    std::string reason;
    std::string field;
    std::string message;
    bool operator==(const Cause&) const = default;
  };
  int http = 0;
  Errc code = Errc::kInternal;
  std::string reason;   // "AlreadyExists", "Invalid"; empty for transport errors
  std::string message;  // for people
  std::vector<Cause> causes;
  Millis retry_after{0};  // Retry-After header or details.retryAfterSeconds; 0: not given
  bool operator==(const ApiFailure&) const = default;
};

struct ApiAnswer {
  std::optional<ApiFailure> failure;
  object::Value object;               // the object that a successful request answered with
  std::vector<std::string> warnings;  // texts of `Warning: 299` headers

  bool ok() const { return !failure.has_value(); }
};

// What to do with the object whose write failed (merge.md section 14, row Errors).
enum class FailureAction {
  kRetry,      // again with back-off; counts as a fast try
  kWait,       // again after retry_after; not counted, and the write window is halved
  kReread,     // GET the object, decide again at once
  kRecreate,   // the object is not there: decide again as absent
  kJsonMerge,  // the kind takes no strategic patch: decide again with JSON merge
  kDone,       // the wanted state holds already (404 on DELETE)
  kFail,       // retrying unchanged is useless: report, try again in the slow loop
};

// ApiFailure::reason of a parent object that somebody else made.
inline constexpr std::string_view kForeignParent = "ForeignParent";

enum class Verb { kGet, kCreate, kPatch, kDelete };
std::string_view Name(Verb verb);  // "get", "create", …

FailureAction Judge(Verb verb, const ApiFailure& failure);
// What a person should do about it; empty when there is nothing to say beyond the message.
std::string HintFor(const ApiFailure& failure);
// Whether the message is the one of a field that cannot be changed after creation.
bool IsImmutableField(const ApiFailure& failure);

}  // namespace dunlin::sync
