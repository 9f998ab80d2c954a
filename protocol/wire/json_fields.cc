#include "protocol/wire/json_fields.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::wire {

namespace {

Error Wrong(std::string_view field, std::string_view expected) {
  return MakeError(Errc::kInvalidArgument,
                   "field " + std::string(field) + ": expected " + std::string(expected));
}

const object::Value* Member(const object::Object& object, std::string_view field) {
  const object::Value* value = object.if_contains({field.data(), field.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<int64_t> AsInt(const object::Value& value, std::string_view field) {
  if (!value.is_int64()) return Wrong(field, "an integer");
  return value.as_int64();
}

Result<std::string> AsString(const object::Value& value, std::string_view field) {
  if (!value.is_string()) return Wrong(field, "a string");
  return std::string(object::View(value.as_string()));
}

}  // namespace

Result<object::Object> ParseMessage(BytesView json, size_t max_bytes, std::string_view what) {
  const object::ParseOptions options{.max_depth = limits::kMessageDepth, .max_bytes = max_bytes};
  auto parsed = object::ParseJson(json, options);
  if (!parsed) return Result<object::Object>(std::move(parsed).error()).WithContext(what);
  if (!parsed->is_object()) {
    return MakeError(Errc::kInvalidArgument, std::string(what) + ": expected a JSON object");
  }
  return std::move(parsed->as_object());
}

Result<std::string> NeedString(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr) return Wrong(field, "a string, and it is missing");
  return AsString(*value, field);
}

Result<int64_t> NeedInt(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr) return Wrong(field, "an integer, and it is missing");
  return AsInt(*value, field);
}

Result<Bytes> NeedBase64(const object::Object& object, std::string_view field) {
  TRY(const std::string text, NeedString(object, field));
  return Base64Decode(text).WithContext("field " + std::string(field));
}

Result<Digest> NeedDigest(const object::Object& object, std::string_view field) {
  TRY(const std::string text, NeedString(object, field));
  return Digest::FromHex(text).WithContext("field " + std::string(field));
}

Result<std::string> GetString(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr) return std::string();
  return AsString(*value, field);
}

Result<int64_t> GetInt(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr) return int64_t{0};
  return AsInt(*value, field);
}

Result<TimePoint> GetMillis(const object::Object& object, std::string_view field) {
  TRY(const int64_t ms, GetInt(object, field));
  return TimePoint(Millis(ms));
}

Result<std::vector<std::string>> GetStrings(const object::Object& object, std::string_view field) {
  std::vector<std::string> out;
  const object::Value* value = Member(object, field);
  if (value == nullptr) return out;
  if (!value->is_array()) return Wrong(field, "an array of strings");
  out.reserve(value->as_array().size());
  for (const object::Value& element : value->as_array()) {
    TRY(std::string text, AsString(element, field));
    out.push_back(std::move(text));
  }
  return out;
}

Result<std::vector<Digest>> GetDigests(const object::Object& object, std::string_view field) {
  TRY(const std::vector<std::string> texts, GetStrings(object, field));
  std::vector<Digest> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) {
    TRY(const Digest digest, Digest::FromHex(text).WithContext("field " + std::string(field)));
    out.push_back(digest);
  }
  return out;
}

Result<object::Object> GetObject(const object::Object& object, std::string_view field) {
  const object::Value* value = Member(object, field);
  if (value == nullptr) return object::Object();
  if (!value->is_object()) return Wrong(field, "an object");
  return value->as_object();
}

Result<std::vector<object::Object>> GetObjects(const object::Object& object,
                                               std::string_view field) {
  std::vector<object::Object> out;
  const object::Value* value = Member(object, field);
  if (value == nullptr) return out;
  if (!value->is_array()) return Wrong(field, "an array of objects");
  out.reserve(value->as_array().size());
  for (const object::Value& element : value->as_array()) {
    if (!element.is_object()) return Wrong(field, "an array of objects");
    out.push_back(element.as_object());
  }
  return out;
}

object::Array ToArray(const std::vector<std::string>& texts) {
  object::Array out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

object::Array ToArray(const std::vector<Digest>& digests) {
  object::Array out;
  out.reserve(digests.size());
  for (const Digest& digest : digests) out.emplace_back(digest.Hex());
  return out;
}

}  // namespace dunlin::wire
