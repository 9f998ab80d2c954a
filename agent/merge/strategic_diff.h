// Creates strategic patches in upstream's manner (merge.md section 4).
#pragma once

#include "agent/merge/go_values.h"
#include "agent/merge/schema.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

struct DiffOptions {
  bool ignore_changes_and_additions = false;
  bool ignore_deletions = false;
  bool set_element_order = false;
  bool build_retain_keys = false;
};

// Patch metadata of one field, looked up as upstream does for a map or for a list.
struct PatchMeta {
  bool known = false;  // false: "unable to find api field"
  bool bad_strategy = false;
  bool retain_keys = false;
  Strategy strategy = Strategy::kNone;
  std::string_view merge_key;
  TypeId child = kEmptyType;
};
PatchMeta LookupMap(const Schema& schema, TypeId type, std::string_view key);
PatchMeta LookupList(const Schema& schema, TypeId type, std::string_view key);

class StrategicDiff {
 public:
  explicit StrategicDiff(const Schema& schema) : schema_(schema) {}

  Result<object::Object> Maps(const object::Object& original, const object::Object& modified,
                              TypeId type, DiffOptions options);

 private:
  struct Lists {
    object::Array patch, deletions, order;
  };

  Status Member(std::string_view key, const object::Value& original, const object::Value& modified,
                TypeId type, DiffOptions options, object::Object& patch);
  Status MapMember(std::string_view key, const object::Object& original,
                   const object::Object& modified, TypeId type, DiffOptions options,
                   object::Object& patch);
  Status ListMember(std::string_view key, const object::Array& original,
                    const object::Array& modified, TypeId type, DiffOptions options,
                    object::Object& patch);
  Result<Lists> MergeLists(const object::Array& original, const object::Array& modified,
                           const PatchMeta& meta, DiffOptions options);
  Result<Lists> ListsOfMaps(const object::Array& original, const object::Array& modified,
                            const PatchMeta& meta, DiffOptions options);
  Lists ListsOfScalars(const object::Array& original, const object::Array& modified,
                       DiffOptions options);

  const Schema& schema_;
  PathStack path_;
};

// Puts the elements of `items` into the order of `order` (normalizeSliceOrder); elements with
// `$patch: delete` go last.
Result<object::Array> OrderLike(object::Array items, const object::Array& order,
                                std::string_view merge_key, JsonType type,
                                std::string_view pointer);

Error NoMergeKey(std::string_view pointer, std::string_view merge_key);
Error UnknownField(std::string_view pointer);
Error BadStrategy(std::string_view pointer);

}  // namespace dunlin::merge
