// The live objects that carry our mark, as the watches show them. Compact: metadata as a tree (the
// planner's skip test needs it), the rest as canonical JSON text, decoded only when an object has
// to be merged. Status is dropped once the object is healthy.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/health/judge.h"
#include "agent/plan/kinds.h"
#include "agent/plan/plan.h"
#include "protocol/base/time.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::sync {

class LiveCache {
 public:
  struct Change {
    bool existed = false;         // before
    bool resource_moved = false;  // another resourceVersion than before
    bool health_moved = false;
    // Anything but the status: spec (by generation), labels, annotations, deletion. True for kinds
    // that count no generations.
    bool content_moved = false;
  };

  // The fleet's rules for judging. Returns the kinds held here that a rule names, now or before:
  // objects that were Current have lost their status, so these kinds must be listed again. None
  // when the rules are the same.
  std::set<plan::GroupKind> SetHealthRules(std::vector<health::FleetRule> rules);

  // Whether a watch brings what was true before what the cache holds: the echo of an older write.
  bool IsOlder(const object::ResourceKey& key, const object::Value& object) const;
  // Takes the object; managedFields and the kubectl annotation are dropped.
  Change Put(const object::ResourceKey& key, object::Value object, TimePoint now);
  bool Remove(const object::ResourceKey& key);

  // A fresh LIST of one kind: what is not named until EndReplace is gone. Returns those keys.
  void BeginReplace(const plan::GroupKind& kind);
  std::vector<object::ResourceKey> EndReplace(const plan::GroupKind& kind);
  void DropKind(const plan::GroupKind& kind);

  // Null when not there. Pointers live until the next change.
  const plan::LiveObject* Find(const object::ResourceKey& key) const;
  // The whole object; nothing when not there.
  std::optional<object::Value> Full(const object::ResourceKey& key) const;
  const health::Health* HealthOf(const object::ResourceKey& key) const;
  // Judges again those whose health depends on time (everything that is not Current); true when one
  // changed.
  bool Reevaluate(TimePoint now);
  // Whether there is one.
  bool AnyUnsettled() const { return unsettled_ > 0; }

  // Objects without body: MakePlan answers kRead where it needs one.
  const plan::LiveSnapshot& snapshot() const { return snapshot_; }
  size_t size() const { return snapshot_.size(); }

 private:
  struct Body {
    Bytes text;  // canonical JSON without metadata
    health::Health health;
  };
  void Judged(Body& body, health::Health judged);

  health::Judge judge_;
  std::vector<health::FleetRule> rules_;
  size_t unsettled_ = 0;  // bodies that are not Current
  std::map<object::ResourceKey, Body> bodies_;
  plan::LiveSnapshot snapshot_;
  std::map<plan::GroupKind, std::set<object::ResourceKey>> replacing_;  // not named yet
};

std::string_view ResourceVersionOf(const plan::LiveObject& live);
std::string_view UidOf(const plan::LiveObject& live);

}  // namespace dunlin::sync
