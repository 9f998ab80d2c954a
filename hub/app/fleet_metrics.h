// The hub's metrics: what is counted while it runs, and gauges of the fleet made at each scrape (so
// that a cluster that is gone leaves no series behind). Names: docs of the metrics; states: the
// words of the status.
#pragma once

#include "hub/app/documents.h"
#include "protocol/base/metrics.h"

namespace dunlin::hub {

void DeclareHubMetrics(Metrics& metrics);
Metrics FleetMetrics(const FleetView& view);

}  // namespace dunlin::hub
