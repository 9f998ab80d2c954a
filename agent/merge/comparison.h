// Deep equality by meaning at any place of a document: what SemanticEqual (semantic.h) and the
// native merge share.
#pragma once

#include "agent/merge/go_values.h"
#include "agent/merge/semantic.h"
#include "agent/merge/walk.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

class Comparison {
 public:
  // `schema` and `memo` may be null. `path` says where in the desired document the compared values
  // stand (the memo is asked by pointer); it is back where it was after every call.
  Comparison(const Schema* schema, const ObservedMemo* memo, PathStack& path)
      : walk_(schema), memo_(memo), path_(path) {}

  // `a` is the desired side. A null member equals an absent one.
  bool Maps(const object::Object& a, const object::Object& b, TypeId type);
  bool Values(const object::Value& a, const object::Value& b, const FieldInfo& field);

 private:
  bool Plain(const object::Value& a, const object::Value& b, const FieldInfo& field);
  bool Remembered(const object::Value& desired, const object::Value* live) const;

  const SchemaWalk walk_;
  const ObservedMemo* const memo_;
  PathStack& path_;
};

}  // namespace dunlin::merge
