// What a cluster's discovery says, as the planner needs it.
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/object/resource_key.h"

namespace dunlin::plan {

struct GroupKind {
  std::string group;
  std::string kind;

  static GroupKind Of(const object::ResourceKey& key) { return {key.group, key.kind}; }
  // "Deployment.apps", "Namespace": the form of ApplySet's contains-group-kinds.
  std::string Text() const;
  auto operator<=>(const GroupKind&) const = default;
};

struct KindInfo {
  std::string plural;  // URL segment
  bool namespaced = true;
  std::vector<std::string> versions;  // served ones, preferred first
  std::vector<std::string> verbs;     // create, patch, delete, list, watch …
  bool stale = false;  // discovery could not refresh it: nothing of this kind is pruned
};

// The kinds of one cluster. A kind that is not in it is "not there yet".
using KindTable = std::map<GroupKind, KindInfo>;

bool Serves(const KindTable& kinds, const GroupKind& kind, std::string_view version);

}  // namespace dunlin::plan
