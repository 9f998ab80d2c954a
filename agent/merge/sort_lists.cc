#include "agent/merge/apply.h"
#include "agent/merge/strategic_diff.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

// sortMergeListsByNameMap and …Array of upstream.
class ListSorter {
 public:
  explicit ListSorter(const Schema& schema) : schema_(schema) {}

  Result<Object> Map(const Object& map, TypeId type) {
    Object sorted;
    for (const auto& member : map) {
      const std::string_view key = member.key();
      const PathStack::Step step(path_, key);
      TRY(sorted[key], Member(key, member.value(), type));
    }
    return sorted;
  }

 private:
  Result<Value> Member(std::string_view key, const Value& value, TypeId type) {
    const auto has_prefix = [&](std::string_view prefix) {
      return key.substr(0, prefix.size()) == prefix;
    };
    if (key == kRetainKeysDirective || has_prefix(kDeleteFromPrimitiveList)) {
      if (!value.is_array()) return NoList();
      return Value(ByText(value.get_array(), {}));
    }
    if (has_prefix(kSetElementOrder)) {
      if (!value.is_array()) return NoList();
      return value;
    }
    if (key == kDirective || !value.is_structured()) return value;
    const PatchMeta meta =
        value.is_object() ? LookupMap(schema_, type, key) : LookupList(schema_, type, key);
    if (!meta.known) return UnknownField(path_.Pointer());
    if (value.is_object()) {
      TRY(Object sorted, Map(value.get_object(), meta.child));
      return Value(std::move(sorted));
    }
    if (meta.bad_strategy) return BadStrategy(path_.Pointer());
    if (meta.strategy != Strategy::kMerge) return value;
    TRY(Array sorted, List(value.get_array(), meta));
    return Value(std::move(sorted));
  }

  Result<Array> List(const Array& list, const PatchMeta& meta) {
    if (list.empty()) return list;
    TRY(const JsonType type, ElementType(list, Array(), path_.Pointer()));
    if (type != JsonType::kMap) {
      Array unique = list;
      DeduplicateScalars(unique);
      return ByText(unique, {});
    }
    Array sorted;
    for (size_t i = 0; i < list.size(); ++i) {
      const PathStack::Step step(path_, i);
      TRY(Object element, Map(list[i].get_object(), meta.child));
      sorted.emplace_back(std::move(element));
    }
    return ByText(sorted, meta.merge_key);
  }

  static Array ByText(const Array& list, std::string_view merge_key) {
    std::vector<std::string> texts;
    for (const Value& element : list) {
      const Value* key =
          element.is_object() ? element.get_object().if_contains(merge_key) : &element;
      texts.push_back(key != nullptr ? GoText(*key) : "<nil>");
    }
    Array sorted;
    for (const size_t index : SortedByText(texts)) sorted.push_back(list[index]);
    return sorted;
  }

  Error NoList() const {
    return MakeMergeError(ErrorClass::kBadPatchFormat, path_.Pointer(), "the directive is no list");
  }

  const Schema& schema_;
  PathStack path_;
};

}  // namespace

Result<Value> SortLists(const Value& object, SchemaRef schema) {
  if (!object.is_object()) {
    return MakeMergeError(ErrorClass::kBadJson, "", "the document is not a JSON object");
  }
  if (!schema) {
    return MakeMergeError(ErrorClass::kBadRequest, "", "sorting lists needs a schema");
  }
  TRY(Object sorted, ListSorter(*schema.schema).Map(object.get_object(), schema.type));
  return Value(std::move(sorted));
}

}  // namespace dunlin::merge
