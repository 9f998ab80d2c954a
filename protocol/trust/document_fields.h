// Internal to protocol/trust: reading and checking the fields of a signed document. Every failure
// names the field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::trust {

// The members of a document of `type` and, where it is not 0, of `version`. Size, depth, duplicate
// keys and the two named fields are checked here; kLimit, kCorrupt or kUnsupported.
Result<object::Object> ParseDocument(BytesView bytes, size_t max_bytes, std::string_view type,
                                     int64_t version);

Result<std::string> NeedText(const object::Object& object, std::string_view field);
Result<int64_t> NeedInt(const object::Object& object, std::string_view field);
Result<bool> NeedBool(const object::Object& object, std::string_view field);
Result<Digest> NeedDigest(const object::Object& object, std::string_view field);
Result<TimePoint> NeedTime(const object::Object& object, std::string_view field);
Result<object::Object> NeedObject(const object::Object& object, std::string_view field);
Result<object::Array> NeedArray(const object::Object& object, std::string_view field);

// What may stand in a document: kInvalidArgument otherwise.
Status CheckText(std::string_view text, std::string_view field);       // [ -~] without " \ < > &
Status CheckName(std::string_view text, std::string_view field);       // the same, not empty
Status CheckNumber(int64_t n, int64_t least, std::string_view field);  // at most kMaxSequence
Status CheckTime(TimePoint time, std::string_view field);              // 1970 to 9999

// The document's bytes, or kLimit above max_bytes.
Result<Bytes> WriteDocument(const object::Object& document, size_t max_bytes);
// kCorrupt unless `written` (what Serialize gave for the parsed document) is what was read.
Status CheckCanonical(const Result<Bytes>& written, BytesView read);

}  // namespace dunlin::trust
