// An app's history: what each cluster ran after each publish, and what a rollback goes back to.
// Pure functions of records.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hub/app/model.h"
#include "hub/pipeline/pipeline.h"

namespace dunlin::hub {

using Targets = std::map<TargetKey, Pipeline::Target>;

// The entry that a publish adds: the bundle of every target of the app that has one. `past` is the
// app's history, oldest first.
HistoryRecord MakeHistory(const std::string& app, const std::string& cause, const Targets& targets,
                          const std::vector<HistoryRecord>& past, TimePoint now);

// The entry to go back to: the one with this id, or for 0 the newest whose bundles are not those
// that run now. kNotFound says which ids there are.
Result<const HistoryRecord*> ChooseHistory(const std::vector<HistoryRecord>& past, int64_t id,
                                           const std::string& app, const Targets& targets);

std::map<ClusterId, OldBundle> BundlesOf(const HistoryRecord& entry);

}  // namespace dunlin::hub
