// What lives in a namespace that is about to be deleted (merge.md section 11 rule 8). The watches
// show what carries our mark; a namespace takes everything along, whoever made it.
#pragma once

#include <string>
#include <vector>

#include "agent/plan/kinds.h"
#include "protocol/base/result.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

struct ListedKind {
  GroupKind kind;
  std::string version;
  std::string plural;
};

// The kinds whose objects a namespace can hold, except Events. kUnavailable when discovery could
// not refresh one of them: then nobody knows.
Result<std::vector<ListedKind>> KindsInNamespaces(const KindTable& kinds);

// Nothing is lost with it: Kubernetes puts it into every namespace, it is on its way out already,
// is only a view (no UID), or belongs to another object of a namespace, which is found itself.
bool GoesWithItsNamespace(const object::ResourceKey& key, const object::Value& metadata,
                          const KindTable& kinds);

}  // namespace dunlin::plan
