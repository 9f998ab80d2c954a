// status.conditions of a live object.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"

namespace dunlin::health {

// Views live as long as the object.
struct Condition {
  std::string_view type;
  std::string_view status;  // "True", "False", "Unknown"
  std::string_view reason;
  std::string_view message;
  std::string_view last_transition;  // RFC 3339, or empty
  std::optional<int64_t> observed_generation;

  bool True() const { return status == "True"; }
  // Nothing when the time is absent or not one.
  std::optional<Millis> Age(TimePoint now) const;
};

// In the order of the object, which decides where two conditions disagree. kCorrupt when the status
// does not have the shape that every Kubernetes object's has.
Result<std::vector<Condition>> ReadConditions(const object::Value& live);

// The first of the type; null: none.
const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);

}  // namespace dunlin::health
