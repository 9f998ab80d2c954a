#include "hub/state/load.h"

#include "hub/state/rows.h"

namespace dunlin::hub {

namespace {

using store::Database;
using store::Statement;

// All rows of `sql`, each by `read`.
template <typename Record>
Result<std::vector<Record>> LoadAll(Database& database, std::string_view sql,
                                    Result<Record> (*read)(const Statement&)) {
  TRY(Statement select, database.Prepare(sql));
  std::vector<Record> out;
  while (true) {
    TRY(const bool row, select.Step());
    if (!row) return out;
    TRY(Record record, read(select));
    out.push_back(std::move(record));
  }
}

Result<ObjectRecord> ReadObject(const Statement& row) {
  return ObjectRecord{row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)};
}

Result<StatementRecord> ReadStatement(const Statement& row) {
  StatementRecord out;
  out.cluster = ClusterId(row.Text(0));
  out.seq = row.Int(1);
  TRY(out.digest, Digest::FromBytes(row.Blob(2)));
  out.raw = row.Blob(3);
  return out;
}

Result<HeadRecord> ReadHead(const Statement& row) {
  return HeadRecord{row.Int(0), row.Blob(1), row.Blob(2)};
}

Result<SourceRecord> ReadSource(const Statement& row) {
  return SourceRecord{row.Text(0), row.Text(1), row.Text(2), FromMillis(row.Int(3))};
}

Result<std::pair<std::string, std::string>> ReadPin(const Statement& row) {
  return std::pair(row.Text(0), row.Text(1));
}

Result<int64_t> ReadNumber(const Statement& row) { return row.Int(0); }

Result<std::vector<ReportRecord>> LoadReports(Database& database) {
  TRY(Statement select,
      database.Prepare("SELECT cluster, received, report FROM reports ORDER BY cluster"));
  std::vector<ReportRecord> out;
  while (true) {
    TRY(const bool row, select.Step());
    if (!row) return out;
    auto report = wire::ParseReport(select.Text(2));
    // The agent sends another within a minute: what an older version wrote must not stop the hub.
    if (!report) continue;
    out.push_back({ClusterId(select.Text(0)), FromMillis(select.Int(1)), std::move(*report)});
  }
}

}  // namespace

Result<HubSnapshot> LoadSnapshot(Database& database) {
  HubSnapshot out;
  TRY(out.clusters, LoadAll(database, kSelectClusters, ReadCluster));
  TRY(out.agents, LoadAll(database, kSelectAgents, ReadAgent));
  TRY(out.objects,
      LoadAll(database, "SELECT kind, name, origin, place, json FROM objects ORDER BY kind, name",
              ReadObject));
  TRY(out.targets, LoadAll(database, kSelectTargets, ReadTarget));
  TRY(out.statements,
      LoadAll(database, "SELECT cluster, seq, digest, raw FROM statements ORDER BY cluster, seq",
              ReadStatement));
  TRY(const auto heads,
      LoadAll(database, "SELECT number, raw, signatures FROM heads ORDER BY number DESC LIMIT 1",
              ReadHead));
  if (!heads.empty()) out.head = heads.front();
  TRY(out.history, LoadAll(database, kSelectHistory, ReadHistory));
  TRY(out.sources,
      LoadAll(database, "SELECT repo, ref, commit_id, resolved FROM sources ORDER BY repo, ref",
              ReadSource));
  TRY(out.reports, LoadReports(database));
  TRY(const auto pins, LoadAll(database, "SELECT app, history_id FROM pins", ReadPin));
  out.pins.insert(pins.begin(), pins.end());
  TRY(const auto floor, LoadAll(database, "SELECT value FROM floor", ReadNumber));
  if (!floor.empty()) out.floor = floor.front();
  return out;
}

}  // namespace dunlin::hub
