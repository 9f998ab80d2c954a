// RFC 7386 and upstream's three-way JSON merge patch (merge.md section 6), and RFC 6902.
#pragma once

#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

// RFC 7386 MergePatch(target, patch), with evanphx/json-patch's reading of it: nulls in maps inside
// a list that is new in the target are dropped.
object::Value JsonMerge(object::Value target, const object::Value& patch);

// RFC 6902 with the operations test, replace, remove and add.
Result<object::Value> JsonPatch(object::Value target, const object::Value& patch);

// Go's two number types: what fits int64 stays, everything else becomes a double.
void ToGoNumbers(object::Value& value);

}  // namespace dunlin::merge
