#include "agent/merge/drift.h"

#include <algorithm>

#include "agent/merge/native_merge.h"

namespace dunlin::merge {

std::string_view Name(DriftCause cause) {
  switch (cause) {
    case DriftCause::kNone:
      return "none";
    case DriftCause::kUser:
      return "user";
    case DriftCause::kCluster:
      return "cluster";
    case DriftCause::kBoth:
      return "both";
  }
  return "none";
}

Result<DriftReport> Drift(const MergeInput& input) {
  for (const object::Value* document : {input.last, input.desired, input.live}) {
    if (document != nullptr && !document->is_object()) {
      return MakeMergeError(ErrorClass::kBadJson, "", "the document is not a JSON object");
    }
  }
  if (input.desired == nullptr || input.live == nullptr) {
    return MakeMergeError(ErrorClass::kBadRequest, "", "drift needs a desired and a live object");
  }
  const bool strategic = input.strategic && input.schema;
  NativeMerge merge(input.schema.schema, {strategic, true, input.merge_cr_lists, input.memo});
  TRY_VOID(merge.Objects(input.last != nullptr ? &input.last->get_object() : nullptr,
                         input.desired->get_object(), input.live->get_object(), input.schema.type));
  DriftReport report;
  bool user = false;
  bool cluster = false;
  for (const Change& change : merge.changes()) {
    report.changed_paths.push_back(change.pointer);
    user = user || change.user;
    cluster = cluster || change.cluster;
  }
  std::sort(report.changed_paths.begin(), report.changed_paths.end());
  report.changed_paths.erase(std::unique(report.changed_paths.begin(), report.changed_paths.end()),
                             report.changed_paths.end());
  if (user || cluster) {
    report.cause = !cluster ? DriftCause::kUser : user ? DriftCause::kBoth : DriftCause::kCluster;
  }
  return report;
}

}  // namespace dunlin::merge
