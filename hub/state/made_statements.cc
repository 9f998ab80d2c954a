#include "hub/state/made_statements.h"

#include "protocol/base/limits.h"

namespace dunlin::hub {

using store::Statement;

Result<int64_t> MadeStatements::CountOf(const ClusterId& cluster) {
  const auto known = counts_.find(cluster);
  if (known != counts_.end()) return known->second;
  TRY(Statement count, database_.Prepare("SELECT count(*) FROM made WHERE cluster = ?"));
  TRY(const bool row, count.BindText(0, cluster.str()).Step());
  return row ? count.Int(0) : 0;
}

Status MadeStatements::Add(const std::vector<StatementRecord>& statements) {
  TRY(Statement put, database_.Prepare("INSERT INTO made VALUES (?,?,?)"));
  TRY(Statement trim,
      database_.Prepare(
          "DELETE FROM made WHERE cluster = ?1 AND seq = (SELECT seq FROM made WHERE cluster = ?1 "
          "AND seq <> ifnull((SELECT seq FROM held WHERE cluster = ?1), 0) ORDER BY seq LIMIT 1)"));
  for (const StatementRecord& statement : statements) {
    TRY(int64_t count, CountOf(statement.cluster));
    TRY_VOID(put.BindText(0, statement.cluster.str())
                 .Bind(1, statement.seq)
                 .BindBlob(2, statement.digest.View())
                 .Run()
                 .WithContext("store that a statement was made for " + statement.cluster.str()));
    ++count;
    if (count > limits::kMadeStatements) {
      TRY_VOID(trim.BindText(0, statement.cluster.str()).Run());
      --count;
    }
    counts_[statement.cluster] = count;
  }
  return {};
}

Status MadeStatements::SetHeld(const std::vector<std::pair<ClusterId, int64_t>>& held) {
  TRY(Statement put, database_.Prepare("INSERT OR REPLACE INTO held VALUES (?,?)"));
  for (const auto& [cluster, seq] : held) {
    TRY_VOID(put.BindText(0, cluster.str()).Bind(1, seq).Run());
  }
  return {};
}

Result<std::optional<Digest>> MadeStatements::Find(const ClusterId& cluster, int64_t seq) {
  TRY(Statement select, database_.Prepare("SELECT digest FROM made WHERE cluster = ? AND seq = ?"));
  TRY(const bool row, select.BindText(0, cluster.str()).Bind(1, seq).Step());
  if (!row) return std::optional<Digest>();
  TRY(const Digest digest, Digest::FromBytes(select.Blob(0)));
  return std::optional<Digest>(digest);
}

}  // namespace dunlin::hub
