#include "hub/app/history.h"

#include <algorithm>
#include <string_view>

namespace dunlin::hub {

namespace {

constexpr std::string_view kRollbackCause = "rollback";

bool RunsNow(const HistoryRecord& entry, const std::string& app, const Targets& targets) {
  return std::all_of(entry.entries.begin(), entry.entries.end(), [&](const auto& old) {
    const auto target = targets.find({app, old.cluster});
    return target == targets.end() || target->second.memory.bundle == old.bundle;
  });
}

bool SameBundles(const HistoryRecord& one, const HistoryRecord& other) {
  if (one.entries.size() != other.entries.size()) return false;
  return std::equal(one.entries.begin(), one.entries.end(), other.entries.begin(),
                    [](const HistoryRecord::Entry& a, const HistoryRecord::Entry& b) {
                      return a.cluster == b.cluster && a.bundle == b.bundle;
                    });
}

using Place = std::vector<HistoryRecord>::const_reverse_iterator;

// Where the entry stands that a rollback's own entry repeats: the newest before it with the same
// bundles that no rollback wrote. Any other entry stands for itself.
Place OriginalOf(Place entry, Place end) {
  if (entry == end || entry->cause != kRollbackCause) return entry;
  for (Place older = entry + 1; older != end; ++older) {
    if (older->cause != kRollbackCause && SameBundles(*older, *entry)) return older;
  }
  return entry;
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

Result<const HistoryRecord*> ChooseHistory(const RollbackFrom& from, int64_t id) {
  const std::vector<HistoryRecord>& past = from.past;
  if (past.empty()) {
    return MakeError(Errc::kNotFound,
                     "app " + from.app + " was never published: there is no history");
  }
  const auto with_id = [&past](int64_t wanted) {
    return std::find_if(past.rbegin(), past.rend(),
                        [wanted](const HistoryRecord& entry) { return entry.id == wanted; });
  };
  if (id != 0) {
    const auto entry = with_id(id);
    if (entry != past.rend()) return &*entry;
    return MakeError(Errc::kNotFound, "app " + from.app + " has no history entry " +
                                          std::to_string(id) + "; there are " +
                                          std::to_string(past.front().id) + " to " +
                                          std::to_string(past.back().id));
  }
  auto entry = past.rbegin();
  if (from.pinned != 0) {
    // The held entry may be gone from a history that is kept short: then nothing is older.
    entry = OriginalOf(with_id(from.pinned), past.rend());
  }
  for (; entry != past.rend(); ++entry) {
    // While the app is held, what rollbacks wrote repeats entries that are older still.
    if (from.pinned != 0 && entry->cause == kRollbackCause) continue;
    if (!RunsNow(*entry, from.app, from.targets)) return &*entry;
  }
  if (from.pinned != 0) {
    return MakeError(Errc::kPrecondition, "app " + from.app + " is rolled back to entry " +
                                              std::to_string(from.pinned) +
                                              " already, and none is older");
  }
  return MakeError(Errc::kPrecondition,
                   "app " + from.app + " has no earlier entry than what runs now");
}

std::map<ClusterId, OldBundle> BundlesOf(const HistoryRecord& entry) {
  std::map<ClusterId, OldBundle> bundles;
  for (const HistoryRecord::Entry& old : entry.entries) {
    bundles[old.cluster] = {old.bundle, old.raw_bytes, old.objects, old.revision};
  }
  return bundles;
}

}  // namespace dunlin::hub
