// One object's next request: the planner's decision for what is live and recorded at this very
// moment, and the request it makes. Every path (first apply, 409, drift, a GET's answer) comes
// here, so that nothing is ever sent on an old view.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "agent/merge/schema.h"
#include "agent/plan/plan.h"
#include "agent/sync/desired_store.h"
#include "agent/sync/world.h"

namespace dunlin::sync {

class Decider {
 public:
  Decider(World& world, const DesiredStore& desired) : world_(world), desired_(desired) {}

  // For MakePlan; whether removing is allowed is the caller's to add.
  plan::PlanInput Input() const;
  // `read`: the answer of a GET; null: the live cache is asked.
  plan::Step Decide(const plan::DesiredPtr& desired, const object::Value* read) const;
  // The document of a wanted object; null when the bundles have to be opened again.
  plan::DesiredPtr Document(const object::ResourceKey& key) const;
  merge::SchemaRef SchemaOf(const plan::Desired& desired) const;

  // Nothing when the kind is not served.
  std::optional<Request> MakeRequest(const plan::Step& step, Verb verb) const;
  // The kind refused a strategic patch (415). False when it already got a JSON merge patch.
  bool UseJsonMerge(const plan::Desired& desired);

 private:
  plan::SchemaLookup Lookup(const merge::Gvk& gvk) const;

  World& world_;
  const DesiredStore& desired_;
  std::set<merge::Gvk> json_only_;
};

// Removes what a JSON pointer names, if it is there.
void RemovePointer(object::Value& value, std::string_view pointer);

}  // namespace dunlin::sync
