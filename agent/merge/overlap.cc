#include "agent/merge/overlap.h"

#include <algorithm>

namespace dunlin::merge {

using object::Array;
using object::Object;
using object::Value;

Status Overlap::Maps(const Object& left, const Object& right, TypeId type) {
  for (const auto& member : left) {
    const std::string_view key = member.key();
    if (key == kDirective || key == kRetainKeysDirective) continue;
    const Value* other = right.if_contains(key);
    if (other == nullptr) continue;
    const PathStack::Step step(path_, key);
    PatchMeta meta;
    const bool is_list = member.value().is_array();
    if (is_list || member.value().is_object()) {
      meta = is_list ? LookupList(schema_, type, key) : LookupMap(schema_, type, key);
      if (!meta.known) return UnknownField(path_.Pointer());
      if (meta.bad_strategy) return BadStrategy(path_.Pointer());
    }
    TRY_VOID(Values(member.value(), *other, meta));
  }
  return {};
}

Status Overlap::Values(const Value& left, const Value& right, const PatchMeta& meta) {
  if (left.is_object()) {
    if (!right.is_object()) {
      Report();
      return {};
    }
    const Value* a = left.get_object().if_contains(kDirective);
    const Value* b = right.get_object().if_contains(kDirective);
    if ((a != nullptr) != (b != nullptr) || (a != nullptr && !object::Equal(*a, *b))) {
      Report();
      return {};
    }
    if (meta.strategy == Strategy::kReplace) return {};
    return Maps(left.get_object(), right.get_object(), meta.child);
  }
  if (left.is_array()) {
    if (!right.is_array()) {
      Report();
      return {};
    }
    return Lists(left.get_array(), right.get_array(), meta);
  }
  if (!object::Equal(left, right)) Report();
  return {};
}

Status Overlap::Lists(const Array& left, const Array& right, const PatchMeta& meta) {
  TRY(const JsonType type, ElementType(left, right, path_.Pointer()));
  PatchMeta element_meta;
  element_meta.known = true;
  element_meta.child = meta.child;
  if (meta.strategy == Strategy::kMerge) {
    if (type != JsonType::kMap) return {};
    for (const Array* list : {&left, &right}) {
      for (const Value& element : *list) {
        if (!element.get_object().contains(meta.merge_key)) {
          return NoMergeKey(path_.Pointer(), meta.merge_key);
        }
      }
    }
    for (size_t i = 0; i < left.size(); ++i) {
      const int at = IndexIn(right, left[i], meta.merge_key);
      if (at < 0) continue;
      const PathStack::Step step(path_, i);
      TRY_VOID(Values(left[i], right[at], element_meta));
    }
    return {};
  }
  if (left.size() != right.size()) {
    Report();
    return {};
  }
  Array a = left;
  Array b = right;
  if (type != JsonType::kMap) {
    for (Array* list : {&a, &b}) {
      DeduplicateScalars(*list);
      std::sort(list->begin(), list->end(),
                [](const Value& x, const Value& y) { return GoText(x) < GoText(y); });
    }
  }
  for (size_t i = 0; i < a.size(); ++i) {
    const PathStack::Step step(path_, i);
    if (i >= b.size()) {
      Report();
      continue;
    }
    TRY_VOID(Values(a[i], b[i], element_meta));
  }
  return {};
}

}  // namespace dunlin::merge
