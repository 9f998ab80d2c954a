#include <mutex>

#include "hub/state/hub_state.h"
#include "hub/state/load.h"
#include "hub/state/made_statements.h"
#include "hub/state/rows.h"
#include "hub/state/schema.h"
#include "protocol/base/limits.h"
#include "protocol/store/database.h"

namespace dunlin::hub {

namespace {

using store::Database;
using store::Statement;
using store::Transaction;

class SqliteHubState : public HubState {
 public:
  explicit SqliteHubState(std::unique_ptr<Database> database)
      : database_(std::move(database)), made_(*database_) {}

  Result<HubSnapshot> Load() override {
    const std::lock_guard lock(mutex_);
    return LoadSnapshot(*database_);
  }

  Status PutCluster(const ClusterRecord& cluster) override {
    const std::lock_guard lock(mutex_);
    return WriteCluster(*database_, cluster);
  }

  Status RemoveCluster(const ClusterId& id) override {
    const std::lock_guard lock(mutex_);
    TRY(Transaction transaction, Transaction::Begin(*database_));
    // A token for its name would bring it back.
    for (const std::string_view sql :
         {"DELETE FROM tokens WHERE cluster = (SELECT name FROM clusters WHERE id = ?)",
          "DELETE FROM clusters WHERE id = ?", "DELETE FROM agents WHERE cluster = ?",
          "DELETE FROM targets WHERE cluster = ?", "DELETE FROM statements WHERE cluster = ?",
          "DELETE FROM made WHERE cluster = ?", "DELETE FROM held WHERE cluster = ?",
          "DELETE FROM reports WHERE cluster = ?"}) {
      TRY(Statement remove, database_->Prepare(sql));
      TRY_VOID(remove.BindText(0, id.str()).Run().WithContext("remove cluster " + id.str()));
    }
    made_.Discard();
    return transaction.Commit();
  }

  Status PutAgent(const AgentRecord& agent) override {
    const std::lock_guard lock(mutex_);
    return WriteAgent(*database_, agent);
  }

  Status AddToken(const TokenRecord& token) override {
    const std::lock_guard lock(mutex_);
    TRY(Statement put, database_->Prepare("INSERT INTO tokens VALUES (?,?,?,?,?)"));
    return put.BindText(0, token.id)
        .BindBlob(1, token.secret_hash.View())
        .BindText(2, token.cluster)
        .Bind(3, ToMillis(token.expires))
        .Bind(4, token.used ? 1 : 0)
        .Run()
        .WithContext("store token");
  }

  Result<TokenRecord> FindToken(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    return ReadToken(id);
  }

  Status Enroll(const std::string& token_id, const ClusterRecord& cluster,
                const AgentRecord& agent) override {
    const std::lock_guard lock(mutex_);
    TRY(Transaction transaction, Transaction::Begin(*database_));
    TRY(const TokenRecord token, ReadToken(token_id));
    if (token.used) {
      return MakeError(Errc::kPermission, "the enrolment token is used; issue another");
    }
    TRY(Statement burn, database_->Prepare("UPDATE tokens SET used = 1 WHERE id = ?"));
    TRY_VOID(burn.BindText(0, token_id).Run());
    TRY_VOID(WriteCluster(*database_, cluster));
    TRY(Statement supersede, database_->Prepare("UPDATE agents SET revoked = ? WHERE cluster = ? "
                                                "AND id <> ? AND revoked = ?"));
    TRY_VOID(supersede.Bind(0, static_cast<int64_t>(Standing::kSuperseded))
                 .BindText(1, cluster.id.str())
                 .BindText(2, agent.id.str())
                 .Bind(3, static_cast<int64_t>(Standing::kInForce))
                 .Run()
                 .WithContext("supersede the agents of " + cluster.name));
    TRY_VOID(WriteAgent(*database_, agent));
    return transaction.Commit();
  }

  Status PutObjects(const std::vector<ObjectRecord>& put,
                    const std::vector<std::pair<std::string, std::string>>& remove) override {
    const std::lock_guard lock(mutex_);
    TRY(Transaction transaction, Transaction::Begin(*database_));
    TRY(Statement drop, database_->Prepare("DELETE FROM objects WHERE kind = ? AND name = ?"));
    for (const auto& [kind, name] : remove) {
      TRY_VOID(drop.BindText(0, kind).BindText(1, name).Run());
    }
    TRY(Statement write, database_->Prepare("INSERT OR REPLACE INTO objects VALUES (?,?,?,?,?)"));
    for (const ObjectRecord& object : put) {
      TRY_VOID(write.BindText(0, object.kind)
                   .BindText(1, object.name)
                   .BindText(2, object.origin)
                   .BindText(3, object.place)
                   .BindText(4, object.json)
                   .Run()
                   .WithContext("store " + object.kind + " " + object.name));
    }
    return transaction.Commit();
  }

  Status PutSource(const SourceRecord& source) override {
    const std::lock_guard lock(mutex_);
    TRY(Statement put, database_->Prepare("INSERT OR REPLACE INTO sources VALUES (?,?,?,?)"));
    return put.BindText(0, source.repo)
        .BindText(1, source.ref)
        .BindText(2, source.commit)
        .Bind(3, ToMillis(source.resolved))
        .Run()
        .WithContext("store source");
  }

  Status Publish(const PublishRecord& record) override {
    const std::lock_guard lock(mutex_);
    const Status written = WritePublish(record);
    if (!written) made_.Discard();
    return written;
  }

  Result<std::optional<Digest>> FindMade(const ClusterId& cluster, int64_t seq) override {
    const std::lock_guard lock(mutex_);
    return made_.Find(cluster, seq);
  }

  Status PutReports(const std::vector<ReportRecord>& reports) override {
    const std::lock_guard lock(mutex_);
    TRY(Transaction transaction, Transaction::Begin(*database_));
    TRY(Statement put, database_->Prepare("INSERT OR REPLACE INTO reports VALUES (?,?,?)"));
    for (const ReportRecord& report : reports) {
      TRY_VOID(put.BindText(0, report.cluster.str())
                   .Bind(1, ToMillis(report.received))
                   .BindText(2, wire::Encode(report.report))
                   .Run()
                   .WithContext("store report"));
    }
    return transaction.Commit();
  }

  Status SetPin(const std::string& app, const std::optional<std::string>& history_id) override {
    const std::lock_guard lock(mutex_);
    if (!history_id) {
      TRY(Statement drop, database_->Prepare("DELETE FROM pins WHERE app = ?"));
      return drop.BindText(0, app).Run();
    }
    TRY(Statement put, database_->Prepare("INSERT OR REPLACE INTO pins VALUES (?,?)"));
    return put.BindText(0, app).BindText(1, *history_id).Run();
  }

  Status RaiseFloor(int64_t floor) override {
    const std::lock_guard lock(mutex_);
    TRY(Statement raise, database_->Prepare("UPDATE floor SET value = max(value, ?)"));
    return raise.Bind(0, floor).Run();
  }

 private:
  Result<TokenRecord> ReadToken(const std::string& id) {
    TRY(Statement select,
        database_->Prepare(
            "SELECT id, secret_hash, cluster, expires, used FROM tokens WHERE id = ?"));
    select.BindText(0, id);
    TRY(const bool row, select.Step());
    if (!row) return MakeError(Errc::kNotFound, "no such enrolment token");
    TokenRecord out;
    out.id = select.Text(0);
    TRY(out.secret_hash, Digest::FromBytes(select.Blob(1)));
    out.cluster = select.Text(2);
    out.expires = FromMillis(select.Int(3));
    out.used = select.Int(4) != 0;
    return out;
  }

  Status WritePublish(const PublishRecord& record) {
    TRY(Transaction transaction, Transaction::Begin(*database_));
    TRY(Statement drop, database_->Prepare("DELETE FROM targets WHERE app = ? AND cluster = ?"));
    for (const auto& [app, cluster] : record.removed_targets) {
      TRY_VOID(drop.BindText(0, app).BindText(1, cluster.str()).Run());
    }
    TRY_VOID(WriteTargets(*database_, record.targets));
    TRY_VOID(WriteStatements(record.statements));
    TRY_VOID(made_.SetHeld(record.held));
    TRY_VOID(made_.Add(record.statements));
    if (record.head) {
      TRY_VOID(WriteHead(*record.head));
    }
    TRY_VOID(WriteHistory(*database_, record.history));
    return transaction.Commit();
  }

  Status WriteStatements(const std::vector<StatementRecord>& statements) {
    TRY(Statement put, database_->Prepare("INSERT INTO statements VALUES (?,?,?,?)"));
    TRY(Statement prune,
        database_->Prepare("DELETE FROM statements WHERE cluster = ?1 AND seq NOT IN (SELECT seq "
                           "FROM statements WHERE cluster = ?1 ORDER BY seq DESC LIMIT ?2)"));
    for (const StatementRecord& statement : statements) {
      TRY_VOID(put.BindText(0, statement.cluster.str())
                   .Bind(1, statement.seq)
                   .BindBlob(2, statement.digest.View())
                   .BindBlob(3, statement.raw)
                   .Run()
                   .WithContext("store statement of " + statement.cluster.str()));
      TRY_VOID(prune.BindText(0, statement.cluster.str()).Bind(1, limits::kKeptStatements).Run());
    }
    return {};
  }

  Status WriteHead(const HeadRecord& head) {
    TRY(Statement put, database_->Prepare("INSERT INTO heads VALUES (?,?,?)"));
    TRY_VOID(put.Bind(0, head.number)
                 .BindBlob(1, head.raw)
                 .BindBlob(2, head.signatures)
                 .Run()
                 .WithContext("store head " + std::to_string(head.number)));
    TRY(Statement prune,
        database_->Prepare("DELETE FROM heads WHERE number NOT IN (SELECT number FROM heads "
                           "ORDER BY number DESC LIMIT ?)"));
    return prune.Bind(0, limits::kKeptHeads).Run();
  }

  std::mutex mutex_;  // one at a time, on whatever thread
  std::unique_ptr<Database> database_;
  MadeStatements made_;
};

}  // namespace

Result<std::unique_ptr<HubState>> OpenSqliteHubState(const std::string& path) {
  Database::Options options;
  options.migrations = Migrations();
  TRY(std::unique_ptr<Database> database, Database::Open(path, options));
  return std::unique_ptr<HubState>(std::make_unique<SqliteHubState>(std::move(database)));
}

}  // namespace dunlin::hub
