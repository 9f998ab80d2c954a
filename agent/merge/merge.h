// The three-way merge that the agent runs for every object: (last applied, desired, live) → the one
// request that makes live equal to desired without touching what others set.
//
// Mode kNative (merge.md 8.2) is what `dunlin-agent run` uses: it walks the three documents at
// once, sends only what differs in meaning, keeps integers exact, and merges lists with repeated
// merge keys by their list map keys, where kubectl loses elements. Mode kKubectl is upstream's
// algorithm with its quirks, for comparison (apply.h).
//
// Pure and thread-safe; inputs stay unchanged. Callers pass desired and last in Normalize()d form.
#pragma once

#include <string>
#include <vector>

#include "agent/merge/apply.h"
#include "agent/merge/errors.h"
#include "agent/merge/normalize.h"
#include "agent/merge/schema.h"
#include "agent/merge/semantic.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::merge {

enum class Compat { kNative, kKubectl };

struct MergeInput {
  const object::Value* last = nullptr;     // absent: we never applied this object
  const object::Value* desired = nullptr;  // absent: the object goes away
  const object::Value* live = nullptr;     // absent: the object has to be created
  SchemaRef schema;                        // absent: JSON merge patch without metadata
  bool strategic = false;                  // the kind's PATCH takes strategic merge patches
  const ObservedMemo* memo = nullptr;
  Compat compat = Compat::kNative;
  bool overwrite = true;       // false (drift policy "report"): conflicting paths are not sent
  bool merge_cr_lists = true;  // list-type map of custom resources: by key, else replaced whole
};

enum class MergeKind { kNone, kCreate, kStrategic, kJsonMerge, kDelete };

struct MergeOutcome {
  MergeKind kind = MergeKind::kNone;  // kNone: nothing to send
  object::Value body;  // POST body, patch, or DeleteOptions with the UID precondition
  // JSON pointers of fields that somebody else changed since we applied them and that the patch
  // sets back (overwrite) or leaves alone (not overwrite).
  std::vector<std::string> conflicts;
  // JSON pointers of everything that the patch sets or removes.
  std::vector<std::string> changed;
  // The patch folds live data in: send metadata.resourceVersion of the live object with it (it is
  // in the body already) and recompute on 409.
  bool needs_resource_version = false;
};

// Errors: kPrecondition class when group, kind, name or namespace of the three differ (kNative
// only: upstream's creation does not look); the classes of errors.h for documents that cannot be
// merged.
Result<MergeOutcome> Merge(const MergeInput& input);

// "application/strategic-merge-patch+json" or "application/merge-patch+json"; empty for the others.
std::string_view ContentType(MergeKind kind);

}  // namespace dunlin::merge
