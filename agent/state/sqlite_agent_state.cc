#include "agent/state/sqlite_agent_state.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>

#include "agent/state/identity_files.h"
#include "agent/state/schema.h"
#include "protocol/base/limits.h"
#include "protocol/crypto/crypto.h"
#include "protocol/trust/documents.h"

namespace dunlin::state {

namespace {

std::string DatabasePath(const std::string& dir) { return dir + "/agent.db"; }

Status MoveAside(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return {};
  return MakeError(Errc::kIo, "move " + from + " aside: " + std::strerror(errno));
}

Result<int64_t> OneInt(store::Database& db, std::string_view sql) {
  TRY(store::Statement statement, db.Prepare(sql));
  TRY(const bool row, statement.Step());
  return row ? statement.Int(0) : int64_t{0};
}

sync::Record RecordOf(const store::Statement& row) {
  sync::Record out;
  out.key = {row.Text(0), row.Text(1), row.Text(2), row.Text(3)};
  out.app = row.Text(4);
  out.api_version = row.Text(5);
  out.uid = row.Text(6);
  out.desired_hash = row.Text(7);
  out.observed_rv = row.Text(8);
  out.last_applied_bytes = static_cast<uint64_t>(row.Int(9));
  out.last_applied = row.Blob(10);
  out.memo = row.Blob(11);
  out.last_error = row.Text(12);
  out.seq = row.Int(13);
  return out;
}

void BindKey(store::Statement& statement, const object::ResourceKey& key) {
  statement.BindText(0, key.group)
      .BindText(1, key.kind)
      .BindText(2, key.namespace_)
      .BindText(3, key.name);
}

}  // namespace

SqliteAgentState::SqliteAgentState(std::string dir, Settings settings, const Clock& clock)
    : dir_(std::move(dir)), settings_(settings), clock_(clock) {}

Result<std::unique_ptr<SqliteAgentState>> SqliteAgentState::Open(std::string dir, Settings settings,
                                                                 const Clock& clock) {
  std::unique_ptr<SqliteAgentState> out(new SqliteAgentState(std::move(dir), settings, clock));
  if (settings.must_exist && access(DatabasePath(out->dir_).c_str(), F_OK) != 0) {
    TRY_VOID(out->StartOver("agent.db is missing"));
    return out;
  }
  const Status opened = out->OpenDatabase();
  if (!opened && opened.error().code == Errc::kCorrupt) {
    TRY_VOID(out->StartOver(opened.error().message));
  } else {
    TRY_VOID(opened);
  }
  return out;
}

Status SqliteAgentState::OpenDatabase() {
  const store::Database::Options options{store::Durability::kFull, Migrations()};
  TRY(db_, store::Database::Open(DatabasePath(dir_), options));
  // Read once at the start; 2 MB of pages kept for later are a tenth of the agent.
  return db_->Execute("PRAGMA cache_size=-128");
}

Status SqliteAgentState::StartOver(const std::string& reason) {
  db_.reset();
  const std::string path = DatabasePath(dir_);
  const std::string aside =
      path + ".damaged-" + std::to_string(clock_.Now().time_since_epoch().count());
  // The log first: a new database must never meet the log of the old one.
  for (const char* suffix : {"-wal", "-shm", ""}) {
    TRY_VOID(MoveAside(path + suffix, aside + suffix));
  }
  TRY_VOID(OpenDatabase());
  TRY(store::Statement put, db_->Prepare("INSERT INTO reset (id, reason, seq) VALUES (1, ?, 0)"));
  return put.BindText(0, reason).Run();
}

Result<TimePoint> SqliteAgentState::TimeFloor() {
  TRY(const int64_t max_time_ms, OneInt(*db_, "SELECT max_time_ms FROM trusted"));
  return std::max(settings_.build_time, TimePoint(Millis(max_time_ms)));
}

Result<sync::LoadedState> SqliteAgentState::Load() {
  auto loaded = LoadAll();
  if (loaded || loaded.error().code != Errc::kCorrupt) return loaded;
  // The files of enrolment are read first and alone: damage there is not cured by a new database.
  TRY_VOID(ReadIdentity(dir_));
  TRY(const Bytes root, ReadRoot(dir_));
  TRY_VOID(trust::Root::Parse(root).WithContext(dir_ + "/root.json"));
  TRY_VOID(StartOver(loaded.error().message));
  return LoadAll();
}

Result<sync::LoadedState> SqliteAgentState::LoadAll() {
  sync::LoadedState out;
  TRY(out.identity, ReadIdentity(dir_));
  TRY(out.trusted, LoadTrusted(out.identity));
  TRY(out.held, Held());
  TRY(out.records, Records());
  TRY(out.announced, Announced());
  TRY(out.keep_on_removal, KeepOnRemoval());
  TRY(out.behind, Behind());
  TRY(out.hook_runs, HookRuns());
  TRY(out.outbox, Outbox());
  TRY(out.reset_reason, ResetReason());
  if (out.trusted.statement_raw.empty()) return out;
  const auto statement = trust::Statement::Parse(out.trusted.statement_raw);
  if (!statement) return out;  // the machine sees it, too, and asks the hub for it again
  std::set<BundleDigest> wanted;
  for (const auto& [name, app] : statement->apps) wanted.insert(app.bundle);
  for (const sync::Announcement& one : out.announced) wanted.insert(one.bundle);
  for (const sync::HeldBack& one : out.behind) wanted.insert(one.entry.bundle);
  TRY(out.bundles, Bundles({wanted.begin(), wanted.end()}));
  return out;
}

Result<trust::TrustedState> SqliteAgentState::LoadTrusted(const sync::Identity& identity) {
  trust::TrustedState out;
  out.cluster = identity.cluster;
  out.kube_uid = identity.kube_uid;
  out.channel = identity.channel;
  out.build_time = settings_.build_time;
  out.max_head_life = settings_.max_head_life;
  TRY(store::Statement get,
      db_->Prepare("SELECT root, epoch, number, head, seq, statement, max_time_ms FROM trusted"));
  TRY(const bool row, get.Step());
  if (row) {
    out.root_raw = get.Blob(0);
    out.epoch = get.Int(1);
    out.number = get.Int(2);
    out.head_raw = get.Blob(3);
    out.seq = get.Int(4);
    out.statement_raw = get.Blob(5);
    out.max_time = TimePoint(Millis(get.Int(6)));
    if (!out.head_raw.empty()) out.head_digest = crypto::Sha256(out.head_raw);
    if (!out.statement_raw.empty()) out.statement_digest = crypto::Sha256(out.statement_raw);
  } else {
    TRY(out.root_raw, ReadRoot(dir_));
  }
  auto root = trust::Root::Parse(out.root_raw);
  if (!root) return MakeError(Errc::kCorrupt, "the root document: " + root.error().message);
  out.root = std::move(*root);
  return out;
}

Result<std::vector<BundleDigest>> SqliteAgentState::Held() {
  TRY(store::Statement list,
      db_->Prepare("SELECT b.digest FROM bundle b LEFT JOIN app_bundle a ON a.digest = b.digest "
                   "GROUP BY b.digest ORDER BY max(a.used) DESC, b.digest"));
  std::vector<BundleDigest> out;
  while (true) {
    TRY(const bool row, list.Step());
    if (!row) return out;
    auto digest = BundleDigest::FromBytes(list.Blob(0));
    if (!digest) return MakeError(Errc::kCorrupt, "a stored bundle has no digest");
    out.push_back(*digest);
  }
}

Result<std::vector<sync::StoredBundle>> SqliteAgentState::Bundles(
    std::vector<BundleDigest> digests) {
  TRY(store::Statement get, db_->Prepare("SELECT raw_bytes, blob FROM bundle WHERE digest = ?"));
  std::vector<sync::StoredBundle> out;
  for (const BundleDigest& digest : digests) {
    get.BindBlob(0, digest.View());
    TRY(const bool row, get.Step());
    if (row) out.push_back({digest, static_cast<uint64_t>(get.Int(0)), get.Blob(1)});
    get.Reset();
  }
  return out;
}

Result<std::vector<sync::Record>> SqliteAgentState::Records() {
  TRY(store::Statement list,
      db_->Prepare(
          "SELECT api_group, kind, namespace, name, app, api_version, uid, desired_hash, "
          "observed_rv, last_applied_bytes, last_applied, memo, last_error, seq FROM record "
          "ORDER BY api_group, kind, namespace, name"));
  std::vector<sync::Record> out;
  while (true) {
    TRY(const bool row, list.Step());
    if (!row) return out;
    out.push_back(RecordOf(list));
  }
}

Result<std::vector<wire::Report>> SqliteAgentState::Outbox() {
  TRY(store::Statement list, db_->Prepare("SELECT report FROM outbox ORDER BY position"));
  std::vector<wire::Report> out;
  while (true) {
    TRY(const bool row, list.Step());
    if (!row) return out;
    auto report = wire::ParseReport(list.Blob(0));
    if (!report) return MakeError(Errc::kCorrupt, "a stored report: " + report.error().message);
    out.push_back(std::move(*report));
  }
}

Result<std::string> SqliteAgentState::ResetReason() {
  TRY(store::Statement get, db_->Prepare("SELECT reason FROM reset"));
  TRY(const bool row, get.Step());
  return row ? get.Text(0) : std::string();
}

Status SqliteAgentState::StoreIntent(const sync::StoreIntent& intent) {
  {
    TRY(store::Transaction transaction, store::Transaction::Begin(*db_));
    TRY_VOID(PutTrusted(intent.trusted));
    TRY_VOID(PutBundles(intent));
    TRY_VOID(PutAnnounced(intent.announced));
    TRY_VOID(DropOldBundles(intent));
    TRY_VOID(PutKeepOnRemoval(intent.keep_on_removal));
    TRY_VOID(PutBehind(intent.behind));
    TRY_VOID(DropRecords(intent.forget));
    TRY_VOID(NoteAccepted(intent.trusted.seq));
    TRY_VOID(transaction.Commit());
  }
  // A rotated root is worth keeping even when the database is lost later. The database is the
  // truth, so a failure here is no failure of the intent.
  const auto pinned = ReadRoot(dir_);
  if (pinned && *pinned != intent.trusted.root_raw) {
    const Status kept = WriteRoot(dir_, intent.trusted.root_raw);
    (void)kept.has_value();
  }
  return {};
}

Status SqliteAgentState::PutTrusted(const trust::TrustedState& trusted) {
  TRY(store::Statement put,
      db_->Prepare("INSERT OR REPLACE INTO trusted (id, root, epoch, number, head, seq, statement, "
                   "max_time_ms) VALUES (1, ?, ?, ?, ?, ?, ?, ?)"));
  put.BindBlob(0, trusted.root_raw)
      .Bind(1, trusted.epoch)
      .Bind(2, trusted.number)
      .BindBlob(3, trusted.head_raw)
      .Bind(4, trusted.seq)
      .BindBlob(5, trusted.statement_raw)
      .Bind(6, trusted.max_time.time_since_epoch().count());
  return put.Run();
}

Status SqliteAgentState::PutBundles(const sync::StoreIntent& intent) {
  TRY(store::Statement put,
      db_->Prepare("INSERT OR REPLACE INTO bundle (digest, raw_bytes, blob) VALUES (?, ?, ?)"));
  for (const sync::StoredBundle& bundle : intent.bundles) {
    put.BindBlob(0, bundle.digest.View())
        .Bind(1, static_cast<int64_t>(bundle.raw_bytes))
        .BindBlob(2, bundle.blob);
    TRY_VOID(put.Run());
  }
  TRY(const int64_t newest, OneInt(*db_, "SELECT max(used) FROM app_bundle"));
  TRY(store::Statement use,
      db_->Prepare("INSERT OR REPLACE INTO app_bundle (app, digest, used) VALUES (?, ?, ?)"));
  for (const auto& [app, digest] : intent.current) {
    use.BindText(0, app).BindBlob(1, digest.View()).Bind(2, newest + 1);
    TRY_VOID(use.Run());
  }
  return {};
}

Status SqliteAgentState::DropOldBundles(const sync::StoreIntent& intent) {
  TRY(store::Statement apps, db_->Prepare("SELECT DISTINCT app FROM app_bundle"));
  std::vector<std::string> gone;
  while (true) {
    TRY(const bool row, apps.Step());
    if (!row) break;
    std::string app = apps.Text(0);
    if (!intent.current.contains(app)) gone.push_back(std::move(app));
  }
  TRY(store::Statement forget, db_->Prepare("DELETE FROM app_bundle WHERE app = ?"));
  for (const std::string& app : gone) {
    TRY_VOID(forget.BindText(0, app).Run());
  }
  TRY(store::Statement trim,
      db_->Prepare("DELETE FROM app_bundle WHERE (app, digest) IN (SELECT app, digest FROM (SELECT "
                   "app, digest, row_number() OVER (PARTITION BY app ORDER BY used DESC) AS n FROM "
                   "app_bundle) WHERE n > ?)"));
  TRY_VOID(trim.Bind(0, limits::kKeptBundlesPerApp).Run());
  return db_->Execute(
      "DELETE FROM bundle WHERE digest NOT IN (SELECT digest FROM app_bundle) AND digest NOT IN "
      "(SELECT digest FROM announced)");
}

Status SqliteAgentState::PutAnnounced(const std::vector<sync::Announcement>& announced) {
  TRY(store::Statement put,
      db_->Prepare("INSERT OR REPLACE INTO announced (app, seq, digest) VALUES (?, ?, ?)"));
  TRY(store::Statement trim,
      db_->Prepare("DELETE FROM announced WHERE app = ? AND seq NOT IN (SELECT seq FROM announced "
                   "WHERE app = ? ORDER BY seq DESC LIMIT ?)"));
  for (const sync::Announcement& one : announced) {
    put.BindText(0, one.app).Bind(1, one.seq).BindBlob(2, one.bundle.View());
    TRY_VOID(put.Run());
    trim.BindText(0, one.app).BindText(1, one.app).Bind(2, limits::kAnnouncedBundlesPerApp);
    TRY_VOID(trim.Run());
  }
  return {};
}

Result<std::vector<sync::Announcement>> SqliteAgentState::Announced() {
  TRY(store::Statement list,
      db_->Prepare("SELECT app, seq, digest FROM announced ORDER BY app, seq"));
  std::vector<sync::Announcement> out;
  while (true) {
    TRY(const bool row, list.Step());
    if (!row) return out;
    auto digest = BundleDigest::FromBytes(list.Blob(2));
    if (!digest) return MakeError(Errc::kCorrupt, "an announced bundle has no digest");
    out.push_back({list.Text(0), list.Int(1), *digest});
  }
}

Status SqliteAgentState::PutKeepOnRemoval(const std::set<std::string>& apps) {
  TRY_VOID(db_->Execute("DELETE FROM keep_on_removal"));
  TRY(store::Statement put, db_->Prepare("INSERT INTO keep_on_removal (app) VALUES (?)"));
  for (const std::string& app : apps) {
    TRY_VOID(put.BindText(0, app).Run());
  }
  return {};
}

Result<std::set<std::string>> SqliteAgentState::KeepOnRemoval() {
  std::set<std::string> out;
  TRY(store::Statement get, db_->Prepare("SELECT app FROM keep_on_removal"));
  while (true) {
    TRY(const bool row, get.Step());
    if (!row) return out;
    out.insert(get.Text(0));
  }
}

Status SqliteAgentState::PutBehind(const std::vector<sync::HeldBack>& behind) {
  TRY_VOID(db_->Execute("DELETE FROM held_back"));
  TRY(store::Statement put,
      db_->Prepare("INSERT INTO held_back (app, seq, digest, objects, raw_bytes, prune, revision) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?)"));
  for (const sync::HeldBack& one : behind) {
    put.BindText(0, one.app)
        .Bind(1, one.seq)
        .BindBlob(2, one.entry.bundle.View())
        .Bind(3, one.entry.objects)
        .Bind(4, one.entry.raw)
        .Bind(5, one.entry.prune ? 1 : 0)
        .BindText(6, one.entry.revision.str());
    TRY_VOID(put.Run());
  }
  return {};
}

Result<std::vector<sync::HeldBack>> SqliteAgentState::Behind() {
  TRY(store::Statement list,
      db_->Prepare("SELECT app, seq, digest, objects, raw_bytes, prune, revision FROM held_back"));
  std::vector<sync::HeldBack> out;
  while (true) {
    TRY(const bool row, list.Step());
    if (!row) return out;
    auto digest = BundleDigest::FromBytes(list.Blob(2));
    if (!digest) return MakeError(Errc::kCorrupt, "a held back app's bundle has no digest");
    trust::StatementApp entry;
    entry.bundle = *digest;
    entry.objects = list.Int(3);
    entry.raw = list.Int(4);
    entry.prune = list.Int(5) != 0;
    entry.revision = RevisionId(list.Text(6));
    out.push_back({list.Text(0), list.Int(1), std::move(entry)});
  }
}

Status SqliteAgentState::NoteAccepted(int64_t seq) {
  TRY(store::Statement first, db_->Prepare("UPDATE reset SET seq = ? WHERE seq = 0"));
  TRY_VOID(first.Bind(0, seq).Run());
  TRY(store::Statement later, db_->Prepare("DELETE FROM reset WHERE seq < ?"));
  return later.Bind(0, seq).Run();
}

Status SqliteAgentState::StoreRecords(const sync::StoreRecords& records) {
  TRY(store::Transaction transaction, store::Transaction::Begin(*db_));
  TRY(store::Statement put,
      db_->Prepare("INSERT OR REPLACE INTO record (api_group, kind, namespace, name, app, "
                   "api_version, uid, desired_hash, observed_rv, last_applied_bytes, last_applied, "
                   "memo, last_error, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const sync::Record& record : records.upserts) {
    BindKey(put, record.key);
    put.BindText(4, record.app)
        .BindText(5, record.api_version)
        .BindText(6, record.uid)
        .BindText(7, record.desired_hash)
        .BindText(8, record.observed_rv)
        .Bind(9, static_cast<int64_t>(record.last_applied_bytes))
        .BindBlob(10, record.last_applied)
        .BindBlob(11, record.memo)
        .BindText(12, record.last_error)
        .Bind(13, record.seq);
    TRY_VOID(put.Run());
  }
  TRY_VOID(DropRecords(records.deletes));
  TRY(store::Statement settle, db_->Prepare("DELETE FROM announced WHERE app = ? AND seq <= ?"));
  for (const auto& [app, seq] : records.settled) {
    TRY_VOID(settle.BindText(0, app).Bind(1, seq).Run());
  }
  TRY_VOID(PutHookRuns(records.hook_runs));
  return transaction.Commit();
}

Status SqliteAgentState::PutHookRuns(const std::map<std::string, Bytes>& runs) {
  TRY(store::Statement put,
      db_->Prepare("INSERT OR REPLACE INTO hook_run (app, run) VALUES (?, ?)"));
  TRY(store::Statement drop, db_->Prepare("DELETE FROM hook_run WHERE app = ?"));
  for (const auto& [app, run] : runs) {
    if (run.empty()) {
      TRY_VOID(drop.BindText(0, app).Run());
    } else {
      TRY_VOID(put.BindText(0, app).BindBlob(1, run).Run());
    }
  }
  return {};
}

Result<std::map<std::string, Bytes>> SqliteAgentState::HookRuns() {
  std::map<std::string, Bytes> out;
  TRY(store::Statement list, db_->Prepare("SELECT app, run FROM hook_run"));
  while (true) {
    TRY(const bool row, list.Step());
    if (!row) return out;
    out[list.Text(0)] = list.Blob(1);
  }
}

Status SqliteAgentState::DropRecords(const std::vector<object::ResourceKey>& keys) {
  TRY(store::Statement drop, db_->Prepare("DELETE FROM record WHERE api_group = ? AND kind = ? AND "
                                          "namespace = ? AND name = ?"));
  for (const object::ResourceKey& key : keys) {
    BindKey(drop, key);
    TRY_VOID(drop.Run());
  }
  return {};
}

Status SqliteAgentState::PutReport(const wire::Report& report) {
  TRY(store::Transaction transaction, store::Transaction::Begin(*db_));
  TRY(store::Statement put,
      db_->Prepare("INSERT OR REPLACE INTO outbox (id, report) VALUES (?, ?)"));
  TRY_VOID(put.BindText(0, report.id).BindBlob(1, wire::Encode(report)).Run());
  TRY(store::Statement trim,
      db_->Prepare("DELETE FROM outbox WHERE position NOT IN (SELECT position FROM outbox ORDER BY "
                   "position DESC LIMIT ?)"));
  TRY_VOID(trim.Bind(0, static_cast<int64_t>(limits::kOutboxReports)).Run());
  return transaction.Commit();
}

Status SqliteAgentState::DropReport(const std::string& id) {
  TRY(store::Statement drop, db_->Prepare("DELETE FROM outbox WHERE id = ?"));
  return drop.BindText(0, id).Run();
}

}  // namespace dunlin::state
