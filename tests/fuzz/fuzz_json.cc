// JSON: no input crashes, and what was read is written in one form only.
#include <cstddef>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/object/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dunlin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = object::ParseJson(text);
  if (!value) return 0;
  const std::string once = object::CanonicalJson(*value);
  const auto again = object::ParseJson(once);
  CHECK(again);
  // Only "-0.0" needs a second round: Go writes it as -0, which is the integer 0 when read.
  const std::string twice = object::CanonicalJson(*again);
  const auto last = object::ParseJson(twice);
  CHECK(last && object::CanonicalJson(*last) == twice && object::Equal(*last, *again));
  return 0;
}
