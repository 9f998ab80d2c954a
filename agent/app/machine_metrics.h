// The machine's numbers as metrics, taken when somebody asks.
#pragma once

#include "agent/sync/machine.h"
#include "protocol/base/metrics.h"

namespace dunlin::app {

void DeclareMachineMetrics(Metrics& metrics);
// `certificate_not_after`: of the agent's certificate.
void TakeMachineMetrics(const sync::SyncMachine& machine, TimePoint now,
                        TimePoint certificate_not_after, Metrics& metrics);

}  // namespace dunlin::app
