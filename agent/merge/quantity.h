// resource.Quantity as apimachinery reads it (pkg/api/resource): "1500m", "1.5", "1e3", "2Gi".
//
// Grammar: sign? (digits | digits.digits | digits. | .digits) suffix?, suffix one of
// n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or (e|E) sign? digits. Values are compared exactly, as
// decimal digit strings with a decimal exponent and a binary shift: no overflow, no rounding,
// except upstream's own two: what is finer than a nano is rounded away from zero, and what is above
// 2^63-1 is capped there.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin::merge {

// -1, 0, 1. kInvalidArgument names the text that is no quantity.
Result<int> CompareQuantities(std::string_view a, std::string_view b);
bool IsQuantity(std::string_view text);

}  // namespace dunlin::merge
