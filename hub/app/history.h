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

// What a rollback starts from.
struct RollbackFrom {
  const std::vector<HistoryRecord>& past;  // of the app, oldest first
  const std::string& app;
  const Targets& targets;
  int64_t pinned = 0;  // the entry that an earlier rollback holds the app at; 0: it follows Git
};

// The entry to go back to: the one with this id (kNotFound says which there are), or for 0 the
// newest that does not run now. From an app that is rolled back already it is only ever an older
// one: going back twice must not lead to what was gone back from. An entry that a rollback wrote
// counts as the one it went back to. kPrecondition when nothing is older.
Result<const HistoryRecord*> ChooseHistory(const RollbackFrom& from, int64_t id);

std::map<ClusterId, OldBundle> BundlesOf(const HistoryRecord& entry);

}  // namespace dunlin::hub
