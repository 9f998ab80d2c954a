// What the hub is told: for each app its state (the words of the design, worst first), health,
// counts, and every problem with a hint for people.
#pragma once

#include <map>
#include <string>

#include "agent/sync/app_run.h"
#include "agent/sync/desired_store.h"
#include "agent/sync/world.h"
#include "protocol/wire/report.h"

namespace dunlin::sync {

// The whole report, without id and time: comparable with the one before.
wire::Report MakeReport(const World& world, const DesiredStore& desired,
                        const std::map<std::string, AppRun>& runs);

}  // namespace dunlin::sync
