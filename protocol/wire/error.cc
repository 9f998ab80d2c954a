#include "protocol/wire/error.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::wire {

namespace {

std::string Line(std::string_view label, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return "";
  std::string out(label);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\n    ";
    } else if (c != '\t' && (byte < 0x20 || byte == 0x7f)) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out.push_back(c);
    }
  }
  return out + "\n";
}

}  // namespace

std::string ErrorBody::Docs() const { return code.empty() ? "" : "dunlin help " + code; }

ErrorBody BodyOf(std::string message, const Error& error, std::string hint) {
  return {std::string(Name(error.code)), std::move(message), error.message, std::move(hint)};
}

std::string ErrorText(const ErrorBody& error) {
  return Line("error: ", error.message) + Line("  cause: ", error.cause) +
         Line("  hint: ", error.hint) + Line("  docs: ", error.Docs());
}

object::Object ToObject(const ErrorBody& error) {
  return {{"cause", error.cause},
          {"code", error.code},
          {"docs", error.Docs()},
          {"hint", error.hint},
          {"message", error.message}};
}

Bytes Encode(const ErrorBody& error) {
  return object::CanonicalJson(object::Object{{"error", ToObject(error)}});
}

Result<ErrorBody> ParseErrorBody(BytesView json) {
  TRY(const object::Object message, ParseMessage(json, limits::kEnrollBytes, "error answer"));
  TRY(const object::Object error, GetObject(message, "error"));
  ErrorBody out;
  TRY(out.code, NeedString(error, "code"));
  TRY(out.message, NeedString(error, "message"));
  TRY(out.cause, GetString(error, "cause"));
  TRY(out.hint, GetString(error, "hint"));
  return out;
}

std::optional<Errc> ErrcOfName(std::string_view name) {
  for (int value = 0; value <= static_cast<int>(Errc::kInternal); ++value) {
    const auto code = static_cast<Errc>(value);
    if (Name(code) == name) return code;
  }
  return std::nullopt;
}

int HttpStatus(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
    case Errc::kCorrupt:
      return 400;
    case Errc::kUnauthenticated:
    case Errc::kSignature:
    case Errc::kExpired:
      return 401;
    case Errc::kPermission:
      return 403;
    case Errc::kNotFound:
      return 404;
    case Errc::kConflict:
    case Errc::kRollback:
      return 409;
    case Errc::kPrecondition:
      return 412;
    case Errc::kLimit:
      return 413;
    case Errc::kUnsupported:
      return 422;
    case Errc::kUnavailable:
    case Errc::kCancelled:
    case Errc::kIo:
      return 503;
    case Errc::kTimeout:
      return 504;
    case Errc::kInternal:
      return 500;
  }
  return 500;
}

Errc ErrcOfStatus(int status) {
  switch (status) {
    case 400:
      return Errc::kInvalidArgument;
    case 401:
      return Errc::kUnauthenticated;
    case 403:
      return Errc::kPermission;
    case 404:
      return Errc::kNotFound;
    case 409:
      return Errc::kConflict;
    case 412:
      return Errc::kPrecondition;
    case 413:
      return Errc::kLimit;
    case 422:
      return Errc::kUnsupported;
    case 429:
    case 503:
      return Errc::kUnavailable;
    case 504:
      return Errc::kTimeout;
    default:
      return Errc::kInternal;
  }
}

}  // namespace dunlin::wire
