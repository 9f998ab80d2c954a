#include "agent/merge/originals.h"

#include "agent/merge/walk.h"
#include "protocol/base/check.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

class Join {
 public:
  explicit Join(const Schema* schema) : walk_(schema) {}

  void Values(Value& into, const Value& from, const Value* live, const FieldInfo& field) {
    if (from.is_null()) return;
    if (into.is_object() && from.is_object()) {
      return Maps(into.get_object(), from.get_object(), live, field);
    }
    if (into.is_array() && from.is_array() && Lists(into.get_array(), from, live, field)) return;
    const bool is_live = live != nullptr && object::Equal(from, *live);
    if (into.is_null() || is_live) into = from;
  }

 private:
  void Maps(Object& into, const Object& from, const Value* live, const FieldInfo& field) {
    const Object* now = live == nullptr ? nullptr : live->if_object();
    for (const auto& member : from) {
      const auto [place, is_new] = into.emplace(member.key(), member.value());
      if (is_new) continue;
      const Value* current = now == nullptr ? nullptr : now->if_contains(member.key());
      Values(place->value(), member.value(), current, walk_.FieldOf(field.child, member.key()));
    }
  }

  // False for atomic lists.
  bool Lists(Array& into, const Value& from, const Value* live, const FieldInfo& field) {
    const Array& elements = from.get_array();
    if (const ListKeys keys = walk_.KeysOf(field); !keys.empty()) {
      return Keyed(into, elements, live, field, keys);
    }
    if (field.strategy != Strategy::kMerge && field.list_type != ListType::kSet) return false;
    for (const Value& element : elements) {
      if (!ScalarSet(into).Contains(element)) into.push_back(element);
    }
    return true;
  }

  bool Keyed(Array& into, const Array& from, const Value* live, const FieldInfo& field,
             const ListKeys& keys) {
    static const Array kNone;
    const Array* now = live == nullptr ? nullptr : live->if_array();
    const Array before = into;
    const KeyedList have(before, keys);
    const KeyedList more(from, keys);
    const KeyedList current(now == nullptr ? kNone : *now, keys);
    if (!have.complete() || !more.complete()) return false;
    for (size_t i = 0; i < more.size(); ++i) {
      const size_t nth = more.NthOf(i);
      const int at = have.Find(more.KeyAt(i), nth);
      if (at < 0) {
        into.push_back(from[i]);
        continue;
      }
      const int seen = current.complete() ? current.Find(more.KeyAt(i), nth) : -1;
      Values(into[static_cast<size_t>(at)], from[i], seen < 0 ? nullptr : &(*now)[seen], field);
    }
    return true;
  }

  const SchemaWalk walk_;
};

}  // namespace

Value JoinOriginals(const std::vector<const Value*>& originals, const Value& live,
                    SchemaRef schema) {
  CHECK(!originals.empty());
  Value out = *originals.front();
  Join join(schema.schema);
  FieldInfo root;
  root.child = schema.type;
  for (size_t i = 1; i < originals.size(); ++i) join.Values(out, *originals[i], &live, root);
  return out;
}

}  // namespace dunlin::merge
