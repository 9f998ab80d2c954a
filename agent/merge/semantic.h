// When two values mean the same although they are written differently (merge.md section 7).
//
// Quantities compare by value ("1000m" = 1), int-or-string values by their text ("80" = 80), and
// the observed-value memo covers everything that a server rewrites by itself (defaulting, webhooks,
// dropped empty maps) without code per kind: after a successful write we remember, for each path
// that we set and that came back different, what we sent and what the server made of it. As long as
// the desired value is still the one we sent and the live value is still the one we saw, the two
// count as equal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/merge/schema.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

class ObservedMemo {
 public:
  ObservedMemo() = default;

  // Compares what was sent (normalised desired object) with the object that the server answered.
  static ObservedMemo Record(const object::Value& sent, const object::Value& answer,
                             SchemaRef schema);
  // Canonical JSON, for the agent's database. Parse refuses what Text() did not write.
  Bytes Text() const;
  static Result<ObservedMemo> Parse(BytesView text);

  // `live` null pointer = absent. Pointers are those of the desired object.
  bool Equal(std::string_view pointer, const object::Value& desired,
             const object::Value* live) const;
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t sent_hash = 0;                 // of the canonical JSON of what we sent
    std::optional<object::Value> observed;  // nothing: the server dropped it
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

// Deep equality of two values of a field (`field` may be null: plain comparison).
bool SemanticEqual(const object::Value& a, const object::Value& b, const Schema* schema,
                   const Field* field);
// Deep equality of two objects of one type; `memo` may be null. `a` is the desired side.
bool SemanticEqual(const object::Value& a, const object::Value& b, SchemaRef schema,
                   const ObservedMemo* memo);
// Two scalars of one class.
bool ScalarEqual(const object::Value& a, const object::Value& b, ScalarClass scalar);

}  // namespace dunlin::merge
