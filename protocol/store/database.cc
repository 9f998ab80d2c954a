#include "protocol/store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/base/check.h"

namespace dunlin::store {

namespace {

Error FromSqlite(sqlite3* db, int code, std::string_view what) {
  const std::string detail =
      std::string(what) + ": " + (db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return MakeError(Errc::kIo, std::string(what) + ": disk full; free some space");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
      return MakeError(Errc::kConflict, detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return MakeError(Errc::kCorrupt, detail);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return MakeError(Errc::kIo, detail);
    default:
      return MakeError(Errc::kInternal, detail);
  }
}

constexpr int kLockTries = 50;  // with the wait below: one second
constexpr useconds_t kLockWaitMicroseconds = 20'000;

Result<int> LockFile(const std::string& path) {
  const std::string lock_path = path + ".lock";
  const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return MakeError(Errc::kIo, "open " + lock_path + ": " + std::strerror(errno));
  // A killed process may have been starting a child just then; that child keeps the lock until it
  // has become its own program. A restart right after a kill must not be refused for that.
  for (int tries = 0; tries < kLockTries; ++tries) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    ::usleep(kLockWaitMicroseconds);
  }
  ::close(fd);
  return MakeError(Errc::kPrecondition, path + " is in use by another process");
}

Result<int64_t> QueryInt(Database& database, std::string_view sql) {
  TRY(Statement statement, database.Prepare(sql));
  TRY(const bool row, statement.Step());
  return row ? statement.Int(0) : int64_t{0};
}

Result<std::string> QueryText(Database& database, std::string_view sql) {
  TRY(Statement statement, database.Prepare(sql));
  TRY(const bool row, statement.Step());
  return row ? statement.Text(0) : std::string();
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, const Options& options) {
  std::unique_ptr<Database> out(new Database);
  TRY(out->lock_fd_, LockFile(path));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &out->db_, flags, nullptr);
  if (code != SQLITE_OK) return FromSqlite(out->db_, code, "open " + path);
  sqlite3_extended_result_codes(out->db_, 1);
  const std::string durability = options.durability == Durability::kFull ? "FULL" : "NORMAL";
  TRY_VOID(out->Execute("PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA synchronous=" +
                        durability)
               .WithContext(path));
  TRY(const std::string check, QueryText(*out, "PRAGMA quick_check(1)").WithContext(path));
  if (check != "ok") return MakeError(Errc::kCorrupt, path + " is damaged: " + check);
  TRY_VOID(out->Migrate(path, options));
  return out;
}

Status Database::Migrate(const std::string& path, const Options& options) {
  TRY(const int64_t current, QueryInt(*this, "PRAGMA user_version"));
  const int newest = options.migrations.empty() ? 0 : options.migrations.back().version;
  if (current > newest) {
    return MakeError(Errc::kPrecondition, path + " was made by a newer version (schema " +
                                              std::to_string(current) + ", this one knows " +
                                              std::to_string(newest) +
                                              "); install that version again");
  }
  if (current == newest) return {};
  if (current > 0) {
    TRY(Statement copy, Prepare("VACUUM INTO ?"));
    const std::string target = path + ".before-v" + std::to_string(newest);
    ::unlink(target.c_str());
    TRY_VOID(copy.BindText(0, target).Run().WithContext("copy before the migration"));
  }
  TRY(Transaction transaction, Transaction::Begin(*this));
  for (const Migration& migration : options.migrations) {
    if (migration.version <= current) continue;
    TRY_VOID(Execute(migration.sql).WithContext("migration " + std::to_string(migration.version)));
  }
  TRY_VOID(Execute("PRAGMA user_version=" + std::to_string(newest)));
  return transaction.Commit();
}

Database::~Database() {
  if (db_ != nullptr) sqlite3_close_v2(db_);
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return FromSqlite(db_, code, "prepare");
  return Statement(statement);
}

Status Database::Execute(std::string_view sql) {
  const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return FromSqlite(db_, code, "database");
  return {};
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

// A failed bind is a wrong index or a dead process (no memory): bugs, not input.
Statement& Statement::Bind(int index, int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, index + 1, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindText(int index, std::string_view value) {
  CHECK(sqlite3_bind_text64(statement_, index + 1, value.data() == nullptr ? "" : value.data(),
                            value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindBlob(int index, BytesView value) {
  CHECK(sqlite3_bind_blob64(statement_, index + 1, value.data() == nullptr ? "" : value.data(),
                            value.size(), SQLITE_TRANSIENT) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindNull(int index) {
  CHECK(sqlite3_bind_null(statement_, index + 1) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = FromSqlite(sqlite3_db_handle(statement_), code, "database");
  sqlite3_reset(statement_);
  return error;
}

Status Statement::Run() {
  while (true) {
    TRY(const bool row, Step());
    if (!row) break;
  }
  Reset();
  return {};
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::Text(int column) const { return Blob(column); }

Bytes Statement::Blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? Bytes() : Bytes(data, size);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<Transaction> Transaction::Begin(Database& database) {
  TRY_VOID(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // After some errors SQLite has rolled back by itself; then this one says so and changes nothing.
  const Status rolled_back = database_->Execute("ROLLBACK");
  (void)rolled_back.has_value();
}

Status Transaction::Commit() {
  TRY_VOID(database_->Execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace dunlin::store
