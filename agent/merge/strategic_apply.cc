#include "agent/merge/strategic_apply.h"

#include <algorithm>
#include <optional>

#include "agent/merge/normalize.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

bool HasPrefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool IsText(const Value& value, std::string_view text) {
  return value.is_string() && object::View(value.get_string()) == text;
}

Error BadFormat(std::string_view pointer, std::string_view message) {
  return MakeMergeError(ErrorClass::kBadPatchFormat, pointer, message);
}

// "$setElementOrder/containers" → "containers".
Result<std::string> FieldOf(std::string_view key, std::string_view prefix,
                            std::string_view pointer) {
  if (key.size() <= prefix.size() || key[prefix.size()] != '/') {
    return BadFormat(pointer, "the directive names no field");
  }
  return std::string(key.substr(prefix.size() + 1));
}

// removeDirectives: false when the value itself has to go.
bool RemoveDirectives(Value& value) {
  if (Object* map = value.if_object(); map != nullptr) {
    if (map->contains(kDirective)) return false;
    for (auto it = map->begin(); it != map->end();) {
      if (RemoveDirectives(it->value())) {
        ++it;
      } else {
        it = map->erase(it);
      }
    }
  } else if (Array* list = value.if_array(); list != nullptr) {
    Array kept;
    kept.reserve(list->size());
    for (Value& element : *list) {
      if (RemoveDirectives(element)) kept.push_back(std::move(element));
    }
    *list = std::move(kept);
  }
  return true;
}

int FindByKey(const Array& list, std::string_view merge_key, const Value& wanted) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Value* key = list[i].get_object().if_contains(merge_key);
    if (key != nullptr && object::Equal(*key, wanted)) return static_cast<int>(i);
  }
  return -1;
}

bool AllMaps(const Array& list) {
  return std::all_of(list.begin(), list.end(),
                     [](const Value& value) { return value.is_object(); });
}

struct Partition {
  Array named, others;
};

Result<Partition> Split(Array items, const Array& names, std::string_view merge_key,
                        std::string_view pointer) {
  Partition result;
  if (merge_key.empty()) {
    for (Value& item : items) {
      if (item.is_structured())
        return BadFormat(pointer, "a list without merge key holds no scalars");
      const bool named = std::any_of(names.begin(), names.end(),
                                     [&](const Value& name) { return object::Equal(name, item); });
      (named ? result.named : result.others).push_back(std::move(item));
    }
    return result;
  }
  if (!AllMaps(names))
    return BadFormat(pointer, "a list of names has an element that is no object");
  for (Value& item : items) {
    if (!item.is_object()) return BadFormat(pointer, "a list element is not an object");
    const Value* key = item.get_object().if_contains(merge_key);
    if (key == nullptr) return NoMergeKey(pointer, merge_key);
    const bool named = FindByKey(names, merge_key, *key) >= 0;
    (named ? result.named : result.others).push_back(std::move(item));
  }
  return result;
}

// mergeSortedSlice: a server-only item goes first only when both heads are in the live order and it
// is the earlier one there.
Array Interleave(Array server_only, Array patch, const Array& live_order,
                 std::string_view merge_key) {
  Array result;
  result.reserve(server_only.size() + patch.size());
  size_t i = 0;
  size_t j = 0;
  while (i < server_only.size() || j < patch.size()) {
    bool take_server = j >= patch.size();
    if (i < server_only.size() && j < patch.size()) {
      const int left = IndexIn(live_order, server_only[i], merge_key);
      const int right = IndexIn(live_order, patch[j], merge_key);
      take_server = left >= 0 && right >= 0 && left < right;
    }
    result.push_back(std::move(take_server ? server_only[i++] : patch[j++]));
  }
  return result;
}

struct OrderInput {
  const Array* patch_order;
  const Array* live_order;
  std::string_view merge_key;
  JsonType type;
};

Result<Array> InOrder(Array items, const OrderInput& input, std::string_view pointer) {
  TRY(Partition parts, Split(std::move(items), *input.patch_order, input.merge_key, pointer));
  TRY(Array named,
      OrderLike(std::move(parts.named), *input.patch_order, input.merge_key, input.type, pointer));
  TRY(Array others,
      OrderLike(std::move(parts.others), *input.live_order, input.merge_key, input.type, pointer));
  return Interleave(std::move(others), std::move(named), *input.live_order, input.merge_key);
}

Result<bool> SameKey(const Value& left, const Value& right, std::string_view merge_key,
                     std::string_view pointer) {
  if (merge_key.empty()) {
    if (left.is_structured() && right.is_structured()) {
      return BadFormat(pointer, "a list without merge key holds no scalars");
    }
    return object::Equal(left, right);
  }
  if (!left.is_object() || !right.is_object()) {
    return BadFormat(pointer, "a list element is not an object");
  }
  const Value* a = left.get_object().if_contains(merge_key);
  const Value* b = right.get_object().if_contains(merge_key);
  if (a == nullptr || b == nullptr) return NoMergeKey(pointer, merge_key);
  return object::Equal(*a, *b);
}

// The patch list, deletions and directives aside, must be a sub-sequence of $setElementOrder.
Status CheckOrder(const Array& patch, const Array& order, std::string_view merge_key,
                  std::string_view pointer) {
  if (order.empty() || patch.empty()) return {};
  std::vector<const Value*> items;
  for (const Value& item : patch) {
    if (!merge_key.empty()) {
      if (!item.is_object()) return BadFormat(pointer, "a list element is not an object");
      const Value* directive = item.get_object().if_contains(kDirective);
      if (directive != nullptr && IsText(*directive, "delete")) continue;
    }
    items.push_back(&item);
  }
  size_t i = 0;
  size_t j = 0;
  while (i < items.size() && j < order.size()) {
    if (items[i]->is_object() && items[i]->get_object().contains(kDirective)) {
      ++i;
      continue;
    }
    TRY(const bool same, SameKey(*items[i], order[j], merge_key, pointer));
    if (same) ++i;
    ++j;
  }
  if (i < items.size() && j >= order.size()) {
    return BadFormat(pointer, "the order in the patch list doesn't match $setElementOrder");
  }
  return {};
}

// Upstream's live order is the header of the original Go slice, while deletions shift that array in
// place and appends reuse it (merge.md 5.3). `slots` are its n positions; `used` is the current
// length.
void DeleteSlot(Array& slots, size_t index, size_t used) {
  for (size_t k = index; k + 1 < used; ++k) slots[k] = slots[k + 1];
}

}  // namespace

Result<Object> StrategicApply::Maps(Object original, Object patch, TypeId type) {
  if (const auto it = patch.find(kDirective); it != patch.end()) {
    if (IsText(it->value(), "replace")) {
      patch.erase(it);
      return patch;
    }
    if (IsText(it->value(), "delete")) return Object();
    return BadFormat(path_.PointerTo(kDirective), "only replace and delete are known");
  }
  TRY_VOID(RetainKeys(original, patch));
  TRY_VOID(ElementOrders(original, patch, type));
  for (auto& member : patch) {
    TRY_VOID(Member(member.key(), member.value(), original, type));
  }
  return original;
}

Status StrategicApply::RetainKeys(Object& original, Object& patch) {
  const auto it = patch.find(kRetainKeysDirective);
  if (it == patch.end()) return {};
  const Value retain = std::move(it->value());
  patch.erase(it);
  const std::string pointer = path_.PointerTo(kRetainKeysDirective);
  if (!server()) {
    const auto existing = original.find(kRetainKeysDirective);
    if (existing == original.end()) {
      original[kRetainKeysDirective] = retain;
    } else if (!object::Equal(existing->value(), retain)) {
      return BadFormat(pointer, "the two sides retain different keys");
    }
    return {};
  }
  if (!retain.is_array()) return BadFormat(pointer, "$retainKeys is no list");
  const Array& keys = retain.get_array();
  const auto listed = [&](std::string_view key) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const Value& value) { return IsText(value, key); });
  };
  for (const Value& key : keys) {
    if (key.is_structured()) return BadFormat(pointer, "$retainKeys holds no scalars");
  }
  for (const auto& member : patch) {
    if (member.value().is_null() || HasPrefix(member.key(), kDeleteFromPrimitiveList) ||
        HasPrefix(member.key(), kSetElementOrder)) {
      continue;
    }
    if (!listed(member.key()))
      return BadFormat(pointer, "the patch sets a key that is not retained");
  }
  for (auto member = original.begin(); member != original.end();) {
    member = listed(member->key()) ? member + 1 : original.erase(member);
  }
  return {};
}

Status StrategicApply::ElementOrders(Object& original, Object& patch, TypeId type) {
  std::vector<std::string> directives;
  for (const auto& member : patch) {
    if (HasPrefix(member.key(), kSetElementOrder)) directives.emplace_back(member.key());
  }
  for (const std::string& directive : directives) {
    TRY_VOID(ElementOrder(directive, original, patch, type));
  }
  return {};
}

Status StrategicApply::ElementOrder(std::string_view directive, Object& original, Object& patch,
                                    TypeId type) {
  const PathStack::Step step(path_, directive);
  const Value order_value = std::move(patch.at(directive));
  patch.erase(directive);
  const std::string pointer = path_.Pointer();
  if (!server()) {
    const auto existing = original.find(directive);
    if (existing == original.end()) {
      original[directive] = order_value;
    } else if (!object::Equal(existing->value(), order_value)) {
      return BadFormat(pointer, "the two sides set different orders");
    }
  }
  if (!order_value.is_array()) return BadFormat(pointer, "$setElementOrder is no list");
  const Array& order = order_value.get_array();
  TRY(const std::string key, FieldOf(directive, kSetElementOrder, pointer));
  const auto original_it = original.find(key);
  const auto patch_it = patch.find(key);
  const bool in_original = original_it != original.end();
  const bool in_patch = patch_it != patch.end();
  if ((in_original && !original_it->value().is_array()) ||
      (in_patch && !patch_it->value().is_array())) {
    return BadFormat(pointer, "the ordered field is no list");
  }
  const PatchMeta meta = LookupList(schema_, type, key);
  if (!meta.known) return UnknownField(pointer);
  if (meta.bad_strategy) return BadStrategy(pointer);
  if (in_patch) {
    TRY_VOID(CheckOrder(patch_it->value().get_array(), order, meta.merge_key, pointer));
  }
  if (!in_original && !in_patch) return {};

  Array live_order;
  if (in_original) live_order = original_it->value().get_array();
  const Array empty;
  TRY(const JsonType element_type,
      ElementType(live_order, in_patch ? patch_it->value().get_array() : empty, pointer));
  Array merged;
  if (!in_patch) {
    merged = live_order;
  } else if (!in_original) {
    Value list = std::move(patch_it->value());
    (void)RemoveDirectives(list);  // a list itself always stays
    merged = std::move(list.get_array());
  } else if (meta.strategy == Strategy::kMerge) {
    TRY(merged, Lists(std::move(original_it->value().get_array()),
                      std::move(patch_it->value().get_array()), meta, false, &live_order));
  } else {
    merged = std::move(patch_it->value().get_array());
  }
  const OrderInput input{&order, &live_order, meta.merge_key, element_type};
  TRY(Array ordered, InOrder(std::move(merged), input, pointer));
  original[key] = std::move(ordered);
  patch.erase(key);
  return {};
}

void StrategicApply::SetMember(Object& original, std::string_view key, Value& patch_value) {
  if (server()) StripNulls(patch_value);
  if (RemoveDirectives(patch_value)) {
    original[key] = std::move(patch_value);
  } else {
    original.erase(key);
  }
}

Status StrategicApply::Member(std::string_view patch_key, Value& patch_value, Object& original,
                              TypeId type) {
  const PathStack::Step step(path_, patch_key);
  std::string key(patch_key);
  bool is_delete_list = false;
  if (HasPrefix(patch_key, kDeleteFromPrimitiveList)) {
    if (!server()) {
      original[patch_key] = std::move(patch_value);
      return {};
    }
    is_delete_list = true;
    TRY(key, FieldOf(patch_key, kDeleteFromPrimitiveList, path_.Pointer()));
  }
  if (patch_value.is_null()) {
    original.erase(key);
    if (server()) return {};
  }
  Value* current = original.if_contains(key);
  if (current == nullptr || TypeOf(*current) != TypeOf(patch_value)) {
    if (!is_delete_list) SetMember(original, key, patch_value);
    return {};
  }
  if (current->is_object()) {
    const PatchMeta meta = LookupMap(schema_, type, key);
    if (!meta.known) return UnknownField(path_.Pointer());
    if (meta.bad_strategy) return BadStrategy(path_.Pointer());
    if (meta.strategy == Strategy::kReplace) {
      *current = std::move(patch_value);
      return {};
    }
    TRY(Object merged,
        Maps(std::move(current->get_object()), std::move(patch_value.get_object()), meta.child));
    *original.if_contains(key) = std::move(merged);
    return {};
  }
  if (current->is_array()) {
    const PatchMeta meta = LookupList(schema_, type, key);
    if (!meta.known) return UnknownField(path_.Pointer());
    if (meta.bad_strategy) return BadStrategy(path_.Pointer());
    if (meta.strategy != Strategy::kMerge && !is_delete_list) {
      *current = std::move(patch_value);
      return {};
    }
    TRY(Array merged, Lists(std::move(current->get_array()), std::move(patch_value.get_array()),
                            meta, is_delete_list, nullptr));
    *original.if_contains(key) = std::move(merged);
    return {};
  }
  *current = std::move(patch_value);
  return {};
}

Result<Array> StrategicApply::Lists(Array original, Array patch, const PatchMeta& meta,
                                    bool is_delete_list, Array* live_order) {
  if (original.empty() && patch.empty()) return original;
  const std::string pointer = path_.Pointer();
  TRY(const JsonType type, ElementType(original, patch, pointer));
  if (type == JsonType::kMap) {
    if (meta.merge_key.empty()) {
      return MakeMergeError(ErrorClass::kNoMergeKey, pointer,
                            "the schema names no merge key for this list of objects");
    }
    return ListsOfMaps(std::move(original), std::move(patch), meta, live_order);
  }
  if (is_delete_list) {
    Array kept;
    for (Value& item : original) {
      const bool gone = std::any_of(patch.begin(), patch.end(),
                                    [&](const Value& value) { return object::Equal(value, item); });
      if (!gone) kept.push_back(std::move(item));
    }
    return kept;
  }
  Array both = original;
  both.insert(both.end(), patch.begin(), patch.end());
  DeduplicateScalars(both);
  return InOrder(std::move(both), {&patch, &original, meta.merge_key, type}, pointer);
}

Result<Array> StrategicApply::ListsOfMaps(Array original, Array patch, const PatchMeta& meta,
                                          Array* live_order) {
  const std::string_view merge_key = meta.merge_key;
  const std::string pointer = path_.Pointer();
  Array items;
  bool replace = false;
  for (Value& element : patch) {
    const Value* directive = element.get_object().if_contains(kDirective);
    if (directive == nullptr) {
      items.push_back(std::move(element));
    } else if (IsText(*directive, "delete")) {
      const Value* key = element.get_object().if_contains(merge_key);
      if (key == nullptr) return NoMergeKey(pointer, merge_key);
      for (int at = FindByKey(original, merge_key, *key); at >= 0;
           at = FindByKey(original, merge_key, *key)) {
        if (live_order != nullptr) DeleteSlot(*live_order, at, original.size());
        original.erase(original.begin() + at);
      }
    } else if (IsText(*directive, "replace")) {
      replace = true;
    } else {
      return BadFormat(pointer, "only replace and delete are known in lists");
    }
  }
  if (replace) {
    original = std::move(items);
    items = Array();
    live_order = nullptr;  // a new slice: the old one is not touched any more
  }
  const Array order = original;
  Array merged = std::move(original);
  const Array patch_order = items;
  for (Value& element : items) {
    const Value* key = element.get_object().if_contains(merge_key);
    if (key == nullptr) return NoMergeKey(pointer, merge_key);
    const int at = FindByKey(merged, merge_key, *key);
    if (at >= 0) {
      const PathStack::Step step(path_, static_cast<size_t>(at));
      TRY(Object element_merged,
          Maps(std::move(merged[at].get_object()), std::move(element.get_object()), meta.child));
      merged[at] = std::move(element_merged);
    } else {
      if (live_order != nullptr && merged.size() < live_order->size()) {
        (*live_order)[merged.size()] = element;
      }
      merged.push_back(std::move(element));
    }
  }
  return InOrder(std::move(merged), {&patch_order, &order, merge_key, JsonType::kMap}, pointer);
}

}  // namespace dunlin::merge
