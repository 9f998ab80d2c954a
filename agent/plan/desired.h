// The desired objects of an accepted statement, ready to be compared and sent: normalised, with
// their namespace settled by the kind's scope, stamped, hashed. Made once per statement (hashing
// 2,000 objects is the costly part of planning) and shared with every plan made from it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plan/hooks.h"
#include "agent/plan/kinds.h"
#include "agent/plan/options.h"
#include "protocol/base/result.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

enum class Adoption { kAdoptIfUnowned, kMustMatch, kAdoptAll };
enum class Propagation { kBackground, kForeground, kOrphan };
std::string_view Name(Propagation propagation);  // "Background", …

// What the agent needs of the App's policy.
struct AppPolicy {
  bool prune = true;
  bool self_heal = true;
  bool allow_empty = false;
  bool allow_mass_prune = false;  // of the signed statement; holds for its seq only
  Adoption adoption = Adoption::kAdoptIfUnowned;
  Propagation propagation = Propagation::kBackground;
  std::string default_namespace;  // for namespaced objects that name none; empty: "default"
  // default_namespace is made when no manifest of the statement names it. It is kept when the app
  // goes: others may have put things there.
  bool create_namespace = false;
  std::map<std::string, std::string> namespace_labels;
  std::map<std::string, std::string> namespace_annotations;
  bool cluster_scope_allowed = true;
  std::vector<std::string> allowed_namespaces;  // empty: all
  std::vector<GroupKind> allowed_kinds;         // empty: all
  std::vector<std::string> depends_on;
  int priority = 0;  // higher first
};

// One bundle of the statement.
struct AppInput {
  std::string name;
  AppPolicy policy;
  std::vector<const object::Value*> objects;  // alive while Prepare runs
  int64_t expected_objects = 0;               // the count that the statement names
  bool complete = true;                       // bundle present, digest verified
};

struct Desired {
  object::ResourceKey key;
  std::string app;
  std::string api_version;  // "apps/v1"
  object::Value object;     // normalised and stamped
  std::string hash;         // see StampDesired
  int32_t wave = 0;
  int stage = 0;
  // Made for create_namespace: it is enough that the object exists, whoever owns it.
  bool implied = false;
  ApplyMode apply_mode = ApplyMode::kOfApp;
  std::optional<Hook> hook;  // it is no object to keep, but runs in this phase
};
using DesiredPtr = std::shared_ptr<const Desired>;

struct Problem {
  std::string app;
  std::string object;  // ResourceKey::Text(), or empty
  // Stable word. Objects: object_invalid, object_duplicate, kind_unknown, version_not_served,
  // kind_forbidden, namespace_forbidden, cluster_scope_forbidden, part_of_label. Warnings:
  // hook_ignored, option_ignored. Apps: prune_guard, prune_unrecorded.
  std::string code;
  std::string message;
  bool operator==(const Problem&) const = default;
};

struct PreparedApp {
  std::string name;
  AppPolicy policy;
  std::vector<DesiredPtr> objects;  // in apply order
  std::vector<DesiredPtr> hooks;    // one for each phase, by phase, then in apply order
  // Of all objects and hooks: a sync is for one content. The policy is not in it.
  std::string content;
  // Why no object may be applied: a hook that belongs before it is left out.
  std::string held;
  std::vector<Problem> problems;  // objects that are left out, and why
  // Of every object of the bundle, left out or not: never pruned. One whose scope is not known is
  // here with and without namespace.
  std::set<object::ResourceKey> keys;
  bool complete = false;  // every object of the statement is here: prune may look at it
  bool empty = false;     // the bundle holds no object
};

struct DesiredSet {
  std::vector<PreparedApp> apps;  // sorted by name
  // The objects that two apps want: neither may take it from the other silently.
  std::map<object::ResourceKey, std::vector<std::string>> shared;
};

// `kinds` settles scopes; a kind that only a CRD of the set defines takes its scope from that CRD.
// An object that cannot be prepared (no kind, forbidden namespace, foreign part-of label) becomes a
// Problem of its app; the others go on.
DesiredSet Prepare(const std::vector<AppInput>& apps, const KindTable& kinds,
                   std::string_view agent_namespace);

// By phase (objects are in Sync), wave, stage, then Helm's order.
bool AppliesBefore(const DesiredPtr& a, const DesiredPtr& b);

// The document that one task of a run sends: named, and marked as that run's.
DesiredPtr HookDocument(const Desired& hook, const HookRun& run, std::string_view revision);

}  // namespace dunlin::plan
