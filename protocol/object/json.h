// JSON text <-> Value, with the rules that hashes and signatures depend on.
//
// Parser: duplicate keys, NaN/Infinity (also 1e400), invalid UTF-8, trailing bytes and nesting
// above max_depth are kCorrupt/kLimit errors that name the byte offset. Integers that fit int64 or
// uint64 are exact; other numbers are correctly rounded doubles (std::from_chars).
//
// Writer: the bytes of Go's encoding/json, which the render worker writes too: keys sorted
// bytewise, no white space, '<' '>' '&' U+2028 U+2029 as \u00XX escapes, shortest round-trip
// doubles. This is the canonical form that digests are made over.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/limits.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::object {

struct ParseOptions {
  int max_depth = limits::kMergeDocumentDepth;
  size_t max_bytes = limits::kMergeDocumentBytes;
};

Result<Value> ParseJson(std::string_view text, const ParseOptions& options = {});
std::string CanonicalJson(const Value& value);

}  // namespace dunlin::object
