// What a merge takes for "last applied" when it is not known which of several documents it was: an
// agent that was killed, or lost the answer, may have sent each of them.
#pragma once

#include <vector>

#include "agent/merge/schema.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

// One document with everything that any of `originals` has (the oldest first, the last one whose
// application is known at the front), so that a merge removes whatever none of them justifies any
// more. Lists with keys and sets are joined by element; of differing values, the one that is live
// wins, because a value of our own is no change by others. REQUIRES: originals is not empty.
object::Value JoinOriginals(const std::vector<const object::Value*>& originals,
                            const object::Value& live, SchemaRef schema);

}  // namespace dunlin::merge
