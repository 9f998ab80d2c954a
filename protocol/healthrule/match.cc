#include <algorithm>

#include "protocol/healthrule/rule.h"

namespace dunlin::healthrule {

bool MatchesGroup(std::string_view pattern, std::string_view group) {
  if (pattern == "*") return true;
  if (!pattern.starts_with("*.")) return pattern == group;
  const std::string_view suffix = pattern.substr(1);
  return group.size() > suffix.size() && group.ends_with(suffix);
}

namespace {

bool Holds(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

bool Match::MatchesKind(std::string_view in_group, std::string_view kind) const {
  return MatchesGroup(group, in_group) && (Holds(kinds, "*") || Holds(kinds, kind));
}

bool Match::Matches(std::string_view in_group, std::string_view version,
                    std::string_view kind) const {
  return MatchesKind(in_group, kind) && (versions.empty() || Holds(versions, version));
}

bool Match::Exact() const { return !group.starts_with('*') && !Holds(kinds, "*"); }

bool HealthRule::Matches(std::string_view group, std::string_view version,
                         std::string_view kind) const {
  return std::any_of(match.begin(), match.end(),
                     [&](const Match& one) { return one.Matches(group, version, kind); });
}

}  // namespace dunlin::healthrule
