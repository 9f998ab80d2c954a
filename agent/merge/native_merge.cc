#include "agent/merge/native_merge.h"

#include <algorithm>
#include <optional>

#include "agent/merge/json_merge.h"
#include "agent/merge/normalize.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

// Identity, what only the server writes, and the status: never in a patch (8.2 rule 6).
constexpr std::string_view kProtectedRoot[] = {"apiVersion", "kind", "status"};
constexpr std::string_view kProtectedMetadata[] = {"name",
                                                   "namespace",
                                                   "uid",
                                                   "resourceVersion",
                                                   "generation",
                                                   "creationTimestamp",
                                                   "managedFields",
                                                   "selfLink",
                                                   "deletionTimestamp",
                                                   "deletionGracePeriodSeconds"};

bool Contains(const auto& names, std::string_view key) {
  return std::find(std::begin(names), std::end(names), key) != std::end(names);
}

const Value* NonNull(const Object& map, std::string_view key) {
  const Value* value = map.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

const Object* AsMap(const Value* value) { return value != nullptr ? value->if_object() : nullptr; }

}  // namespace

Result<Object> NativeMerge::Objects(const Object* last, const Object& desired, const Object& live,
                                    TypeId type) {
  FieldInfo root;
  root.child = type;
  return Maps(last, desired, live, root);
}

bool NativeMerge::Protected(std::string_view key) const {
  if (path_.depth() == 0) return Contains(kProtectedRoot, key);
  return path_.depth() == 1 && path_.front() == "metadata" && Contains(kProtectedMetadata, key);
}

// Labels and annotations are free maps for objects without schema, too.
bool NativeMerge::IsFreeMap(std::string_view key, const FieldInfo& field) const {
  if (walk_.IsFreeMap(field.child)) return true;
  return path_.depth() == 2 && path_.front() == "metadata" &&
         (key == "labels" || key == "annotations");
}

Result<Object> NativeMerge::Maps(const Object* last, const Object& desired, const Object& live,
                                 const FieldInfo& field) {
  Object patch;
  MemberCursor live_members(live);
  std::optional<MemberCursor> last_members;
  if (last != nullptr) last_members.emplace(*last);
  for (const auto& member : desired) {
    const std::string_view key = member.key();
    const Value* current = live_members.Find(key);
    if (current != nullptr && current->is_null()) current = nullptr;
    // Nearly every leaf: no schema, no path, no last.
    if (current != nullptr && !current->is_structured() &&
        object::Equal(member.value(), *current)) {
      continue;
    }
    if (Protected(key)) continue;
    const PathStack::Step step(path_, key);
    const Trio trio{last_members ? last_members->Find(key) : nullptr, &member.value(), current,
                    walk_.FieldOf(field.child, key)};
    TRY_VOID(Member(key, trio, patch));
  }
  if (last != nullptr) {
    MemberCursor desired_members(desired);
    for (const auto& member : *last) {
      const std::string_view key = member.key();
      if (desired_members.Find(key) != nullptr || member.value().is_null()) continue;
      const Value* current = NonNull(live, key);
      if (current == nullptr || Protected(key)) continue;
      const PathStack::Step step(path_, key);
      TRY_VOID(
          Remove(key, {&member.value(), nullptr, current, walk_.FieldOf(field.child, key)}, patch));
    }
  }
  if (!field.retain_keys || !strategic_ || patch.empty()) return patch;
  // A union (volume sources, the rollout strategy): a change of it clears the other members.
  const bool others = std::any_of(live.begin(), live.end(), [&](const auto& member) {
    return !member.value().is_null() && !desired.contains(member.key());
  });
  if (!others) return patch;
  std::vector<std::string_view> names;
  for (const auto& member : desired) {
    if (!member.value().is_null()) names.push_back(member.key());
  }
  std::sort(names.begin(), names.end());
  patch[kRetainKeysDirective] = Array(names.begin(), names.end());
  return patch;
}

Status NativeMerge::Member(std::string_view key, const Trio& trio, Object& patch) {
  const Value& desired = *trio.desired;
  const Value* live = trio.live;
  if (desired.is_null()) {
    if (live == nullptr) return {};
    const bool known = trio.last != nullptr && trio.last->is_null();
    if (Note(!known, known)) patch[key] = nullptr;
    return {};
  }
  if (live == nullptr) {
    if (!Remembered(desired, nullptr)) Set(key, trio, patch);
    return {};
  }
  const bool replaced = strategic_ && trio.field.strategy == Strategy::kReplace;
  if (desired.is_object() && live->is_object() && !replaced) {
    if (strategic_ && walk_.IsOpaque(trio.field.child)) return Opaque(key, trio, patch);
    TRY(Object child, Maps(AsMap(trio.last), desired.get_object(), live->get_object(), trio.field));
    if (!child.empty()) patch[key] = std::move(child);
    return {};
  }
  if (desired.is_array() && live->is_array()) {
    TRY(const ListMode mode, ModeOf(trio.field, desired.get_array(), live->get_array()));
    if (mode != ListMode::kAtomic) {
      static const Array kNone;
      const Array* last = trio.last != nullptr ? trio.last->if_array() : nullptr;
      return Lists(
          key, mode,
          {last != nullptr ? last : &kNone, desired.get_array(), live->get_array(), trio.field},
          patch);
    }
  }
  if (Comparison(schema_, options_.memo, path_).Values(desired, *live, trio.field)) return {};
  Set(key, trio, patch);
  return {};
}

void NativeMerge::Set(std::string_view key, const Trio& trio, Object& patch) {
  const Value* last = trio.last != nullptr && !trio.last->is_null() ? trio.last : nullptr;
  const bool user = last == nullptr || !Same(*last, *trio.desired, trio.field);
  const bool cluster = last != nullptr && !Remembered(*last, trio.live) &&
                       (trio.live == nullptr || !Same(*last, *trio.live, trio.field));
  if (!Note(user, cluster)) return;
  Value value = *trio.desired;
  StripNulls(value);
  patch[key] = std::move(value);
}

// A raw extension: a server refuses a strategic patch that goes into fields without metadata, so
// the merged value travels as a whole.
Status NativeMerge::Opaque(std::string_view key, const Trio& trio, Object& patch) {
  strategic_ = false;
  Result<Object> change =
      Maps(AsMap(trio.last), trio.desired->get_object(), trio.live->get_object(), trio.field);
  strategic_ = true;
  if (!change) return std::move(change).error();
  if (change->empty()) return {};
  Value merged = JsonMerge(*trio.live, Value(*std::move(change)));
  merged.get_object()[kDirective] = "replace";
  folds_live_ = true;
  patch[key] = std::move(merged);
  return {};
}

Status NativeMerge::Remove(std::string_view key, const Trio& trio, Object& patch) {
  const Value& last = *trio.last;
  const Value& live = *trio.live;
  if (last.is_array() && live.is_array()) return RemoveList(key, trio, patch);
  if (last.is_object() && live.is_object() && IsFreeMap(key, trio.field)) {
    const Object& entries = live.get_object();
    const bool foreign = std::any_of(entries.begin(), entries.end(), [&](const auto& member) {
      return !last.get_object().contains(member.key());
    });
    if (foreign) {
      TRY(Object child, Maps(&last.get_object(), Object(), entries, trio.field));
      if (!child.empty()) patch[key] = std::move(child);
      return {};
    }
  }
  if (Note(true, !Covered(last, live, trio.field))) patch[key] = nullptr;
  return {};
}

// Whether live still holds everything that we applied; what the server added does not matter.
bool NativeMerge::Covered(const Value& last, const Value& live, const FieldInfo& field) {
  if (last.is_object() && live.is_object()) {
    for (const auto& member : last.get_object()) {
      const PathStack::Step step(path_, member.key());
      const Value* current = NonNull(live.get_object(), member.key());
      if (current == nullptr) {
        if (!member.value().is_null() && !Remembered(member.value(), nullptr)) return false;
      } else if (!Covered(member.value(), *current, walk_.FieldOf(field.child, member.key()))) {
        return false;
      }
    }
    return true;
  }
  const ListKeys keys = last.is_array() && live.is_array() ? walk_.KeysOf(field) : ListKeys();
  if (keys.empty()) return Comparison(schema_, options_.memo, path_).Values(last, live, field);
  const KeyedList before(last.get_array(), keys);
  const KeyedList now(live.get_array(), keys);
  if (!before.complete() || !now.complete()) return Same(last, live, field);
  for (size_t i = 0; i < before.size(); ++i) {
    const PathStack::Step step(path_, i);
    const int at = now.Find(before.KeyAt(i), before.NthOf(i));
    if (at < 0 || !Covered(last.get_array()[i], live.get_array()[at], field)) return false;
  }
  return true;
}

bool NativeMerge::Same(const Value& a, const Value& b, const FieldInfo& field) {
  return Comparison(schema_, nullptr, path_).Values(a, b, field);
}

bool NativeMerge::Remembered(const Value& sent, const Value* live) const {
  return options_.memo != nullptr && !options_.memo->empty() &&
         options_.memo->Equal(path_.Pointer(), sent, live);
}

bool NativeMerge::Note(bool user, bool cluster) {
  const bool sent = options_.overwrite || !cluster;
  changes_.push_back({path_.Pointer(), user, cluster, sent});
  return sent;
}

}  // namespace dunlin::merge
