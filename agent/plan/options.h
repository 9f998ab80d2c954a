// Options that a manifest says about itself: Argo CD's `sync-options` and our own annotations.
// Those about removing are read from the live object instead (ownership.h): it may be gone from
// Git.
#pragma once

#include <string>
#include <vector>

#include "protocol/object/value.h"

namespace dunlin::plan {

enum class ApplyMode {
  kOfApp,       // as the app's policy says
  kMerge3,      // dunlin.dev/apply: merge3
  kServerSide,  // ServerSideApply=true, dunlin.dev/apply: ssa
};

struct ObjectOptions {
  ApplyMode apply_mode = ApplyMode::kOfApp;
  std::vector<std::string> not_done;  // "Replace=true": said, and without effect here
};
ObjectOptions OptionsOf(const object::Value& object);

}  // namespace dunlin::plan
