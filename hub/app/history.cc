#include "hub/app/history.h"

#include <algorithm>

namespace dunlin::hub {

namespace {

bool RunsNow(const HistoryRecord& entry, const std::string& app, const Targets& targets) {
  return std::all_of(entry.entries.begin(), entry.entries.end(), [&](const auto& old) {
    const auto target = targets.find({app, old.cluster});
    return target == targets.end() || target->second.memory.bundle == old.bundle;
  });
}

}  // namespace

HistoryRecord MakeHistory(const std::string& app, const std::string& cause, const Targets& targets,
                          const std::vector<HistoryRecord>& past, TimePoint now) {
  HistoryRecord record;
  record.id = past.empty() ? 1 : past.back().id + 1;
  record.app = app;
  record.cause = cause;
  record.time = now;
  std::map<std::string, int> votes;  // clusters may be at different revisions: the most frequent
  for (auto it = targets.lower_bound({app, ClusterId()}); it != targets.end(); ++it) {
    if (it->first.first != app) break;
    const TargetMemory& memory = it->second.memory;
    if (!memory.bundle) continue;
    record.entries.push_back(
        {it->first.second, *memory.bundle, memory.raw_bytes, memory.objects, memory.revision});
    if (++votes[memory.revision] > votes[record.revision]) record.revision = memory.revision;
  }
  return record;
}

Result<const HistoryRecord*> ChooseHistory(const std::vector<HistoryRecord>& past, int64_t id,
                                           const std::string& app, const Targets& targets) {
  for (auto entry = past.rbegin(); entry != past.rend(); ++entry) {
    if (id == 0 ? !RunsNow(*entry, app, targets) : entry->id == id) return &*entry;
  }
  if (past.empty()) {
    return MakeError(Errc::kNotFound, "app " + app + " was never published: there is no history");
  }
  if (id == 0) {
    return MakeError(Errc::kNotFound, "app " + app + " has no earlier entry than what runs now");
  }
  return MakeError(Errc::kNotFound, "app " + app + " has no history entry " + std::to_string(id) +
                                        "; there are " + std::to_string(past.front().id) + " to " +
                                        std::to_string(past.back().id));
}

std::map<ClusterId, OldBundle> BundlesOf(const HistoryRecord& entry) {
  std::map<ClusterId, OldBundle> bundles;
  for (const HistoryRecord::Entry& old : entry.entries) {
    bundles[old.cluster] = {old.bundle, old.raw_bytes, old.objects, old.revision};
  }
  return bundles;
}

}  // namespace dunlin::hub
