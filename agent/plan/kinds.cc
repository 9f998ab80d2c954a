#include "agent/plan/kinds.h"

#include <algorithm>

namespace dunlin::plan {

std::string GroupKind::Text() const { return group.empty() ? kind : kind + "." + group; }

bool Serves(const KindTable& kinds, const GroupKind& kind, std::string_view version) {
  const auto found = kinds.find(kind);
  if (found == kinds.end()) return false;
  const std::vector<std::string>& versions = found->second.versions;
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

}  // namespace dunlin::plan
