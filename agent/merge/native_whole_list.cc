#include <algorithm>

#include "agent/merge/json_merge.h"
#include "agent/merge/native_merge.h"
#include "agent/merge/normalize.h"
#include "agent/merge/strategic_apply.h"
#include "agent/merge/strategic_diff.h"

namespace dunlin::merge {

using object::Array;
using object::Object;
using object::Value;

struct NativeMerge::WholeList {
  KeyedList last, desired, live;
  Array ours;                 // what becomes of desired's elements, in desired's order
  Array foreign;              // the others of live that stay, in live's order
  std::vector<int> places;    // of `ours` in live
  std::vector<bool> handled;  // elements of live that are not in `foreign`
  bool changed = false;
  bool live_order = false;  // the order of live can stay

  WholeList(const ListTrio& lists, const ListKeys& keys)
      : last(*lists.last, keys),
        desired(lists.desired, keys),
        live(lists.live, keys),
        handled(lists.live.size(), false) {}
  bool complete() const { return last.complete() && desired.complete() && live.complete(); }
};

Result<Value> NativeMerge::MergedElement(const Object* last, const Object& desired,
                                         const Value& live, const FieldInfo& field, bool& changed) {
  TRY(Object change, Maps(last, desired, live.get_object(), field));
  if (change.empty()) return live;
  changed = true;
  if (!strategic_) return JsonMerge(live, Value(std::move(change)));
  StrategicApply apply(*schema_, StrategicApply::Mode::kServer);
  TRY(Object merged, apply.Maps(live.get_object(), std::move(change), field.child));
  return Value(std::move(merged));
}

Status NativeMerge::MergeOurs(const ListTrio& lists, WholeList& whole) {
  for (size_t i = 0; i < whole.desired.size(); ++i) {
    const PathStack::Step step(path_, i);
    const Value& element = lists.desired[i];
    const size_t nth = whole.desired.NthOf(i);
    const int was = whole.last.Find(whole.desired.KeyAt(i), nth);
    const Value* before = was >= 0 ? &(*lists.last)[was] : nullptr;
    const int at = whole.live.Find(whole.desired.KeyAt(i), nth);
    if (at >= 0) {
      whole.handled[at] = true;
      TRY(Value merged,
          MergedElement(before != nullptr ? &before->get_object() : nullptr, element.get_object(),
                        lists.live[at], lists.field, whole.changed));
      whole.ours.push_back(std::move(merged));
      whole.places.push_back(at);
      continue;
    }
    if (Remembered(element, nullptr)) continue;
    const bool user = before == nullptr || !Same(*before, element, lists.field);
    if (!Note(user, before != nullptr)) continue;
    Value fresh = element;
    StripNulls(fresh);
    whole.ours.push_back(std::move(fresh));
    whole.changed = true;
    whole.live_order = false;
  }
  return {};
}

// Of equal elements, those beyond desired's go when we once applied more: all of them, because
// nothing tells ours from others'.
void NativeMerge::KeepForeign(const ListTrio& lists, WholeList& whole) {
  for (size_t i = 0; i < whole.live.size(); ++i) {
    if (whole.handled[i]) continue;
    const size_t kept = whole.desired.Count(whole.live.KeyAt(i));
    const int was = whole.last.Find(whole.live.KeyAt(i), kept);
    const PathStack::Step step(path_, i);
    if (was >= 0 && whole.live.NthOf(i) >= kept &&
        Note(true, !Covered((*lists.last)[was], lists.live[i], lists.field))) {
      whole.handled[i] = true;
      whole.changed = true;
    } else {
      whole.foreign.push_back(lists.live[i]);
    }
  }
}

Array NativeMerge::Assembled(WholeList& whole) const {
  Array result;
  if (strategic_) result.emplace_back(Object{{kDirective, "replace"}});
  if (!whole.live_order) {
    for (Value& element : whole.ours) result.push_back(std::move(element));
    for (Value& element : whole.foreign) result.push_back(std::move(element));
    return result;
  }
  size_t ours = 0;
  size_t foreign = 0;
  for (size_t i = 0; i < whole.live.size(); ++i) {
    if (ours < whole.places.size() && whole.places[ours] == static_cast<int>(i)) {
      result.push_back(std::move(whole.ours[ours++]));
    } else if (!whole.handled[i]) {
      result.push_back(std::move(whole.foreign[foreign++]));
    }
  }
  return result;
}

// Lists whose elements a patch cannot name one by one: repeated merge keys, custom resources. The
// elements are matched by their list map keys, and the result travels as a whole.
Status NativeMerge::WholeObjects(std::string_view key, const ListTrio& lists, Object& patch) {
  const ListKeys map_keys = walk_.KeysOf(lists.field);
  const ListKeys merge_key = SchemaWalk::MergeKeyOf(lists.field);
  WholeList whole(lists, map_keys);
  if (!whole.complete() && !merge_key.empty()) whole = WholeList(lists, merge_key);
  if (!whole.complete()) return NoMergeKey(path_.Pointer(), map_keys[0].name);
  whole.live_order = SameOrder(whole.desired, whole.live);
  const bool ordered =
      whole.live_order ||
      (strategic_ &&
       SameOrder(whole.desired, Grouped(KeyedList(lists.desired, merge_key)), whole.live));
  TRY_VOID(MergeOurs(lists, whole));
  KeepForeign(lists, whole);
  if (!ordered) {
    const bool user = lists.last->empty() || !SameOrder(whole.desired, whole.last);
    whole.changed = Note(user, !SameOrder(whole.last, whole.live)) || whole.changed;
  }
  if (!whole.changed) return {};
  folds_live_ = true;
  patch[key] = Assembled(whole);
  return {};
}

}  // namespace dunlin::merge
