// Which stored bundles nothing refers to any more.
#pragma once

#include <set>
#include <vector>

#include "hub/app/history.h"
#include "hub/publish/bundle_store.h"
#include "hub/state/hub_state.h"

namespace dunlin::hub {

// What a kept statement, a history entry, a stored row or a target in memory names stays.
// kCorrupt: a stored statement does not parse; then nothing may be removed.
Result<std::vector<BundleDigest>> Unreferenced(const std::vector<BundleDigest>& stored,
                                               const HubSnapshot& snapshot, const Targets& targets);

// Removes them; the number. REQUIRES: no render is under way (its bundles are not yet named).
Result<size_t> CollectGarbage(HubState& state, BundleStore& bundles, const Targets& targets);

}  // namespace dunlin::hub
