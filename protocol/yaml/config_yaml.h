// Our own configuration files and kubeconfigs: YAML text to the object model, and back for people
// (`-o yaml`). Manifests and the catalogue never come here: the render worker reads those with the
// upstream library (design D15a).
//
// The dialect is the part of YAML 1.2 on which every reader agrees:
//   * one document; maps with text keys; block or flow style; comments; UTF-8, with or without BOM.
//   * plain true, false, null, ~, an empty value and integers (JSON's spelling, within int64 or
//     uint64) are typed. Everything else is text, so `version: 1.10`, `on`, `0600`, `1e3` and
//     `12:30` stay as written; what is quoted or in a block scalar is always text.
//   * refused, naming the line: duplicate keys, anchors and aliases, tags, merge keys, directives,
//     control characters, a second document.
// Limits: limits::kConfigBytes, limits::kConfigDepth.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::yaml {

// Of an empty text: null. kInvalidArgument ("line 7: …") or kLimit.
Result<object::Value> ParseConfig(std::string_view text);

// Block style, keys sorted bytewise, ends with a newline. A string is quoted whenever a reader of
// YAML 1.1 or 1.2 could take it for something else; text of several lines is a literal block where
// that is exact. ParseConfig() gives the value back, but for doubles, which it reads as text.
// REQUIRES: strings are UTF-8.
std::string ToYaml(const object::Value& value);

}  // namespace dunlin::yaml
