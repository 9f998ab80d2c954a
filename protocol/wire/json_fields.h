// Reading the fields of a message: each getter is typed, and a failure names the field. Shared by
// the codecs of this module; not part of its interface to others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::wire {

// Parses a JSON object of at most max_bytes; `what` names the message in errors.
Result<object::Object> ParseMessage(BytesView json, size_t max_bytes, std::string_view what);

// A missing field is an error for Need…, the default for Get….
Result<std::string> NeedString(const object::Object& object, std::string_view field);
Result<int64_t> NeedInt(const object::Object& object, std::string_view field);
Result<Bytes> NeedBase64(const object::Object& object, std::string_view field);
Result<Digest> NeedDigest(const object::Object& object, std::string_view field);
Result<std::string> GetString(const object::Object& object, std::string_view field);
Result<int64_t> GetInt(const object::Object& object, std::string_view field);
Result<TimePoint> GetMillis(const object::Object& object, std::string_view field);  // ms since 1970
Result<std::vector<std::string>> GetStrings(const object::Object& object, std::string_view field);
Result<std::vector<Digest>> GetDigests(const object::Object& object, std::string_view field);
// The member as an object (empty when absent), or its elements, each an object.
Result<object::Object> GetObject(const object::Object& object, std::string_view field);
Result<std::vector<object::Object>> GetObjects(const object::Object& object,
                                               std::string_view field);

object::Array ToArray(const std::vector<std::string>& texts);
object::Array ToArray(const std::vector<Digest>& digests);

}  // namespace dunlin::wire
