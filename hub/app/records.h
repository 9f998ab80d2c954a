// Between the pipeline's values and the rows of the database.
#pragma once

#include "hub/app/history.h"
#include "hub/app/model.h"
#include "hub/pipeline/pipeline.h"

namespace dunlin::hub {

TargetRecord ToRecord(const TargetKey& key, const TargetMemory& memory);
TargetMemory ToMemory(const TargetRecord& record);

// The rows that become true together with a publication.
PublishRecord ToRecord(const Publication& publication, const Targets& targets,
                       const FleetModel& model, TimePoint now);

}  // namespace dunlin::hub
