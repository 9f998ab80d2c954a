// Internal to hub/state: which statements this database has made. A row is (seq, digest): enough to
// recognise what an agent holds when the statement itself is long gone.
#pragma once

#include <map>
#include <optional>

#include "hub/state/hub_state.h"
#include "protocol/store/database.h"

namespace dunlin::hub {

class MadeStatements {
 public:
  // The database outlives it.
  explicit MadeStatements(store::Database& database) : database_(database) {}

  // In the caller's transaction. Beyond limits::kMadeStatements rows of a cluster the oldest goes,
  // but never the one that its agent holds.
  Status Add(const std::vector<StatementRecord>& statements);
  Status SetHeld(const std::vector<std::pair<ClusterId, int64_t>>& held);
  // The caller's transaction failed: what was counted in it does not hold.
  void Discard() { counts_.clear(); }

  Result<std::optional<Digest>> Find(const ClusterId& cluster, int64_t seq);

 private:
  Result<int64_t> CountOf(const ClusterId& cluster);

  store::Database& database_;
  std::map<ClusterId, int64_t> counts_;  // rows; counted once, as counting walks over all of them
};

}  // namespace dunlin::hub
