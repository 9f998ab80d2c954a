#include "agent/merge/apply.h"

#include <algorithm>

#include "agent/merge/json_merge.h"
#include "agent/merge/overlap.h"
#include "agent/merge/strategic_apply.h"
#include "agent/merge/strategic_diff.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

Status RequireObjects(std::initializer_list<const Value*> documents) {
  for (const Value* document : documents) {
    if (!document->is_object()) {
      return MakeMergeError(ErrorClass::kBadJson, "", "the document is not a JSON object");
    }
  }
  return {};
}

Status RequireSchema(SchemaRef schema) {
  if (schema) return {};
  return MakeMergeError(ErrorClass::kBadRequest, "", "a strategic patch needs a schema");
}

bool HasUint64(const Value& value) {
  if (value.is_object()) {
    return std::any_of(value.get_object().begin(), value.get_object().end(),
                       [](const auto& member) { return HasUint64(member.value()); });
  }
  if (value.is_array()) {
    return std::any_of(value.get_array().begin(), value.get_array().end(), HasUint64);
  }
  return value.is_uint64();
}

// A document with Go's number types: a copy only when it has numbers that Go cannot hold.
class GoDocument {
 public:
  explicit GoDocument(const Value& document) : view_(&document) {
    if (!HasUint64(document)) return;
    copy_ = document;
    ToGoNumbers(copy_);
    view_ = &copy_;
  }
  GoDocument(const GoDocument&) = delete;
  GoDocument& operator=(const GoDocument&) = delete;
  const Object& operator*() const { return view_->get_object(); }

 private:
  Value copy_;
  const Value* view_;
};

// An error counts only when there is no conflict: either ends upstream's walk.
Result<std::vector<std::string>> FindConflicts(const Object& patch, const Object& changed,
                                               SchemaRef schema) {
  Overlap overlap(*schema.schema);
  Status status = overlap.Maps(patch, changed, schema.type);
  std::vector<std::string> conflicts = overlap.conflicts();
  if (!status && conflicts.empty()) return std::move(status).error();
  return conflicts;
}

}  // namespace

Result<Value> Apply(const Value& current, const Value& patch, PatchType type, SchemaRef schema) {
  if (type == PatchType::kJson) return JsonPatch(current, patch);
  TRY_VOID(RequireObjects({&current, &patch}));
  if (type == PatchType::kMerge) return JsonMerge(current, patch);
  TRY_VOID(RequireSchema(schema));
  StrategicApply apply(*schema.schema, StrategicApply::Mode::kServer);
  TRY(Object result, apply.Maps(*GoDocument(current), *GoDocument(patch), schema.type));
  return Value(std::move(result));
}

Result<Value> Diff2(const Value& original, const Value& modified, SchemaRef schema) {
  TRY_VOID(RequireObjects({&original, &modified}));
  TRY_VOID(RequireSchema(schema));
  DiffOptions options;
  options.set_element_order = true;
  const GoDocument o(original);
  const GoDocument m(modified);
  TRY(Object patch, StrategicDiff(*schema.schema).Maps(*o, *m, schema.type, options));
  return Value(std::move(patch));
}

Result<ThreeWay> StrategicThreeWay(const Value& original, const Value& modified,
                                   const Value& current, SchemaRef schema, bool overwrite) {
  TRY_VOID(RequireObjects({&original, &modified, &current}));
  TRY_VOID(RequireSchema(schema));
  const GoDocument o(original);
  const GoDocument m(modified);
  const GoDocument c(current);
  DiffOptions delta_options;
  delta_options.set_element_order = true;
  delta_options.ignore_deletions = true;
  TRY(Object delta, StrategicDiff(*schema.schema).Maps(*c, *m, schema.type, delta_options));
  DiffOptions deletion_options;
  deletion_options.set_element_order = true;
  deletion_options.ignore_changes_and_additions = true;
  TRY(Object deletions, StrategicDiff(*schema.schema).Maps(*o, *m, schema.type, deletion_options));
  StrategicApply build(*schema.schema, StrategicApply::Mode::kBuild);
  TRY(Object patch, build.Maps(std::move(deletions), std::move(delta), schema.type));
  ThreeWay result;
  if (!overwrite) {
    TRY(Object changed, StrategicDiff(*schema.schema).Maps(*o, *c, schema.type, DiffOptions{}));
    TRY(result.conflicts, FindConflicts(patch, changed, schema));
  }
  result.patch = std::move(patch);
  return result;
}

Result<std::vector<std::string>> Conflicts(const Value& patch, const Value& original,
                                           const Value& current, SchemaRef schema) {
  TRY_VOID(RequireObjects({&patch, &original, &current}));
  TRY_VOID(RequireSchema(schema));
  const GoDocument o(original);
  const GoDocument c(current);
  TRY(Object changed, StrategicDiff(*schema.schema).Maps(*o, *c, schema.type, DiffOptions{}));
  return FindConflicts(patch.get_object(), changed, schema);
}

}  // namespace dunlin::merge
