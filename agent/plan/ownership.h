// Whose object is it? Reads the marks that appliers leave on objects (merge.md section 11 rule 5)
// and the opt-outs from pruning (rule 7).
#pragma once

#include <map>
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
// `ours`: part-of ids of all our apps → app names. Our own label wins over marks of other tools: an
// object that we adopted keeps theirs until somebody removes them. Another tool's part-of label
// wins over everything else.
Ownership OwnerOf(const object::Value& metadata, std::string_view app,
                  const std::map<std::string, std::string>& ours);

// The other tool whose mark the object carries, beside our label or not; empty when there is none.
// Something that deletes must look at both.
std::string ForeignMark(const object::Value& metadata);

// Whether the policy lets us take the object. kMustMatch: only what already carries our mark. What
// another app of ours holds is never adopted: it is handed over once that app no longer wants it.
bool MayAdopt(const Ownership& ownership, Adoption adoption);

// The annotation that keeps an object from being pruned, or nothing. `app_removed`: because its app
// goes, not because the app gave it up.
std::string_view PruneOptOut(const object::Value& metadata, bool app_removed = false);
// The object may be removed when somebody confirms it (Prune=confirm, Delete=confirm).
bool PruneNeedsConfirmation(const object::Value& metadata, bool app_removed);

}  // namespace dunlin::plan
