#include "agent/merge/semantic.h"

#include <algorithm>

#include "agent/merge/comparison.h"
#include "agent/merge/go_values.h"
#include "agent/merge/quantity.h"
#include "agent/merge/walk.h"
#include "protocol/object/json.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

// FNV-1a. The hash tells a stale memo from a fresh one; nobody gains by colliding with himself.
uint64_t Hash(const Value& value) {
  constexpr uint64_t kOffset = 0xcbf29ce484222325;
  constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t hash = kOffset;
  for (const char c : object::CanonicalJson(value)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  }
  return hash;
}

std::string NumberOrText(const Value& value) {
  return value.is_string() ? std::string(object::View(value.get_string())) : GoText(value);
}

// A server answers 1.0 as 1. Beyond 2^53 a double stands for several integers: no claim there.
bool SameNumber(const Value& a, const Value& b) {
  constexpr int64_t kExact = int64_t{1} << 53;
  const Value& integer = a.is_int64() ? a : b;
  const Value& real = a.is_int64() ? b : a;
  return integer.is_int64() && real.is_double() && integer.get_int64() >= -kExact &&
         integer.get_int64() <= kExact &&
         static_cast<double>(integer.get_int64()) == real.get_double();
}

bool IsNumberOrText(const Value& value) { return value.is_string() || value.is_number(); }

}  // namespace

bool Comparison::Maps(const Object& a, const Object& b, TypeId type) {
  for (const auto& member : b) {
    if (!member.value().is_null() && !a.contains(member.key())) return false;
  }
  for (const auto& member : a) {
    const PathStack::Step step(path_, member.key());
    const Value* other = b.if_contains(member.key());
    if (other == nullptr) {
      if (member.value().is_null() || Remembered(member.value(), nullptr)) continue;
      return false;
    }
    if (!Values(member.value(), *other, walk_.FieldOf(type, member.key()))) return false;
  }
  return true;
}

bool Comparison::Values(const Value& a, const Value& b, const FieldInfo& field) {
  return Plain(a, b, field) || Remembered(a, &b);
}

bool Comparison::Plain(const Value& a, const Value& b, const FieldInfo& field) {
  if (a.is_object() && b.is_object()) return Maps(a.get_object(), b.get_object(), field.child);
  if (!a.is_array() || !b.is_array()) return ScalarEqual(a, b, field.scalar);
  const Array& left = a.get_array();
  const Array& right = b.get_array();
  if (left.size() != right.size()) return false;
  FieldInfo element = field;
  element.is_list = false;
  for (size_t i = 0; i < left.size(); ++i) {
    const PathStack::Step step(path_, i);
    if (!Values(left[i], right[i], element)) return false;
  }
  return true;
}

bool Comparison::Remembered(const Value& desired, const Value* live) const {
  return memo_ != nullptr && !memo_->empty() && memo_->Equal(path_.Pointer(), desired, live);
}

bool ScalarEqual(const Value& a, const Value& b, ScalarClass scalar) {
  if (object::Equal(a, b) || SameNumber(a, b)) return true;
  if (scalar == ScalarClass::kPlain || !IsNumberOrText(a) || !IsNumberOrText(b)) return false;
  const std::string left = NumberOrText(a);
  const std::string right = NumberOrText(b);
  if (scalar == ScalarClass::kIntOrString) return left == right;
  const Result<int> order = CompareQuantities(left, right);
  return order.has_value() && *order == 0;
}

bool SemanticEqual(const Value& a, const Value& b, const Schema* schema, const Field* field) {
  FieldInfo info;
  if (field != nullptr) info = FieldInfo::From(*field);
  PathStack path;
  return Comparison(schema, nullptr, path).Values(a, b, info);
}

bool SemanticEqual(const Value& a, const Value& b, SchemaRef schema, const ObservedMemo* memo) {
  FieldInfo root;
  root.child = schema.type;
  PathStack path;
  return Comparison(schema.schema, memo, path).Values(a, b, root);
}

bool ObservedMemo::Equal(std::string_view pointer, const Value& desired, const Value* live) const {
  const auto it = entries_.find(pointer);
  if (it == entries_.end() || it->second.sent_hash != Hash(desired)) return false;
  if (!it->second.observed) return live == nullptr || live->is_null();
  return live != nullptr && object::Equal(*it->second.observed, *live);
}

namespace {

// Walks a sent document beside the answer and calls `differs` where the server changed what we
// sent.
template <typename Differs>
class Recorder {
 public:
  Recorder(const Schema* schema, Differs differs) : walk_(schema), differs_(differs) {}

  void Maps(const Object& sent, const Object& answer, TypeId type) {
    for (const auto& member : sent) {
      const PathStack::Step step(path_, member.key());
      const Value* other = answer.if_contains(member.key());
      Values(member.value(), other, walk_.FieldOf(type, member.key()));
    }
  }

 private:
  void Values(const Value& sent, const Value* answer, const FieldInfo& field) {
    if (answer == nullptr) {
      if (!sent.is_null()) differs_(path_.Pointer(), sent, answer);
      return;
    }
    if (sent.is_object() && answer->is_object() && field.strategy != Strategy::kReplace) {
      Maps(sent.get_object(), answer->get_object(), field.child);
      return;
    }
    if (sent.is_array() && answer->is_array() && !sent.get_array().empty()) {
      const ListKeys keys = walk_.KeysOf(field);
      if (!keys.empty()) {
        Lists(sent.get_array(), answer->get_array(), keys, field);
        return;
      }
    }
    if (!ScalarEqual(sent, *answer, field.scalar)) differs_(path_.Pointer(), sent, answer);
  }

  void Lists(const Array& sent, const Array& answer, const ListKeys& keys, const FieldInfo& field) {
    const KeyedList left(sent, keys);
    const KeyedList right(answer, keys);
    for (size_t i = 0; i < sent.size(); ++i) {
      const PathStack::Step step(path_, i);
      const int at = left.complete() && right.complete() ? right.Find(left.KeyAt(i)) : -1;
      if (at < 0 || !sent[i].is_object()) {
        differs_(path_.Pointer(), sent[i], at < 0 ? nullptr : &answer[at]);
        continue;
      }
      Maps(sent[i].get_object(), answer[at].get_object(), field.child);
    }
  }

  SchemaWalk walk_;
  Differs differs_;
  PathStack path_;
};

}  // namespace

ObservedMemo ObservedMemo::Record(const Value& sent, const Value& answer, SchemaRef schema) {
  ObservedMemo memo;
  if (!sent.is_object() || !answer.is_object()) return memo;
  const auto remember = [&memo](std::string pointer, const Value& value, const Value* observed) {
    Entry entry{Hash(value), std::nullopt};
    if (observed != nullptr) entry.observed = *observed;
    memo.entries_.insert_or_assign(std::move(pointer), std::move(entry));
  };
  Recorder(schema.schema, remember).Maps(sent.get_object(), answer.get_object(), schema.type);
  return memo;
}

// {"/spec/x": ["00ff…", observed]} or {"/spec/x": ["00ff…"]} when the server dropped the field.
Bytes ObservedMemo::Text() const {
  Object out;
  for (const auto& [pointer, entry] : entries_) {
    Array record;
    record.emplace_back(std::to_string(entry.sent_hash));
    if (entry.observed) record.push_back(*entry.observed);
    out[pointer] = std::move(record);
  }
  return object::CanonicalJson(Value(std::move(out)));
}

Result<ObservedMemo> ObservedMemo::Parse(BytesView text) {
  TRY(const Value document, object::ParseJson(text));
  ObservedMemo memo;
  const auto damaged = [] {
    return MakeError(Errc::kCorrupt, "the stored memo of observed values is damaged");
  };
  if (!document.is_object()) return damaged();
  for (const auto& member : document.get_object()) {
    const Value& record = member.value();
    if (!record.is_array() || record.get_array().empty() || record.get_array().size() > 2 ||
        !record.get_array()[0].is_string()) {
      return damaged();
    }
    const std::string digits(object::View(record.get_array()[0].get_string()));
    Entry entry;
    for (const char c : digits) {
      if (c < '0' || c > '9') return damaged();
      entry.sent_hash = entry.sent_hash * 10 + static_cast<uint64_t>(c - '0');
    }
    if (record.get_array().size() == 2) entry.observed = record.get_array()[1];
    memo.entries_.insert_or_assign(std::string(member.key()), std::move(entry));
  }
  return memo;
}

}  // namespace dunlin::merge
