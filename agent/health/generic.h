// What conditions, phases and states customarily mean, for kinds that no rule knows.
#pragma once

#include <optional>

#include "agent/health/rules.h"

namespace dunlin::health {

// What holds for every kind before a rule is asked. `observed`: status.observedGeneration is
// compared with metadata.generation.
std::optional<Health> BeingDeleted(const Facts& facts);
std::optional<Health> NotObserved(const Facts& facts);
// Reconciling and Stalled of the kstatus convention.
std::optional<Health> ByKstatusConditions(const Facts& facts);

// Ready decides where it is there.
std::optional<Health> ByReady(const Facts& facts);
// The other customary conditions, then the words of status.phase, status.state and status.health.
std::optional<Health> ByConvention(const Facts& facts);

}  // namespace dunlin::health
