// Whose object is it? Reads the marks that appliers leave on objects (merge.md section 11 rule 5)
// and the opt-outs from pruning (rule 7).
#pragma once

#include <string>
#include <string_view>

#include "agent/plan/desired.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

enum class Owner {
  kNobody,   // no mark
  kThisApp,  // our part-of id of this app
  kOurs,     // the part-of id of another app of ours
  kForeign,  // another tool
};

struct Ownership {
  Owner owner = Owner::kNobody;
  std::string by;  // for people: "Helm release shop/web", "Argo CD application shop" …
};
// `ours`: part-of ids of all our apps → app names.
Ownership OwnerOf(const object::Value& metadata, std::string_view app,
                  const std::map<std::string, std::string>& ours);

// Whether the policy lets us take the object. kMustMatch: only what already carries our mark.
bool MayAdopt(const Ownership& ownership, Adoption adoption);

// The annotation that keeps an object from being pruned, or nothing.
std::string_view PruneOptOut(const object::Value& metadata);

}  // namespace dunlin::plan
