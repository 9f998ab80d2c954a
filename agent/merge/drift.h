// Which fields of a live object differ from the desired state, and who changed them: what status
// reports about drift.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/merge/merge.h"

namespace dunlin::merge {

enum class DriftCause {
  kNone,     // live equals desired
  kUser,     // the desired state moved, live is what we applied
  kCluster,  // the desired state is what we applied, somebody changed live
  kBoth,
};
std::string_view Name(DriftCause cause);

struct DriftReport {
  std::vector<std::string> changed_paths;  // JSON pointers, sorted
  DriftCause cause = DriftCause::kNone;
};

// REQUIRES: desired and live present. Absent last: every difference is the user's.
Result<DriftReport> Drift(const MergeInput& input);

}  // namespace dunlin::merge
