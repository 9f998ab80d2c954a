// A statement with `keep` prunes no app that it does not name: the hub that signed it works on an
// older copy of its database and does not know every app. What such a statement leaves is forgotten
// instead: no record, so no later statement removes it either. The objects keep their mark, so the
// app takes them over when it is named again.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/plan/plan.h"
#include "protocol/object/resource_key.h"

namespace dunlin::plan {

// The records of apps that are not named, by app.
std::map<std::string, std::vector<object::ResourceKey>> UnnamedRecords(
    const std::set<std::string>& named, const Inventory& inventory);

}  // namespace dunlin::plan
