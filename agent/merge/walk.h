// What a walk over documents asks the schema at every step, in the form that comparing and merging
// by meaning need (native mode): unlike the lookups of strategic_diff.h, an unknown field is no
// error here but a field without metadata, and values of free maps ("limits", "labels") have types.
#pragma once

#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/merge/schema.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

struct FieldInfo {
  TypeId child = kEmptyType;
  Strategy strategy = Strategy::kNone;
  bool retain_keys = false;
  bool is_list = false;
  ListType list_type = ListType::kNone;
  ScalarClass scalar = ScalarClass::kPlain;
  std::string_view merge_key;
  uint32_t map_keys_begin = 0;
  uint32_t map_keys_count = 0;

  static FieldInfo From(const Field& field);
};

// By which members the elements of a list are told apart, and what counts when one is missing
// (containerPort without protocol is TCP).
struct ListKey {
  std::string_view name;
  std::string_view default_text;  // empty: the member has to be there
};
using ListKeys = std::vector<ListKey>;

class SchemaWalk {
 public:
  // Null: nothing is known, every field is plain.
  explicit SchemaWalk(const Schema* schema) : schema_(schema) {}

  FieldInfo FieldOf(TypeId type, std::string_view key) const;
  // List map keys with their defaults, else the merge key, else empty (an atomic list).
  ListKeys KeysOf(const FieldInfo& field) const;
  // The merge key alone, as strategic patches match elements; empty for other lists.
  static ListKeys MergeKeyOf(const FieldInfo& field);
  // A map with free keys (labels, data, limits), not a struct.
  bool IsFreeMap(TypeId type) const;
  // A type of which the schema knows neither members nor values (raw extensions).
  bool IsOpaque(TypeId type) const;

 private:
  const Schema* schema_;
};

// A list with the keys of its elements. Looking one up takes constant time in lists without
// repeated keys and logarithmic time in others, whoever wrote the list. Views live as long as the
// list and the schema are unchanged.
class KeyedList {
 public:
  KeyedList(const object::Array& list, const ListKeys& keys);
  KeyedList(KeyedList&&) = default;  // a copy's views would point into the original
  KeyedList& operator=(KeyedList&&) = default;

  // Every element is an object with all its keys. When not, nothing else makes sense.
  bool complete() const { return complete_; }
  bool unique() const { return by_key_.empty(); }  // no two elements have one key
  size_t size() const { return keys_.size(); }
  std::string_view KeyAt(size_t index) const { return keys_[index]; }
  // The nth (0-based) element with that key, or -1.
  int Find(std::string_view key, size_t nth = 0) const;
  size_t Count(std::string_view key) const;
  // How many elements before `index` have its key.
  size_t NthOf(size_t index) const;

 private:
  bool ReadKeys(const object::Array& list, const ListKeys& keys);
  bool FillTable();  // false: a key repeats
  size_t SlotOf(std::string_view key) const;
  std::pair<size_t, size_t> Range(std::string_view key) const;  // in by_key_

  std::vector<std::string_view> keys_;
  std::forward_list<std::string> made_;  // keys that are not one string member; addresses stay
  std::vector<uint32_t> table_;          // open addressing: index + 1; empty for short lists
  std::vector<uint32_t> by_key_;         // indexes by (key, index), only when a key repeats
  bool complete_ = false;
};

// Whether the elements that both lists have stand in one order, those of `a` taken in the order of
// `positions` or as they are.
bool SameOrder(const KeyedList& a, const std::vector<size_t>& positions, const KeyedList& b);
bool SameOrder(const KeyedList& a, const KeyedList& b);
// The order in which an apiserver keeps a list that was patched: elements with one merge key stand
// together, where the first of them is.
std::vector<size_t> Grouped(const KeyedList& list);

// Finds members of one object for keys that come in about the order in which the object has them:
// canonical documents are sorted, so the next key is nearly always the next member.
class MemberCursor {
 public:
  explicit MemberCursor(const object::Object& map) : map_(map), next_(map.begin()) {}

  const object::Value* Find(std::string_view key) {
    constexpr int kAhead = 4;
    auto it = next_;
    for (int i = 0; i < kAhead && it != map_.end(); ++i, ++it) {
      if (std::string_view(it->key()) == key) {
        next_ = it + 1;
        return &it->value();
      }
    }
    return map_.if_contains(key);
  }

 private:
  const object::Object& map_;
  object::Object::const_iterator next_;
};

// Membership in a list of scalars.
class ScalarSet {
 public:
  explicit ScalarSet(const object::Array& list);
  bool Contains(const object::Value& value) const;

 private:
  const object::Array& list_;
  std::unordered_set<std::string> texts_;  // canonical JSON; only of long lists
};

}  // namespace dunlin::merge
