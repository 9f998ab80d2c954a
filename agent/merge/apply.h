// Applies a patch to an object as the apiserver does, and two-way/three-way creation in upstream's
// manner. These are the functions that outsiders compare with apimachinery's strategicpatch and
// jsonmergepatch; the agent's own three-way merge is merge.h.
#pragma once

#include <string>
#include <vector>

#include "agent/merge/errors.h"
#include "agent/merge/schema.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

enum class PatchType { kStrategic, kMerge, kJson };

// Strategic (merge.md section 5), RFC 7386 or RFC 6902 (test, replace, remove, add). kStrategic
// needs a schema.
Result<object::Value> Apply(const object::Value& current, const object::Value& patch,
                            PatchType type, SchemaRef schema);

// Two-way strategic diff with $setElementOrder (section 4).
Result<object::Value> Diff2(const object::Value& original, const object::Value& modified,
                            SchemaRef schema);

struct ThreeWay {
  object::Value patch;
  std::vector<std::string> conflicts;  // JSON pointers; filled when overwrite is false
};
// Upstream's CreateThreeWayMergePatch, quirks included.
Result<ThreeWay> StrategicThreeWay(const object::Value& original, const object::Value& modified,
                                   const object::Value& current, SchemaRef schema, bool overwrite);
// Upstream's CreateThreeWayJSONMergePatch. Integers go through double, as upstream's do.
Result<ThreeWay> JsonThreeWay(const object::Value& original, const object::Value& modified,
                              const object::Value& current);

// JSON pointers where `patch` and what changed from original to current disagree (section 4.4).
Result<std::vector<std::string>> Conflicts(const object::Value& patch,
                                           const object::Value& original,
                                           const object::Value& current, SchemaRef schema);

// The order-insensitive form of an object or patch (merge.md 8.3, sortlists).
Result<object::Value> SortLists(const object::Value& object, SchemaRef schema);

}  // namespace dunlin::merge
