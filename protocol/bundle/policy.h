// The policy's place in the canonical bundle; used by bundle.cc, and by tests of it.
#pragma once

#include "protocol/bundle/bundle.h"

namespace dunlin::bundle {

// Only members that differ from their default.
object::Value PolicyToJson(const Policy& policy);
Result<Policy> PolicyFromJson(const object::Value& json);

}  // namespace dunlin::bundle
