// The prune part of one app's plan: the rules of merge.md section 11 that look at the whole run (1
// to 3, 8 and 9). Deleting what should have stayed is the worst failure of a tool like this, so
// whatever is not known for certain refuses the whole prune, with the reason in
// AppPlan::prune_refused.
#pragma once

#include "agent/plan/context.h"
#include "agent/plan/plan.h"
#include "agent/plan/prune_object.h"

namespace dunlin::plan {

// REQUIRES: plan.app, plan.stages and plan.problems are filled.
void PlanPrune(const PlanContext& context, const PruneFacts& facts, AppPlan& plan);

}  // namespace dunlin::plan
