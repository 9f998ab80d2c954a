// One SQLite database file: the one read-write connection of the process that owns it.
//
// Rules: WAL; synchronous FULL unless asked otherwise; exactly one writing connection per file,
// which also checkpoints (SQLite 3.7.0 to 3.51.2 has a race between connections around a
// checkpoint). A lock file beside it (<path>.lock) keeps a second process out. Not thread-safe: one
// thread at a time uses it.
//
// Errors: kIo "disk full" (SQLITE_FULL), kConflict (busy, or a constraint such as UNIQUE), kCorrupt
// (not a database, damaged), kPrecondition (in use by another process, or made by a newer version),
// kInternal (SQL of ours).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace dunlin::store {

// Brings a database from version - 1 to `version`. Numbers start at 1 and have no gaps.
struct Migration {
  int version = 0;
  std::string_view sql;
};

enum class Durability {
  kFull,    // a committed transaction survives power loss
  kNormal,  // it survives a crash of the process; the last ones may be lost with the power
};

class Statement;

class Database {
 public:
  struct Options {
    Durability durability = Durability::kFull;
    std::vector<Migration> migrations;
  };
  // Opens or creates. Checks the file (quick_check) and applies missing migrations in one
  // transaction; data of an older version is copied to <path>.before-v<N> first.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> Prepare(std::string_view sql);
  Status Execute(std::string_view sql);  // one or more statements without results

 private:
  Database() = default;
  Status Migrate(const std::string& path, const Options& options);
  friend class Statement;
  sqlite3* db_ = nullptr;
  int lock_fd_ = -1;
};

// A prepared statement. Bind and column indices start at 0, in order of appearance. Bound bytes are
// copied. REQUIRES: lives shorter than its Database.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  Statement& Bind(int index, int64_t value);
  Statement& BindText(int index, std::string_view value);
  Statement& BindBlob(int index, BytesView value);
  Statement& BindNull(int index);

  Result<bool> Step();  // true: a row is there
  Status Run();         // for statements without rows; then resets, bindings cleared
  void Reset();

  int64_t Int(int column) const;
  std::string Text(int column) const;
  Bytes Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_ = nullptr;
};

// BEGIN IMMEDIATE … COMMIT; rolled back when it goes out of scope without Commit.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace dunlin::store
