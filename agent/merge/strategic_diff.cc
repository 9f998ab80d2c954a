#include "agent/merge/strategic_diff.h"

#include <algorithm>

#include "protocol/object/json.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

bool HasAdditionalField(const Object& original, const Object& modified) {
  return std::any_of(original.begin(), original.end(), [&](const auto& member) {
    return !member.value().is_null() && !modified.contains(member.key());
  });
}

Status RequireMergeKeys(const Array& list, std::string_view merge_key, std::string_view pointer) {
  for (const Value& element : list) {
    if (!element.is_object()) {
      return MakeMergeError(ErrorClass::kBadPatchFormat, pointer,
                            "a list element is not an object");
    }
    if (!element.get_object().contains(merge_key)) return NoMergeKey(pointer, merge_key);
  }
  return {};
}

bool IsDelete(const Value& element) {
  const Value* directive = element.get_object().if_contains(kDirective);
  return directive != nullptr && directive->is_string() && directive->get_string() == "delete";
}

Result<bool> SameOrder(const Array& original, const Array& modified, std::string_view merge_key,
                       std::string_view pointer) {
  if (original.size() != modified.size()) return false;
  for (size_t i = 0; i < modified.size(); ++i) {
    const Value* left = original[i].get_object().if_contains(merge_key);
    const Value* right = modified[i].get_object().if_contains(merge_key);
    if (left == nullptr || right == nullptr) return NoMergeKey(pointer, merge_key);
    if (!object::Equal(*left, *right)) return false;
  }
  return true;
}

std::vector<std::string> KeyTexts(const Array& list, std::string_view merge_key) {
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const Value& element : list) {
    const Value* key = element.get_object().if_contains(merge_key);
    texts.push_back(key != nullptr ? GoText(*key) : "<nil>");
  }
  return texts;
}

PatchMeta FromField(const std::optional<Field>& field) {
  PatchMeta meta;
  if (!field || field->child == kUnresolved) return meta;
  meta.known = true;
  meta.bad_strategy = field->bad_strategy;
  meta.retain_keys = field->retain_keys;
  meta.strategy = field->strategy;
  meta.merge_key = field->merge_key;
  meta.child = field->child;
  return meta;
}

}  // namespace

Error NoMergeKey(std::string_view pointer, std::string_view merge_key) {
  return MakeMergeError(ErrorClass::kNoMergeKey, pointer,
                        "an element has no merge key \"" + std::string(merge_key) + "\"");
}

Error UnknownField(std::string_view pointer) {
  return MakeMergeError(ErrorClass::kUnknownField, pointer,
                        "the schema does not know the field, and the two sides differ");
}

Error BadStrategy(std::string_view pointer) {
  return MakeMergeError(ErrorClass::kBadPatchFormat, pointer,
                        "the schema has a patch strategy that nobody knows");
}

PatchMeta LookupMap(const Schema& schema, TypeId type, std::string_view key) {
  const std::optional<Field> field = schema.Find(type, key);
  PatchMeta meta = FromField(field);
  if (field && field->is_list) meta.child = kEmptyType;
  return meta;
}

PatchMeta LookupList(const Schema& schema, TypeId type, std::string_view key) {
  return FromField(schema.Find(type, key));
}

Result<Object> StrategicDiff::Maps(const Object& original, const Object& modified, TypeId type,
                                   DiffOptions options) {
  Object patch;
  Array retain_keys;
  for (const auto& member : modified) {
    const std::string_view key = member.key();
    if (options.build_retain_keys && !member.value().is_null()) retain_keys.emplace_back(key);
    const Value* before = original.if_contains(key);
    if (before == nullptr) {
      if (!options.ignore_changes_and_additions) patch[key] = member.value();
      continue;
    }
    TRY_VOID(Member(key, *before, member.value(), type, options, patch));
  }
  if (!options.ignore_deletions) {
    for (const auto& member : original) {
      if (!modified.contains(member.key())) patch[member.key()] = nullptr;
    }
  }
  if (!retain_keys.empty() && (!patch.empty() || HasAdditionalField(original, modified))) {
    std::sort(retain_keys.begin(), retain_keys.end(), [](const Value& a, const Value& b) {
      return object::View(a.get_string()) < object::View(b.get_string());
    });
    patch[kRetainKeysDirective] = std::move(retain_keys);
  }
  return patch;
}

Status StrategicDiff::Member(std::string_view key, const Value& original, const Value& modified,
                             TypeId type, DiffOptions options, Object& patch) {
  const PathStack::Step step(path_, key);
  if (key == kDirective) {
    if (!original.is_string() || !modified.is_string()) {
      return MakeMergeError(ErrorClass::kBadPatchFormat, path_.Pointer(), "$patch is no string");
    }
    if (original.get_string() != modified.get_string()) patch[key] = modified;
    return {};
  }
  const JsonType json_type = TypeOf(modified);
  if (TypeOf(original) != json_type) {
    if (!options.ignore_changes_and_additions) patch[key] = modified;
    return {};
  }
  if (json_type == JsonType::kMap) {
    return MapMember(key, original.get_object(), modified.get_object(), type, options, patch);
  }
  if (json_type == JsonType::kList) {
    return ListMember(key, original.get_array(), modified.get_array(), type, options, patch);
  }
  if (!options.ignore_changes_and_additions && !object::Equal(original, modified)) {
    patch[key] = modified;
  }
  return {};
}

Status StrategicDiff::MapMember(std::string_view key, const Object& original,
                                const Object& modified, TypeId type, DiffOptions options,
                                Object& patch) {
  const PatchMeta meta = LookupMap(schema_, type, key);
  if (!meta.known) {
    if (object::Equal(original, modified)) return {};
    return UnknownField(path_.Pointer());
  }
  if (meta.bad_strategy) return BadStrategy(path_.Pointer());
  options.build_retain_keys = meta.retain_keys;
  if (meta.strategy == Strategy::kReplace) {
    if (!options.ignore_changes_and_additions) patch[key] = modified;
    return {};
  }
  TRY(Object child, Maps(original, modified, meta.child, options));
  if (!child.empty()) patch[key] = std::move(child);
  return {};
}

Status StrategicDiff::ListMember(std::string_view key, const Array& original, const Array& modified,
                                 TypeId type, DiffOptions options, Object& patch) {
  const PatchMeta meta = LookupList(schema_, type, key);
  if (!meta.known) {
    if (object::Equal(original, modified)) return {};
    return UnknownField(path_.Pointer());
  }
  if (meta.bad_strategy) return BadStrategy(path_.Pointer());
  if (meta.strategy != Strategy::kMerge) {
    if (!options.ignore_changes_and_additions && !object::Equal(original, modified)) {
      patch[key] = modified;
    }
    return {};
  }
  options.build_retain_keys = meta.retain_keys;
  TRY(Lists lists, MergeLists(original, modified, meta, options));
  if (!lists.patch.empty()) patch[key] = std::move(lists.patch);
  if (!lists.deletions.empty()) {
    patch[std::string(kDeleteFromPrimitiveList) + "/" + std::string(key)] =
        std::move(lists.deletions);
  }
  if (!lists.order.empty()) {
    patch[std::string(kSetElementOrder) + "/" + std::string(key)] = std::move(lists.order);
  }
  return {};
}

Result<StrategicDiff::Lists> StrategicDiff::MergeLists(const Array& original, const Array& modified,
                                                       const PatchMeta& meta, DiffOptions options) {
  Lists lists;
  if (original.empty()) {
    if (!options.ignore_changes_and_additions) lists.patch = modified;
    return lists;
  }
  TRY(const JsonType type, ElementType(original, modified, path_.Pointer()));
  if (type == JsonType::kMap) return ListsOfMaps(original, modified, meta, options);

  lists = ListsOfScalars(original, modified, options);
  TRY(lists.patch, OrderLike(std::move(lists.patch), modified, {}, type, path_.Pointer()));
  return lists;
}

Result<StrategicDiff::Lists> StrategicDiff::ListsOfMaps(const Array& original,
                                                        const Array& modified,
                                                        const PatchMeta& meta,
                                                        DiffOptions options) {
  const std::string_view merge_key = meta.merge_key;
  const std::vector<std::string> before = KeyTexts(original, merge_key);
  const std::vector<std::string> after = KeyTexts(modified, merge_key);
  const std::vector<size_t> before_order = SortedByText(before);
  const std::vector<size_t> after_order = SortedByText(after);
  Lists lists;
  Array deletions;
  size_t i = 0;
  size_t j = 0;
  while (i < original.size() || j < modified.size()) {
    const Object* old_element = nullptr;
    const Object* new_element = nullptr;
    std::string_view old_text;
    std::string_view new_text;
    if (i < original.size()) {
      old_element = &original[before_order[i]].get_object();
      if (!old_element->contains(merge_key)) return NoMergeKey(path_.Pointer(), merge_key);
      old_text = before[before_order[i]];
    }
    if (j < modified.size()) {
      new_element = &modified[after_order[j]].get_object();
      if (!new_element->contains(merge_key)) return NoMergeKey(path_.Pointer(), merge_key);
      new_text = after[after_order[j]];
    }
    if (old_element != nullptr && new_element != nullptr && old_text == new_text) {
      const PathStack::Step step(path_, after_order[j]);
      TRY(Object element, Maps(*old_element, *new_element, meta.child, options));
      if (!element.empty()) {
        element[merge_key] = new_element->at(merge_key);
        lists.patch.emplace_back(std::move(element));
      }
      ++i;
      ++j;
    } else if (old_element == nullptr || (new_element != nullptr && old_text > new_text)) {
      if (!options.ignore_changes_and_additions) lists.patch.emplace_back(*new_element);
      ++j;
    } else {
      if (!options.ignore_deletions) {
        Object gone;
        gone[merge_key] = old_element->at(merge_key);
        gone[kDirective] = "delete";
        deletions.emplace_back(std::move(gone));
      }
      ++i;
    }
  }
  TRY(lists.patch,
      OrderLike(std::move(lists.patch), modified, merge_key, JsonType::kMap, path_.Pointer()));
  TRY(const bool same_order, SameOrder(original, modified, merge_key, path_.Pointer()));
  for (Value& gone : deletions) lists.patch.push_back(std::move(gone));
  const bool patched = !lists.patch.empty();
  if (options.set_element_order &&
      ((!options.ignore_changes_and_additions && (patched || !same_order)) ||
       (!options.ignore_deletions && patched))) {
    for (const Value& element : modified) {
      Object order;
      order[merge_key] = element.get_object().at(merge_key);
      lists.order.emplace_back(std::move(order));
    }
  }
  return lists;
}

StrategicDiff::Lists StrategicDiff::ListsOfScalars(const Array& original, const Array& modified,
                                                   DiffOptions options) {
  const auto texts_of = [](const Array& list) {
    std::vector<std::string> texts;
    for (const Value& element : list) texts.push_back(GoText(element));
    return texts;
  };
  const std::vector<std::string> before = texts_of(original);
  const std::vector<std::string> after = texts_of(modified);
  const std::vector<size_t> before_order = SortedByText(before);
  const std::vector<size_t> after_order = SortedByText(after);
  Lists lists;
  size_t i = 0;
  size_t j = 0;
  while (i < original.size() || j < modified.size()) {
    const bool have_old = i < original.size();
    const bool have_new = j < modified.size();
    const int order = !have_old   ? 1
                      : !have_new ? -1
                                  : before[before_order[i]].compare(after[after_order[j]]);
    if (order == 0) {
      ++i;
      ++j;
    } else if (order < 0) {
      if (!options.ignore_deletions) lists.deletions.push_back(original[before_order[i]]);
      ++i;
    } else {
      if (!options.ignore_changes_and_additions) lists.patch.push_back(modified[after_order[j]]);
      ++j;
    }
  }
  DeduplicateScalars(lists.deletions);
  // Upstream sorts `original` in place before it compares it with `modified`.
  bool sorted_equal = original.size() == modified.size();
  for (size_t k = 0; sorted_equal && k < modified.size(); ++k) {
    sorted_equal = object::Equal(original[before_order[k]], modified[k]);
  }
  if (options.set_element_order && ((!options.ignore_deletions && !lists.deletions.empty()) ||
                                    (!options.ignore_changes_and_additions && !sorted_equal))) {
    lists.order = modified;
  }
  return lists;
}

Result<Array> OrderLike(Array items, const Array& order, std::string_view merge_key, JsonType type,
                        std::string_view pointer) {
  Array deletions;
  if (type == JsonType::kMap) {
    TRY_VOID(RequireMergeKeys(items, merge_key, pointer));
    TRY_VOID(RequireMergeKeys(order, merge_key, pointer));
    Array kept;
    for (Value& item : items) (IsDelete(item) ? deletions : kept).push_back(std::move(item));
    items = std::move(kept);
  }
  std::vector<int> positions;
  positions.reserve(items.size());
  for (const Value& item : items) positions.push_back(IndexIn(order, item, merge_key));
  Array sorted;
  sorted.reserve(items.size() + deletions.size());
  for (const size_t index : SortedByPosition(positions)) sorted.push_back(std::move(items[index]));
  for (Value& item : deletions) sorted.push_back(std::move(item));
  return sorted;
}

}  // namespace dunlin::merge
