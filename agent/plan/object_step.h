// The decision for one desired object: skip, create, patch, or why not.
#pragma once

#include "agent/plan/context.h"
#include "agent/plan/plan.h"

namespace dunlin::plan {

Step DecideObject(const PlanContext& context, const DesiredPtr& desired, const LiveObject* live);

}  // namespace dunlin::plan
