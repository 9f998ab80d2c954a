#include <algorithm>

#include "agent/merge/native_merge.h"
#include "agent/merge/normalize.h"
#include "agent/merge/strategic_diff.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

std::string Prefixed(std::string_view directive, std::string_view key) {
  std::string out(directive);
  out += '/';
  out += key;
  return out;
}

}  // namespace

Result<NativeMerge::ListMode> NativeMerge::ModeOf(const FieldInfo& field, const Array& a,
                                                  const Array& b) const {
  if (a.empty() && b.empty()) return ListMode::kAtomic;
  if (strategic_) {
    if (field.strategy != Strategy::kMerge) return ListMode::kAtomic;
    TRY(const JsonType type, ElementType(a, b, path_.Pointer()));
    if (type != JsonType::kMap) return ListMode::kMergeScalars;
    return field.merge_key.empty() ? ListMode::kAtomic : ListMode::kMergeObjects;
  }
  if (!options_.merge_cr_lists) return ListMode::kAtomic;
  if (field.list_type == ListType::kSet) return ListMode::kWholeScalars;
  if (field.list_type != ListType::kMap) return ListMode::kAtomic;
  return walk_.KeysOf(field).empty() ? ListMode::kAtomic : ListMode::kWholeObjects;
}

Status NativeMerge::Lists(std::string_view key, ListMode mode, const ListTrio& lists,
                          Object& patch) {
  switch (mode) {
    case ListMode::kMergeObjects:
      return MergeObjects(key, lists, patch);
    case ListMode::kWholeObjects:
      return WholeObjects(key, lists, patch);
    case ListMode::kMergeScalars:
      MergeScalars(key, lists, patch);
      return {};
    case ListMode::kWholeScalars:
      WholeScalars(key, lists, patch);
      return {};
    case ListMode::kAtomic:
      break;
  }
  return {};
}

// The list is gone from desired: take away what we applied, all of it when nothing else is there.
Status NativeMerge::RemoveList(std::string_view key, const Trio& trio, Object& patch) {
  const Array& last = trio.last->get_array();
  const Array& live = trio.live->get_array();
  TRY(const ListMode mode, ModeOf(trio.field, last, live));
  bool foreign = false;
  if (mode == ListMode::kMergeScalars || mode == ListMode::kWholeScalars) {
    const ScalarSet ours(last);
    foreign = std::any_of(live.begin(), live.end(),
                          [&](const Value& value) { return !ours.Contains(value); });
  } else if (mode != ListMode::kAtomic) {
    const ListKeys keys = walk_.KeysOf(trio.field);
    const KeyedList before(last, keys);
    const KeyedList now(live, keys);
    if (before.complete() && now.complete()) {
      for (size_t i = 0; i < now.size(); ++i) {
        foreign = foreign || before.Find(now.KeyAt(i), now.NthOf(i)) < 0;
      }
    }
  }
  if (foreign) return Lists(key, mode, {&last, Array(), live, trio.field}, patch);
  if (!live.empty() && Note(true, !Covered(*trio.last, *trio.live, trio.field))) {
    patch[key] = nullptr;
  }
  return {};
}

Status NativeMerge::MergeObjects(std::string_view key, const ListTrio& lists, Object& patch) {
  const FieldInfo& field = lists.field;
  const ListKeys keys = SchemaWalk::MergeKeyOf(field);
  const KeyedList last(*lists.last, keys);
  const KeyedList desired(lists.desired, keys);
  const KeyedList live(lists.live, keys);
  if (!desired.complete() || !live.complete() || !last.complete()) {
    return NoMergeKey(path_.Pointer(), field.merge_key);
  }
  if (!desired.unique() || !live.unique() || !last.unique()) {
    return WholeObjects(key, lists, patch);
  }
  Array items;
  bool added = false;
  for (size_t i = 0; i < desired.size(); ++i) {
    const PathStack::Step step(path_, i);
    const Object& element = lists.desired[i].get_object();
    const int was = last.Find(desired.KeyAt(i));
    const Value* before = was >= 0 ? &(*lists.last)[was] : nullptr;
    const int at = live.Find(desired.KeyAt(i));
    if (at < 0) {
      if (Remembered(lists.desired[i], nullptr)) continue;
      if (!Note(before == nullptr || !Same(*before, lists.desired[i], field), before != nullptr)) {
        continue;
      }
      Value fresh = lists.desired[i];
      StripNulls(fresh);
      items.push_back(std::move(fresh));
      added = true;
      continue;
    }
    TRY(Object change, Maps(before != nullptr ? &before->get_object() : nullptr, element,
                            lists.live[at].get_object(), field));
    if (change.empty()) continue;
    change[field.merge_key] = element.at(field.merge_key);
    items.emplace_back(std::move(change));
  }
  for (size_t i = 0; i < last.size(); ++i) {
    const int at = live.Find(last.KeyAt(i));
    if (at < 0 || desired.Find(last.KeyAt(i)) >= 0) continue;
    const PathStack::Step step(path_, static_cast<size_t>(at));
    if (!Note(true, !Covered((*lists.last)[i], lists.live[at], field))) continue;
    Object gone;
    gone[field.merge_key] = lists.live[at].get_object().at(field.merge_key);
    gone[kDirective] = "delete";
    items.emplace_back(std::move(gone));
  }
  // A new element goes before the ones that the patch does not name, so its place has to be said.
  bool order = added && desired.size() > 1 && !lists.live.empty();
  if (!SameOrder(desired, live)) {
    order = Note(!SameOrder(desired, last) || lists.last->empty(), !SameOrder(last, live)) || order;
  }
  if (!items.empty()) patch[key] = std::move(items);
  if (!order) return {};
  Array names;
  for (const Value& element : lists.desired) {
    Object name;
    name[field.merge_key] = element.get_object().at(field.merge_key);
    names.emplace_back(std::move(name));
  }
  patch[Prefixed(kSetElementOrder, key)] = std::move(names);
  return {};
}

// A set: order has no meaning and is left alone.
void NativeMerge::MergeScalars(std::string_view key, const ListTrio& lists, Object& patch) {
  const ScalarSet live(lists.live);
  const ScalarSet last(*lists.last);
  const ScalarSet desired(lists.desired);
  Array added;
  Array removed;
  for (size_t i = 0; i < lists.desired.size(); ++i) {
    const Value& value = lists.desired[i];
    if (live.Contains(value)) continue;
    const PathStack::Step step(path_, i);
    const bool known = last.Contains(value);
    if (!Remembered(value, nullptr) && Note(!known, known)) added.push_back(value);
  }
  for (const Value& value : *lists.last) {
    if (desired.Contains(value) || !live.Contains(value)) continue;
    if (Note(true, false)) removed.push_back(value);
  }
  if (!added.empty()) patch[key] = std::move(added);
  if (!removed.empty()) patch[Prefixed(kDeleteFromPrimitiveList, key)] = std::move(removed);
}

void NativeMerge::WholeScalars(std::string_view key, const ListTrio& lists, Object& patch) {
  Object changes;
  MergeScalars(key, lists, changes);
  if (changes.empty()) return;
  const Array none;
  const auto part = [&](const auto& it) -> const Array& {
    return it != changes.end() ? it->value().get_array() : none;
  };
  const Array& added = part(changes.find(key));
  const ScalarSet gone(part(changes.find(Prefixed(kDeleteFromPrimitiveList, key))));
  Array result;
  for (const Value& value : lists.live) {
    if (!gone.Contains(value)) result.push_back(value);
  }
  result.insert(result.end(), added.begin(), added.end());
  folds_live_ = true;
  patch[key] = std::move(result);
}

}  // namespace dunlin::merge
