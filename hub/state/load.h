// Internal to hub/state: everything that the database holds, at start.
#pragma once

#include "hub/state/hub_state.h"
#include "protocol/store/database.h"

namespace dunlin::hub {

Result<HubSnapshot> LoadSnapshot(store::Database& database);

}  // namespace dunlin::hub
