// The native merge on hostile documents: no crash, and what is merged once has nothing left to
// merge. Input: three JSON documents, one a line: last (or something that is no JSON: never
// applied), desired, live. They are merged with a small schema that has every list strategy.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/merge/apply.h"
#include "agent/merge/drift.h"
#include "agent/merge/merge.h"
#include "protocol/object/json.h"

namespace {

using dunlin::Result;
using dunlin::object::Value;
namespace merge = dunlin::merge;

constexpr std::string_view kSchema = R"({"components":{"schemas":{
"Q.resource.Quantity":{},
"R":{"type":"object","properties":{
 "n":{"type":"string"},"c":{"type":"integer"},"q":{"$ref":"#/components/schemas/Q.resource.Quantity"},
 "i":{"format":"int-or-string"},"o":{"type":"object"},
 "f":{"type":"object","additionalProperties":{"type":"string"}},
 "r":{"$ref":"#/components/schemas/R"},
 "p":{"$ref":"#/components/schemas/R","x-kubernetes-patch-strategy":"replace"},
 "u":{"$ref":"#/components/schemas/R","x-kubernetes-patch-strategy":"retainKeys"},
 "m":{"items":{"$ref":"#/components/schemas/R"},"x-kubernetes-patch-strategy":"merge",
      "x-kubernetes-patch-merge-key":"n","x-kubernetes-list-type":"map",
      "x-kubernetes-list-map-keys":["n","i"]},
 "k":{"items":{"$ref":"#/components/schemas/R"},"x-kubernetes-patch-strategy":"merge,retainKeys",
      "x-kubernetes-patch-merge-key":"c"},
 "s":{"items":{"type":"string"},"x-kubernetes-patch-strategy":"merge","x-kubernetes-list-type":"set"},
 "a":{"items":{"$ref":"#/components/schemas/R"}}}}}}})";

std::string_view NextLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

// Lists with null or keyless elements are accepted while live has no such list, and cannot be
// merged afterwards: a server would have refused the object.
bool IsUnmergeable(const dunlin::Error& error) {
  const std::string error_class = merge::Split(error).error_class;
  return error_class != "BadJson" && error_class != "BadRequest";
}

void CheckIdempotent(merge::MergeInput input) {
  const Result<merge::MergeOutcome> once = merge::Merge(input);
  if (!once ||
      (once->kind != merge::MergeKind::kJsonMerge && once->kind != merge::MergeKind::kStrategic)) {
    return;
  }
  const auto type = once->kind == merge::MergeKind::kStrategic ? merge::PatchType::kStrategic
                                                               : merge::PatchType::kMerge;
  const Result<Value> applied = merge::Apply(*input.live, once->body, type, input.schema);
  if (!applied) return;  // directives inside desired: the server's answer is an error, too
  input.live = &*applied;
  const Result<merge::MergeOutcome> twice = merge::Merge(input);
  if (twice ? twice->kind == merge::MergeKind::kNone : IsUnmergeable(twice.error())) return;
  std::fprintf(
      stderr, "not idempotent: %s\nthen %s\n", dunlin::object::CanonicalJson(once->body).c_str(),
      twice ? dunlin::object::CanonicalJson(twice->body).c_str() : twice.error().message.c_str());
  std::abort();
}

bool HasDirective(const Value& value) {
  if (const auto* map = value.if_object(); map != nullptr) {
    for (const auto& member : *map) {
      if (member.key().starts_with('$') || HasDirective(member.value())) return true;
    }
  } else if (const auto* list = value.if_array(); list != nullptr) {
    for (const Value& element : *list) {
      if (HasDirective(element)) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  static const Result<merge::Schema> schema = merge::Schema::FromOpenApi(kSchema);
  if (!schema) std::abort();
  const Result<Value> last = dunlin::object::ParseJson(NextLine(rest));
  const Result<Value> desired = dunlin::object::ParseJson(NextLine(rest));
  const Result<Value> live = dunlin::object::ParseJson(NextLine(rest));
  if (!desired || !live) return 0;
  merge::MergeInput input;
  input.last = last ? &*last : nullptr;
  input.desired = &*desired;
  input.live = &*live;
  input.schema = {&*schema, *schema->Named("R")};
  for (const bool strategic : {false, true}) {
    input.strategic = strategic;
    (void)merge::Drift(input);
    input.compat = merge::Compat::kKubectl;
    (void)merge::Merge(input);
    input.compat = merge::Compat::kNative;
    // "$patch" in a manifest is a directive to the server; no promise is made about such documents.
    if (HasDirective(*desired) || HasDirective(*live)) {
      (void)merge::Merge(input);
    } else {
      CheckIdempotent(input);
    }
  }
  return 0;
}
