#include "protocol/trust/document_fields.h"

#include <algorithm>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/trust/documents.h"

namespace dunlin::trust {

namespace {

Error Missing(std::string_view field, std::string_view kind) {
  return MakeError(Errc::kCorrupt,
                   "field \"" + std::string(field) + "\" is missing or not " + std::string(kind));
}

Error Unfit(std::string_view field, std::string_view why) {
  return MakeError(Errc::kInvalidArgument,
                   "field \"" + std::string(field) + "\" " + std::string(why));
}

const object::Value* Member(const object::Object& object, std::string_view field) {
  return object.if_contains({field.data(), field.size()});
}

}  // namespace

Result<object::Object> ParseDocument(BytesView bytes, size_t max_bytes, std::string_view type,
                                     int64_t version) {
  const object::ParseOptions options{.max_depth = limits::kTrustDocumentDepth,
                                     .max_bytes = max_bytes};
  TRY(object::Value document, object::ParseJson(bytes, options));
  object::Object* members = document.if_object();
  if (members == nullptr) return MakeError(Errc::kCorrupt, "not a JSON object");
  TRY(const std::string actual, NeedText(*members, "_type"));
  if (actual != type) {
    return MakeError(Errc::kCorrupt,
                     "a document of type \"" + actual + "\", not \"" + std::string(type) + "\"");
  }
  TRY(const int64_t number, NeedInt(*members, "version"));
  if (version != 0 && number != version) {
    return MakeError(Errc::kUnsupported,
                     "version " + std::to_string(number) + " is not known here; update this side");
  }
  return std::move(*members);
}

Result<std::string> NeedText(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr || !value->is_string()) return Missing(field, "text");
  return std::string(object::View(value->get_string()));
}

Result<int64_t> NeedInt(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr || !value->is_int64()) return Missing(field, "an integer");
  return value->get_int64();
}

Result<bool> NeedBool(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr || !value->is_bool()) return Missing(field, "a boolean");
  return value->get_bool();
}

Result<Digest> NeedDigest(const object::Object& object, std::string_view field) {
  TRY(const std::string hex, NeedText(object, field));
  auto digest = Digest::FromHex(hex);
  if (!digest) return Missing(field, "a SHA-256 in hex");
  return *digest;
}

Result<TimePoint> NeedTime(const object::Object& object, std::string_view field) {
  TRY(const std::string text, NeedText(object, field));
  auto time = ParseTime(text);
  if (!time) return Missing(field, "a time");
  return *time;
}

Result<object::Object> NeedObject(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr || !value->is_object()) return Missing(field, "an object");
  return value->get_object();
}

Result<object::Array> NeedArray(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr || !value->is_array()) return Missing(field, "a list");
  return value->get_array();
}

Status CheckText(std::string_view text, std::string_view field) {
  const bool fit = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && std::string_view("\"\\<>&").find(c) == std::string_view::npos;
  });
  if (fit) return {};
  return Unfit(field, "holds a character that a signed document must not hold");
}

Status CheckName(std::string_view text, std::string_view field) {
  if (text.empty()) return Unfit(field, "is empty");
  return CheckText(text, field);
}

Status CheckNumber(int64_t n, int64_t least, std::string_view field) {
  if (n >= least && n <= kMaxSequence) return {};
  return Unfit(field, "is out of range: " + std::to_string(n));
}

Status CheckTime(TimePoint time, std::string_view field) {
  constexpr TimePoint kEnd = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  if (time >= TimePoint{} && time < kEnd) return {};
  return Unfit(field, "is not between the years 1970 and 9999");
}

Result<Bytes> WriteDocument(const object::Object& document, size_t max_bytes) {
  Bytes out = object::CanonicalJson(document);
  if (out.size() <= max_bytes) return out;
  return MakeError(Errc::kLimit, "a document of " + std::to_string(out.size()) + " bytes exceeds " +
                                     std::to_string(max_bytes));
}

Status CheckCanonical(const Result<Bytes>& written, BytesView read) {
  if (!written) return MakeError(Errc::kCorrupt, written.error().message);
  if (*written == read) return {};
  return MakeError(Errc::kCorrupt,
                   "not the canonical form, or with fields that are not known here");
}

}  // namespace dunlin::trust
