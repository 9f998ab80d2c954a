#include "agent/merge/json_merge.h"

#include <algorithm>

#include "agent/merge/apply.h"
#include "agent/merge/go_values.h"
#include "agent/merge/normalize.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

// encoding/json reads every number as float64; a negative zero comes back as the integer 0.
void ToDoubles(Value& value) {
  if (value.is_int64()) {
    value = static_cast<double>(value.get_int64());
  } else if (value.is_uint64()) {
    value = static_cast<double>(value.get_uint64());
  } else if (value.is_double() && value.get_double() == 0) {
    value = 0.0;
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) ToDoubles(member.value());
  } else if (value.is_array()) {
    for (Value& element : value.get_array()) ToDoubles(element);
  }
}

Object Diff(const Object& a, const Object& b) {
  Object into;
  for (const auto& member : b) {
    const Value* before = a.if_contains(member.key());
    const Value& after = member.value();
    if (before == nullptr || TypeOf(*before) != TypeOf(after)) {
      into[member.key()] = after;
    } else if (after.is_object()) {
      Object child = Diff(before->get_object(), after.get_object());
      if (!child.empty()) into[member.key()] = std::move(child);
    } else if (!object::Equal(*before, after)) {
      into[member.key()] = after;
    }
  }
  for (const auto& member : a) {
    if (!b.contains(member.key())) into[member.key()] = nullptr;
  }
  return into;
}

// Keeps only nulls, or drops them; maps that become empty go, explicitly empty ones are values.
Object Filter(const Object& map, bool keep_nulls) {
  Object kept;
  for (const auto& member : map) {
    const Value& value = member.value();
    if (value.is_null()) {
      if (keep_nulls) kept[member.key()] = nullptr;
    } else if (value.is_object() && !value.get_object().empty()) {
      Object child = Filter(value.get_object(), keep_nulls);
      if (!child.empty()) kept[member.key()] = std::move(child);
    } else if (!keep_nulls) {
      kept[member.key()] = value;
    }
  }
  return kept;
}

void Conflicting(const Value& left, const Value& right, const std::string& pointer,
                 std::vector<std::string>& out) {
  if (!left.is_object() || !right.is_object()) {
    if (!object::Equal(left, right)) out.push_back(pointer);
    return;
  }
  for (const auto& member : left.get_object()) {
    const Value* other = right.get_object().if_contains(member.key());
    if (other == nullptr) continue;
    PathStack path;
    const PathStack::Step step(path, member.key());
    Conflicting(member.value(), *other, pointer + path.Pointer(), out);
  }
}

}  // namespace

void ToGoNumbers(Value& value) {
  if (value.is_uint64()) {
    value = static_cast<double>(value.get_uint64());
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) ToGoNumbers(member.value());
  } else if (value.is_array()) {
    for (Value& element : value.get_array()) ToGoNumbers(element);
  }
}

Value JsonMerge(Value target, const Value& patch) {
  if (!patch.is_object()) return patch;
  if (!target.is_object()) {
    Value fresh = patch;
    StripNulls(fresh);
    return fresh;
  }
  Object& map = target.get_object();
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null()) {
      map.erase(member.key());
      continue;
    }
    Value* current = map.if_contains(member.key());
    if (current == nullptr || current->is_null() || !current->is_object()) {
      Value fresh = member.value();
      StripNulls(fresh);
      map[member.key()] = std::move(fresh);
    } else {
      Value merged = JsonMerge(std::move(*current), member.value());
      map[member.key()] = std::move(merged);
    }
  }
  return target;
}

Result<ThreeWay> JsonThreeWay(const Value& original, const Value& modified, const Value& current) {
  Value o = original;
  Value m = modified;
  Value c = current;
  for (Value* document : {&o, &m, &c}) {
    if (!document->is_object()) {
      return MakeMergeError(ErrorClass::kBadJson, "", "the document is not a JSON object");
    }
    ToDoubles(*document);
  }
  const Value additions = Filter(Diff(c.get_object(), m.get_object()), false);
  const Value deletions = Filter(Diff(o.get_object(), m.get_object()), true);
  ThreeWay result;
  Conflicting(additions, deletions, "", result.conflicts);
  if (!result.conflicts.empty()) {
    return MakeMergeError(ErrorClass::kConflict, result.conflicts.front(),
                          "the patch would both set and remove the field");
  }
  result.patch = JsonMerge(deletions, additions);
  return result;
}

}  // namespace dunlin::merge
