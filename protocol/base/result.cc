#include "protocol/base/result.h"

namespace dunlin {

std::string_view Name(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid_argument";
    case Errc::kCorrupt:
      return "corrupt";
    case Errc::kSignature:
      return "signature";
    case Errc::kExpired:
      return "expired";
    case Errc::kRollback:
      return "rollback";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kLimit:
      return "limit";
    case Errc::kNotFound:
      return "not_found";
    case Errc::kConflict:
      return "conflict";
    case Errc::kPermission:
      return "permission";
    case Errc::kUnauthenticated:
      return "unauthenticated";
    case Errc::kPrecondition:
      return "precondition";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kTimeout:
      return "timeout";
    case Errc::kCancelled:
      return "cancelled";
    case Errc::kIo:
      return "io";
    case Errc::kInternal:
      return "internal";
  }
  return "internal";
}

bool IsRetryable(Errc code) {
  return code == Errc::kUnavailable || code == Errc::kTimeout || code == Errc::kConflict ||
         code == Errc::kIo;
}

}  // namespace dunlin
