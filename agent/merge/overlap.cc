#include "agent/merge/overlap.h"

#include <algorithm>

namespace dunlin::merge {
namespace {

int LastIndexIn(const object::Array& list, const object::Value& item, std::string_view merge_key) {
  const object::Value& wanted = item.get_object().at(merge_key);
  for (size_t i = list.size(); i-- > 0;) {
    if (object::Equal(list[i].get_object().at(merge_key), wanted)) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

using object::Array;
using object::Object;
using object::Value;

Status Overlap::Maps(const Object& left, const Object& right, TypeId type) {
  Status first;
  for (const auto& member : left) {
    const std::string_view key = member.key();
    if (key == kDirective || key == kRetainKeysDirective) continue;
    const Value* other = right.if_contains(key);
    if (other == nullptr) continue;
    const PathStack::Step step(path_, key);
    Status status = Member(key, member.value(), *other, type);
    if (!status && first) first = std::move(status);
  }
  return first;
}

Status Overlap::Member(std::string_view key, const Value& left, const Value& right, TypeId type) {
  PatchMeta meta;
  if (left.is_structured()) {
    meta = left.is_array() ? LookupList(schema_, type, key) : LookupMap(schema_, type, key);
    if (!meta.known) return UnknownField(path_.Pointer());
    if (meta.bad_strategy) return BadStrategy(path_.Pointer());
  }
  return Values(left, right, meta);
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
    Status first;
    for (size_t i = 0; i < left.size(); ++i) {
      // Upstream turns both lists into Go maps first: of equal keys the last element counts.
      const int at = LastIndexIn(right, left[i], meta.merge_key);
      if (at < 0 || LastIndexIn(left, left[i], meta.merge_key) != static_cast<int>(i)) continue;
      const PathStack::Step step(path_, i);
      Status status = Values(left[i], right[at], element_meta);
      if (!status && first) first = std::move(status);
    }
    return first;
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
