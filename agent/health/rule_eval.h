// A HealthRule applied to one object.
#pragma once

#include <optional>
#include <string_view>

#include "agent/health/health.h"
#include "protocol/healthrule/rule.h"

namespace dunlin::health {

// The reason of an object that a rule gave up on.
inline constexpr std::string_view kTooCostly = "HealthRuleTooCostly";

// Nothing: no case holds. Unknown and kTooCostly when an object is so large that
// the rule costs more than limits::kHealthRuleSteps comparisons.
std::optional<Health> Apply(const healthrule::HealthRule& rule, const object::Value& live,
                            TimePoint now);

}  // namespace dunlin::health
