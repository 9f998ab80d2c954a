// JSON pointers (RFC 6901), compiled once and followed many times.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::healthrule {

struct Pointer {
  std::vector<std::string> steps;  // unescaped; none: the whole value
  bool operator==(const Pointer&) const = default;
};

// "" or "/status/conditions/0/type"; "~1" is '/', "~0" is '~'. kInvalidArgument for anything else.
Result<Pointer> ParsePointer(std::string_view text);

// Null when a step leads nowhere. A JSON null counts as nothing: Kubernetes drops nulls.
const object::Value* Follow(const Pointer& pointer, const object::Value& from);

}  // namespace dunlin::healthrule
