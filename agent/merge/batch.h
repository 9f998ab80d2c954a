// The offline protocol of merge.md 8.3: one JSON request a line, one JSON answer a line. A pure
// function; the program around it reads files and resolves schema names. The Go oracle in
// tests/oracle speaks the same protocol.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/merge/schema.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

// Resolves the `schema` or `gvk` member of a request. The Schema lives as long as the batch.
struct SchemaQuery {
  std::string file;  // schema.file
  std::string type;  // schema.type: a component name
  std::string gvk;   // "G/V/K"
};
struct ResolvedSchema {
  SchemaRef ref;
  bool strategic = true;
};
using SchemaSource = std::function<Result<ResolvedSchema>(const SchemaQuery&)>;
// The rules of op `health` live above this module: (object, now as RFC 3339 or empty) → {status,
// reason, message}.
using HealthRule = std::function<Result<object::Value>(const object::Value&, std::string_view)>;

// Never fails: a bad line is an answer with an error. No trailing newline. Without a health rule,
// op `health` is answered with BadRequest.
std::string AnswerLine(std::string_view line, const SchemaSource& schemas,
                       const HealthRule& health = nullptr);

}  // namespace dunlin::merge
