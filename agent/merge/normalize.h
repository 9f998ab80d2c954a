// The form in which a desired object is hashed, stored as last-applied and merged (merge.md section
// 7 and 8.2 rule 6). Idempotent. Removes what a manifest may carry but must never set (status
// except on CRDs, managedFields, resourceVersion, generation, uid, creationTimestamp, selfLink),
// turns a Secret's stringData into data, and folds the two spellings of an empty rule list into
// one. Nulls stay: on update a null deletes the field. StripNulls() is for creation.
#pragma once

#include "agent/merge/schema.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

Result<object::Value> Normalize(const object::Value& object);

// Removes null members of maps at any depth; null list elements stay (kubernetes#123304).
void StripNulls(object::Value& value);

}  // namespace dunlin::merge
