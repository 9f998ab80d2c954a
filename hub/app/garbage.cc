#include "hub/app/garbage.h"

#include "protocol/trust/documents.h"

namespace dunlin::hub {

Result<std::vector<BundleDigest>> Unreferenced(const std::vector<BundleDigest>& stored,
                                               const HubSnapshot& snapshot,
                                               const Targets& targets) {
  std::set<BundleDigest> used;
  for (const StatementRecord& record : snapshot.statements) {
    TRY(const trust::Statement statement, trust::Statement::Parse(record.raw));
    for (const auto& [app, entry] : statement.apps) used.insert(entry.bundle);
  }
  for (const HistoryRecord& record : snapshot.history) {
    for (const HistoryRecord::Entry& entry : record.entries) used.insert(entry.bundle);
  }
  for (const TargetRecord& target : snapshot.targets) {
    if (target.bundle) used.insert(*target.bundle);
  }
  for (const auto& [key, target] : targets) {
    if (target.memory.bundle) used.insert(*target.memory.bundle);
  }
  std::vector<BundleDigest> unreferenced;
  for (const BundleDigest& digest : stored) {
    if (!used.contains(digest)) unreferenced.push_back(digest);
  }
  return unreferenced;
}

Result<size_t> CollectGarbage(HubState& state, BundleStore& bundles, const Targets& targets) {
  TRY(const std::vector<BundleDigest> stored, bundles.List());
  TRY(const HubSnapshot snapshot, state.Load());
  TRY(const std::vector<BundleDigest> unreferenced, Unreferenced(stored, snapshot, targets));
  for (const BundleDigest& digest : unreferenced) {
    TRY_VOID(bundles.Remove(digest));
  }
  return unreferenced.size();
}

}  // namespace dunlin::hub
