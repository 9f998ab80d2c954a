#include "agent/merge/walk.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "agent/merge/go_values.h"
#include "protocol/object/json.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

// Numbers and texts must not meet: 80 and "80" are two keys, as they are for the apiserver. Texts
// stand as they are, so everything else gets a prefix that no text of a valid object starts with.
constexpr char kNoText = '\x01';
constexpr char kNextPart = '\x02';

constexpr size_t kFewElements = 8;  // up to here a linear search is the fastest

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
  complete_ = ReadKeys(list, keys);
  if (!complete_ || FillTable()) return;
  by_key_.resize(keys_.size());
  std::iota(by_key_.begin(), by_key_.end(), 0u);
  std::sort(by_key_.begin(), by_key_.end(), [this](uint32_t a, uint32_t b) {
    return keys_[a] != keys_[b] ? keys_[a] < keys_[b] : a < b;
  });
}

bool KeyedList::ReadKeys(const Array& list, const ListKeys& keys) {
  keys_.reserve(list.size());
  for (const Value& element : list) {
    const Object* map = element.if_object();
    if (map == nullptr) return false;
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
        return false;
      }
      if (keys.size() > 1) key += kNextPart;
    }
    keys_.push_back(made_.emplace_front(std::move(key)));
  }
  return true;
}

bool KeyedList::FillTable() {
  if (keys_.size() <= kFewElements) {
    for (size_t i = 1; i < keys_.size(); ++i) {
      if (std::find(keys_.begin(), keys_.begin() + i, keys_[i]) != keys_.begin() + i) return false;
    }
    return true;
  }
  size_t slots = 2 * kFewElements;
  while (slots < 2 * keys_.size()) slots *= 2;
  table_.assign(slots, 0);
  for (size_t i = 0; i < keys_.size(); ++i) {
    uint32_t& slot = table_[SlotOf(keys_[i])];
    if (slot != 0) return false;
    slot = static_cast<uint32_t>(i + 1);
  }
  return true;
}

// The slot of the key, or the free one where it would go.
size_t KeyedList::SlotOf(std::string_view key) const {
  size_t slot = std::hash<std::string_view>()(key) & (table_.size() - 1);
  while (table_[slot] != 0 && keys_[table_[slot] - 1] != key) {
    slot = (slot + 1) & (table_.size() - 1);
  }
  return slot;
}

std::pair<size_t, size_t> KeyedList::Range(std::string_view key) const {
  const auto begin =
      std::lower_bound(by_key_.begin(), by_key_.end(), key,
                       [this](uint32_t at, std::string_view wanted) { return keys_[at] < wanted; });
  const auto end =
      std::upper_bound(begin, by_key_.end(), key,
                       [this](std::string_view wanted, uint32_t at) { return wanted < keys_[at]; });
  return {begin - by_key_.begin(), end - by_key_.begin()};
}

int KeyedList::Find(std::string_view key, size_t nth) const {
  if (!unique()) {
    const auto [begin, end] = Range(key);
    return nth < end - begin ? static_cast<int>(by_key_[begin + nth]) : -1;
  }
  if (nth > 0) return -1;
  if (!table_.empty()) return static_cast<int>(table_[SlotOf(key)]) - 1;
  const auto it = std::find(keys_.begin(), keys_.end(), key);
  return it != keys_.end() ? static_cast<int>(it - keys_.begin()) : -1;
}

size_t KeyedList::Count(std::string_view key) const {
  if (unique()) return Find(key) >= 0 ? 1 : 0;
  const auto [begin, end] = Range(key);
  return end - begin;
}

size_t KeyedList::NthOf(size_t index) const {
  if (unique()) return 0;
  const size_t begin = Range(keys_[index]).first;
  const auto at = std::lower_bound(
      by_key_.begin() + begin, by_key_.end(), index,
      [this, index](uint32_t a, size_t wanted) { return keys_[a] == keys_[index] && a < wanted; });
  return at - by_key_.begin() - begin;
}

bool SameOrder(const KeyedList& a, const std::vector<size_t>& positions, const KeyedList& b) {
  int previous = -1;
  for (const size_t i : positions) {
    const int at = b.Find(a.KeyAt(i), a.NthOf(i));
    if (at < 0) continue;
    if (at < previous) return false;
    previous = at;
  }
  return true;
}

bool SameOrder(const KeyedList& a, const KeyedList& b) {
  std::vector<size_t> positions(a.size());
  std::iota(positions.begin(), positions.end(), size_t{0});
  return SameOrder(a, positions, b);
}

std::vector<size_t> Grouped(const KeyedList& list) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list.NthOf(i) > 0) continue;
    const size_t count = list.Count(list.KeyAt(i));
    for (size_t nth = 0; nth < count; ++nth) positions.push_back(list.Find(list.KeyAt(i), nth));
  }
  return positions;
}

ScalarSet::ScalarSet(const Array& list) : list_(list) {
  if (list.size() <= kFewElements) return;
  for (const Value& value : list) texts_.insert(object::CanonicalJson(value));
}

bool ScalarSet::Contains(const Value& value) const {
  if (list_.size() > kFewElements) return texts_.contains(object::CanonicalJson(value));
  return std::any_of(list_.begin(), list_.end(),
                     [&](const Value& other) { return object::Equal(other, value); });
}

}  // namespace dunlin::merge
