#include "agent/kube/status.h"

#include <algorithm>
#include <charconv>

#include "protocol/object/json.h"

namespace dunlin::kube {

namespace {

// More than any apiserver asks for; keeps a hostile value from stalling an object for ever.
constexpr int64_t kLongestRetryAfterSeconds = 300;

Millis SecondsToWait(int64_t seconds) {
  return Seconds(std::clamp<int64_t>(seconds, 0, kLongestRetryAfterSeconds));
}

std::vector<sync::ApiFailure::Cause> CausesOf(const object::Value& status) {
  std::vector<sync::ApiFailure::Cause> out;
  const object::Array* causes = object::FindArray(status, {"details", "causes"});
  if (causes == nullptr) return out;
  for (const object::Value& cause : *causes) {
    out.push_back({std::string(object::FindString(cause, {"reason"})),
                   std::string(object::FindString(cause, {"field"})),
                   std::string(object::FindString(cause, {"message"}))});
  }
  return out;
}

}  // namespace

Errc CodeOfHttp(int http) {
  switch (http) {
    case 401:
      return Errc::kUnauthenticated;
    case 403:
      return Errc::kPermission;
    case 404:
    case 410:
      return Errc::kNotFound;
    case 409:
      return Errc::kConflict;
    case 413:
      return Errc::kLimit;
    case 405:
    case 406:
    case 415:
      return Errc::kUnsupported;
    case 504:
      return Errc::kTimeout;
    default:
      break;
  }
  if (http == 429 || http >= 500) return Errc::kUnavailable;
  return http >= 400 ? Errc::kInvalidArgument : Errc::kInternal;
}

sync::ApiFailure FailureFromStatus(const object::Value& status, int http) {
  sync::ApiFailure out;
  out.http = http;
  if (object::FindString(status, {"kind"}) == "Status") {
    if (http == 0) out.http = static_cast<int>(object::FindInt(status, {"code"}).value_or(500));
    out.reason = object::FindString(status, {"reason"});
    out.message = object::FindString(status, {"message"});
    out.causes = CausesOf(status);
    out.retry_after =
        SecondsToWait(object::FindInt(status, {"details", "retryAfterSeconds"}).value_or(0));
  } else if (http == 0) {
    out.http = 500;
  }
  out.code = CodeOfHttp(out.http);
  if (out.message.empty()) {
    out.message = "the apiserver answered " + std::to_string(out.http);
    if (!out.reason.empty()) out.message += " (" + out.reason + ")";
  }
  return out;
}

sync::ApiFailure FailureFromBody(BytesView body, int http, std::string_view retry_after) {
  auto parsed = object::ParseJson(body);
  sync::ApiFailure out = FailureFromStatus(parsed ? *parsed : object::Value(), http);
  int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  if (error == std::errc() && end == retry_after.data() + retry_after.size() && seconds > 0) {
    out.retry_after = SecondsToWait(seconds);
  }
  return out;
}

std::string WarningText(std::string_view header) {
  // warn-code SP warn-agent SP quoted-string (RFC 7234, 5.5); the apiserver writes agent "-".
  if (header.substr(0, 4) != "299 ") return {};
  const size_t open = header.find('"');
  if (open == std::string_view::npos) return {};
  std::string out;
  for (size_t i = open + 1; i < header.size() && header[i] != '"'; ++i) {
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    out.push_back(header[i]);
  }
  return out;
}

}  // namespace dunlin::kube
