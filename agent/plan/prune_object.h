// May this recorded object, which its app no longer wants, be removed? The rules of merge.md
// section 11 that look at one object: 4 to 8. The answer is a Step; rules about the whole run are
// prune.h's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/plan/context.h"
#include "agent/plan/plan.h"

namespace dunlin::plan {

// Indexes that the decisions about single objects share.
class PruneFacts {
 public:
  explicit PruneFacts(const PlanContext& context);

  // A desired object that is this one under another group (rule 6); null: none.
  const object::ResourceKey* AppliedAs(const std::string& uid,
                                       const object::ResourceKey& key) const;
  // The kind that a CRD defines, as discovery tells it.
  const GroupKind* KindOf(const object::ResourceKey& crd) const;
  // The CRD that we recorded for the group is gone, and with it every kind of it that discovery
  // does not name.
  bool GroupIsGone(const std::string& group) const;
  // Live objects with the part-of id that neither the inventory nor a bundle knows: what is left of
  // a lost inventory. Null: none.
  const std::vector<object::ResourceKey>* Unrecorded(const std::string& part_of_id) const;

 private:
  std::map<std::string, object::ResourceKey> desired_by_uid_;
  std::map<std::string, GroupKind> kind_by_crd_;  // "plural.group"
  std::set<std::string> lost_crd_groups_;
  std::map<std::string, std::vector<object::ResourceKey>> unrecorded_;  // by part-of id
};

// The body of a DELETE of the object with that UID and no other.
object::Value DeleteOptions(const std::string& uid, Propagation propagation);

// Nothing: leave it out of the plan altogether (it is being handed over to another app).
std::optional<Step> DecidePrune(const PlanContext& context, const PruneFacts& facts,
                                const InventoryRecord& record, Propagation propagation);

}  // namespace dunlin::plan
