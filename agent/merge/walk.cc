#include "agent/merge/walk.h"

#include <algorithm>

#include "agent/merge/go_values.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

// Numbers and texts must not meet: 80 and "80" are two keys, as they are for the apiserver. Texts
// stand as they are, so everything else gets a prefix that no text of a valid object starts with.
constexpr char kNoText = '\x01';
constexpr char kNextPart = '\x02';

void AppendKey(std::string& out, const Value& value) {
  if (value.is_string()) {
    out += object::View(value.get_string());
  } else {
    out += kNoText;
    out += GoText(value);
  }
}

}  // namespace

FieldInfo FieldInfo::From(const Field& field) {
  FieldInfo info;
  info.child = field.child;
  info.strategy = field.strategy;
  info.retain_keys = field.retain_keys;
  info.is_list = field.is_list;
  info.list_type = field.list_type;
  info.scalar = field.scalar;
  info.merge_key = field.merge_key;
  info.map_keys_begin = field.map_keys_begin;
  info.map_keys_count = field.map_keys_count;
  return info;
}

FieldInfo SchemaWalk::FieldOf(TypeId type, std::string_view key) const {
  if (schema_ == nullptr) return {};
  std::optional<Field> field = schema_->Find(type, key);
  if (!field) field = schema_->MapValue(type);
  return field ? FieldInfo::From(*field) : FieldInfo();
}

ListKeys SchemaWalk::KeysOf(const FieldInfo& field) const {
  if (schema_ == nullptr || field.list_type != ListType::kMap || field.map_keys_count == 0) {
    return MergeKeyOf(field);
  }
  Field keys;
  keys.map_keys_begin = field.map_keys_begin;
  keys.map_keys_count = field.map_keys_count;
  ListKeys result;
  for (uint32_t i = 0; i < field.map_keys_count; ++i) {
    const std::string_view name = schema_->MapKey(keys, i);
    const std::optional<Field> member = schema_->Find(field.child, name);
    result.push_back({name, member ? member->default_text : std::string_view()});
  }
  return result;
}

ListKeys SchemaWalk::MergeKeyOf(const FieldInfo& field) {
  if (field.strategy != Strategy::kMerge || field.merge_key.empty()) return {};
  return {{field.merge_key, {}}};
}

bool SchemaWalk::IsFreeMap(TypeId type) const {
  return schema_ != nullptr && schema_->MapValue(type).has_value();
}

bool SchemaWalk::IsOpaque(TypeId type) const {
  return schema_ == nullptr || !schema_->KnowsMembers(type);
}

KeyedList::KeyedList(const Array& list, const ListKeys& keys) {
  keys_.reserve(list.size());
  for (const Value& element : list) {
    const Object* map = element.if_object();
    if (map == nullptr) {
      complete_ = false;
      return;
    }
    if (keys.size() == 1) {
      const Value* value = map->if_contains(keys[0].name);
      if (value != nullptr && value->is_string()) {
        keys_.push_back(object::View(value->get_string()));
        continue;
      }
    }
    std::string key;
    for (const ListKey& part : keys) {
      const Value* value = map->if_contains(part.name);
      if (value != nullptr && !value->is_null()) {
        AppendKey(key, *value);
      } else if (!part.default_text.empty()) {
        key += part.default_text;
      } else {
        complete_ = false;
        return;
      }
      if (keys.size() > 1) key += kNextPart;
    }
    keys_.push_back(made_.emplace_back(std::move(key)));
  }
}

bool KeyedList::unique() const {
  constexpr size_t kFew = 16;  // most lists; quadratic is faster than sorting there
  if (keys_.size() <= kFew) {
    for (size_t i = 1; i < keys_.size(); ++i) {
      if (std::find(keys_.begin(), keys_.begin() + i, keys_[i]) != keys_.begin() + i) return false;
    }
    return true;
  }
  std::vector<std::string_view> sorted = keys_;
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

int KeyedList::Find(std::string_view key, size_t nth) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] == key && nth-- == 0) return static_cast<int>(i);
  }
  return -1;
}

size_t KeyedList::Count(std::string_view key) const {
  return std::count(keys_.begin(), keys_.end(), key);
}

size_t KeyedList::NthOf(size_t index) const {
  return std::count(keys_.begin(), keys_.begin() + index, keys_[index]);
}

}  // namespace dunlin::merge
