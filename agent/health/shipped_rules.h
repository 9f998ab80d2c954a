// The HealthRules of shipped/*.yaml as the build embeds them: checked, in canonical JSON.
#pragma once

#include <span>
#include <string_view>

namespace dunlin::health {

struct ShippedRule {
  std::string_view name;
  std::string_view spec;  // JSON
};
// One element of a rule's `match`.
struct ShippedMatch {
  std::string_view group;  // may hold a '*', as kind
  std::string_view kind;
  size_t rule;  // place in ShippedRules()
};

std::span<const ShippedRule> ShippedRules();
std::span<const ShippedMatch> ShippedMatches();

}  // namespace dunlin::health
