// What the hub is told of one app: state (the words of the design, worst first), health, counts,
// and every problem with a hint for people.
#pragma once

#include <string>

#include "agent/sync/app_run.h"
#include "agent/sync/desired_store.h"
#include "agent/sync/world.h"
#include "protocol/trust/documents.h"
#include "protocol/wire/report.h"

namespace dunlin::sync {

struct TargetInput {
  std::string app;
  const trust::StatementApp* entry = nullptr;  // null: not in the statement any more
  const AppRun* run = nullptr;                 // null: nothing of it was planned yet
};
wire::TargetReport MakeTargetReport(const World& world, const DesiredStore& desired,
                                    const TargetInput& input);

// The whole report, without id and time: comparable with the one before.
wire::Report MakeReport(const World& world, const DesiredStore& desired,
                        const std::map<std::string, AppRun>& runs);

}  // namespace dunlin::sync
