// The planner: (desired, live, inventory, kinds) → the ordered work of one run. Same input, same
// plan, byte for byte. It decides everything; the shell that performs it decides nothing.
//
// Per app, because an app that fails, waits or is stuck never blocks another: stages of steps that
// may be in flight together, then a prune part. The shell performs the stages in order; after the
// last one it performs `prune` only if no step of the app failed (rule 2), in order.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/merge/merge.h"
#include "agent/plan/desired.h"
#include "agent/plan/kinds.h"
#include "protocol/base/result.h"
#include "protocol/object/resource_key.h"
#include "protocol/object/value.h"

namespace dunlin::plan {

// What the watch cache knows of one object.
struct LiveObject {
  object::Value metadata;  // metadata of the live object
  // The whole object; null when the cache holds metadata only (kinds without health): a step that
  // needs it is kRead, and PlanObject() is asked again with the answer of a GET.
  const object::Value* object = nullptr;
};
using LiveSnapshot = std::map<object::ResourceKey, LiveObject>;

// What the agent's database knows of one object that it applied.
struct InventoryRecord {
  object::ResourceKey key;
  std::string app;
  std::string uid;
  std::string desired_hash;               // of the desired object last applied
  std::string observed_resource_version;  // live RV at which nothing was left to do
  // Normalised and stamped, as sent; null: lost or never applied (no field deletions then).
  const object::Value* last_applied = nullptr;
  const merge::ObservedMemo* memo = nullptr;
  int64_t seq = 0;  // of the statement of last_applied: announcements up to it are settled
};
using Inventory = std::map<object::ResourceKey, InventoryRecord>;

// A document that was announced and of which no answer says that it was applied: its process was
// killed, or the connection broke. It may have been.
struct AnnouncedDocument {
  int64_t seq = 0;  // of the statement that announced it
  DesiredPtr desired;
};
using Announced = std::map<object::ResourceKey, std::vector<AnnouncedDocument>>;  // oldest first

struct SchemaLookup {
  merge::SchemaRef ref;
  bool strategic = false;
  // The server has a document, perhaps, but it could not be read: how lists merge is not known.
  bool unavailable = false;
};

struct PlanInput {
  const DesiredSet* desired = nullptr;
  const LiveSnapshot* live = nullptr;
  const Inventory* inventory = nullptr;
  const KindTable* kinds = nullptr;
  const Announced* announced = nullptr;                    // absent: none
  std::function<SchemaLookup(const merge::Gvk&)> schemas;  // pure; absent: JSON merge
  std::set<GroupKind> failed_lists;   // kinds whose LIST failed: nothing of them is known
  std::set<std::string> failed_apps;  // apps with a failed step in this run
  bool statement_complete = false;    // every bundle of a verified statement is in `desired`
  bool keep = false;              // of the statement: prune no app that it does not name (keep.h)
  bool advancing_allowed = true;  // false: the head is expired, or the state was restored
  // Of apps that are not in the statement any more. Their entries with the policy are gone:
  std::set<std::string> confirmed_removals;  // the guard is lifted for these
  std::set<std::string> keep_on_removal;     // nothing of these is removed
  std::string agent_namespace;               // empty: dunlin-system
  // What the hooks of each app came to; absent: none ever ran.
  const std::map<std::string, HookRun>* hook_runs = nullptr;
  // Objects that hooks made, in this run or before: neither members nor unknown.
  const std::set<object::ResourceKey>* hook_objects = nullptr;
};

enum class Action {
  kSkip,        // live is as desired; `new_resource_version` says which RV to record
  kCreate,      // POST body
  kPatch,       // PATCH body with `merge.kind`'s content type
  kRead,        // GET the object, then PlanObject() with it
  kWaitForCrd,  // the kind is not served yet: re-read discovery after stage 1, then plan again
  kConflict,    // somebody else owns it: report, do not write. Counts as a failed step
  kBlocked,     // cannot be merged or is not allowed: report. A failed step unless `reason` is
                // kReasonDrift
  kDelete,      // DELETE with body (UID precondition)
  kRelease,     // PATCH that removes our label: kept by opt-out
  kForget,      // drop the inventory record: already gone, known under another group, or kept
};
std::string_view Name(Action action);

// Step::code of a change of lists that nobody knows how to merge.
inline constexpr std::string_view kSchemaUnavailable = "schema_unavailable";
// A deleted object that self-heal is not allowed to bring back.
inline constexpr std::string_view kReasonDrift = "missing; not repaired because selfHeal is off";

struct Step {
  Action action = Action::kSkip;
  object::ResourceKey key;
  std::string api_version;
  std::string app;
  DesiredPtr desired;                // null for prune steps
  merge::MergeOutcome merge;         // kCreate, kPatch, kDelete, kRelease: kind and body
  std::string uid;                   // of the live object, when known
  std::string new_resource_version;  // kSkip: record it as observed
  std::string resource_version;      // kDelete: of the live object that this was decided on
  std::string reason;                // for people and tests: "unchanged", "changed", "pruned" …
  std::string_view code;             // kBlocked: a stable word, when `reason` has one
};

struct Stage {
  HookPhase phase = HookPhase::kSync;
  int32_t wave = 0;
  int stage = 0;
  std::vector<Step> steps;
  std::vector<DesiredPtr> hooks;  // started with the steps
  // The last stage of a wave with hooks: go on when every hook started so far has succeeded.
  bool gate_hooks = false;
  bool gate_established = false;  // CRDs: wait for Established and for the kinds in discovery
  // The last stage of a wave of objects that another wave or PostSync follows: go on when all
  // objects up to this wave are healthy.
  bool gate_health = false;
  // In `prune`: go on when the objects that this stage deletes are gone (a CRD goes after its
  // custom resources, a namespace after what lives in it).
  bool gate_gone = false;
};

struct AppPlan {
  std::string app;
  std::vector<std::string> depends_on;
  int priority = 0;
  // By phase. Those of SyncFail are for a sync that fails, all others for one that does not.
  std::vector<Stage> stages;
  std::vector<Stage> prune;   // empty when nothing is to be removed or pruning is refused
  std::string prune_refused;  // why, when candidates exist and are not (all) removed
  std::vector<Problem> problems;
  // Write-ahead inventory (rule 10): recorded members plus everything that this run may create.
  std::vector<object::ResourceKey> superset;
  std::set<GroupKind> group_kinds;   // of the superset
  std::set<std::string> namespaces;  // of the superset
};

struct Plan {
  std::vector<AppPlan> apps;  // by priority (higher first), then name; removed apps are in it, too
};

Result<Plan> MakePlan(const PlanInput& input);

// The step of one object, for a single re-decision: a watch event, 409, a GET after kRead.
// `live` null: not there.
Step PlanObject(const PlanInput& input, const DesiredPtr& desired, const LiveObject* live);

}  // namespace dunlin::plan
