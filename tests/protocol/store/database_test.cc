#include "protocol/store/database.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "protocol/store/files.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::store {
namespace {

const std::vector<Migration> kFirst = {{1, "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)"}};
const std::vector<Migration> kSecond = {
    {1, "CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)"},
    {2, "ALTER TABLE t ADD COLUMN w TEXT NOT NULL DEFAULT 'old'; CREATE TABLE u (x INTEGER)"}};

class DatabaseTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Database>> Open(const std::vector<Migration>& migrations = kFirst) {
    return Database::Open(path_, {.migrations = migrations});
  }
  static int64_t Query(Database& database, std::string_view sql) {
    auto statement = database.Prepare(sql);
    EXPECT_OK(statement);
    const auto row = statement->Step();
    EXPECT_OK(row);
    return row.value_or(false) ? statement->Int(0) : -1;
  }
  support::TempDir directory_;
  const std::string path_ = directory_ / "test.db";
};

TEST_F(DatabaseTest, KeepsBytesNumbersTextsAndNulls) {
  const Bytes bytes("\0\xff\x80'\"", 5);
  {
    const auto database = Open().value();
    ASSERT_OK(database->Execute("CREATE TABLE x (a BLOB, b INTEGER, c TEXT, d TEXT)"));
    auto put = database->Prepare("INSERT INTO x VALUES (?,?,?,?)").value();
    ASSERT_OK(put.BindBlob(0, bytes).Bind(1, INT64_MIN).BindText(2, "t\xc3\xa9").BindNull(3).Run());
    ASSERT_OK(put.BindBlob(0, {}).Bind(1, INT64_MAX).BindText(2, {}).BindText(3, "x").Run());
  }
  const auto database = Open().value();
  auto select = database->Prepare("SELECT a, b, c, d FROM x ORDER BY b").value();
  ASSERT_TRUE(select.Step().value());
  EXPECT_EQ(select.Blob(0), bytes);
  EXPECT_EQ(select.Int(1), INT64_MIN);
  EXPECT_EQ(select.Text(2), "t\xc3\xa9");
  EXPECT_TRUE(select.IsNull(3));
  ASSERT_TRUE(select.Step().value());
  EXPECT_FALSE(select.IsNull(0)) << "empty is not null";
  EXPECT_EQ(select.Blob(0), "");
  EXPECT_EQ(select.Int(1), INT64_MAX);
  EXPECT_FALSE(select.Step().value());
}

TEST_F(DatabaseTest, WritesAheadAndSyncsEveryCommit) {
  const auto database = Open().value();
  auto mode = database->Prepare("PRAGMA journal_mode").value();
  ASSERT_TRUE(mode.Step().value());
  EXPECT_EQ(mode.Text(0), "wal");
  EXPECT_EQ(Query(*database, "PRAGMA synchronous"), 2);
  EXPECT_EQ(Query(*database, "PRAGMA foreign_keys"), 1);
}

TEST_F(DatabaseTest, ALockKeepsASecondOneOut) {
  auto first = Open();
  ASSERT_OK(first);
  EXPECT_EQ(Open().error().code, Errc::kPrecondition);
  first->reset();
  EXPECT_OK(Open());
}

TEST_F(DatabaseTest, ATransactionHoldsWhollyOrNotAtAll) {
  const auto database = Open().value();
  {
    auto transaction = Transaction::Begin(*database);
    ASSERT_OK(transaction);
    ASSERT_OK(database->Execute("INSERT INTO t VALUES (1, x'00')"));
  }
  EXPECT_EQ(Query(*database, "SELECT count(*) FROM t"), 0);
  {
    auto transaction = Transaction::Begin(*database);
    ASSERT_OK(transaction);
    ASSERT_OK(database->Execute("INSERT INTO t VALUES (1, x'00')"));
    ASSERT_OK(transaction->Commit());
  }
  EXPECT_EQ(Query(*database, "SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, MigratesDataAndKeepsACopyOfTheOldFile) {
  {
    const auto database = Open(kFirst).value();
    ASSERT_OK(database->Execute("INSERT INTO t VALUES (7, x'07')"));
  }
  {
    const auto database = Open(kSecond).value();
    EXPECT_EQ(Query(*database, "SELECT count(*) FROM t WHERE id = 7 AND w = 'old'"), 1);
    EXPECT_EQ(Query(*database, "PRAGMA user_version"), 2);
  }
  const auto copy = Database::Open(path_ + ".before-v2", {.migrations = kFirst});
  ASSERT_OK(copy);
  EXPECT_EQ(Query(**copy, "SELECT id FROM t"), 7);
  EXPECT_EQ(Open(kFirst).error().code, Errc::kPrecondition) << "made by a newer version";
}

TEST_F(DatabaseTest, ANewDatabaseGetsAllMigrationsAndNoCopy) {
  const auto database = Open(kSecond).value();
  EXPECT_EQ(Query(*database, "PRAGMA user_version"), 2);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".before-v2"));
}

// C14: a migration that fails, or is cut, leaves the old version as it was.
TEST_F(DatabaseTest, AFailedMigrationChangesNothing) {
  {
    const auto database = Open(kFirst).value();
    ASSERT_OK(database->Execute("INSERT INTO t VALUES (7, x'07')"));
  }
  const std::vector<Migration> broken = {
      kSecond[0], {2, "CREATE TABLE u (x INTEGER); INSERT INTO nowhere VALUES (1)"}};
  const auto failed = Open(broken);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("migration 2"), std::string::npos);
  const auto database = Open(kFirst).value();
  EXPECT_EQ(Query(*database, "SELECT id FROM t"), 7);
  EXPECT_EQ(Query(*database, "PRAGMA user_version"), 1);
  EXPECT_EQ(Query(*database, "SELECT count(*) FROM sqlite_master WHERE name = 'u'"), 0);
}

// C6: damage is found when the file is opened.
TEST_F(DatabaseTest, ADamagedFileIsRefused) {
  {
    const auto database = Open().value();
    ASSERT_OK(database->Execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
        "INSERT INTO t SELECT i, randomblob(200) FROM n"));
  }
  Bytes file = ReadFile(path_, 10 << 20).value();
  ASSERT_GT(file.size(), 50'000u);
  for (size_t i = 8192; i < 16384; ++i) file[i] = static_cast<char>(file[i] ^ 0x5a);
  ASSERT_OK(WriteFileDurably(path_, file, 0600));
  EXPECT_EQ(Open().error().code, Errc::kCorrupt);
  ASSERT_OK(WriteFileDurably(
      path_, "this is not a database, but it is long enough to be read " + std::string(1000, 'x'),
      0600));
  EXPECT_EQ(Open().error().code, Errc::kCorrupt);
}

// C5: a full disk, by the same error code, through SQLite's own size limit.
TEST_F(DatabaseTest, AFullDiskChangesNothingAndIsOverWhenThereIsSpace) {
  const auto database = Open().value();
  ASSERT_OK(database->Execute("INSERT INTO t VALUES (1, x'01')"));
  const std::string pages = std::to_string(Query(*database, "PRAGMA page_count") + 2);
  Query(*database, "PRAGMA max_page_count=" + pages);
  auto put = database->Prepare("INSERT INTO t VALUES (?, ?)").value();
  {
    auto transaction = Transaction::Begin(*database);
    ASSERT_OK(transaction);
    ASSERT_OK(put.Bind(0, 2).BindBlob(1, "small").Run());
    const auto full = put.Bind(0, 3).BindBlob(1, Bytes(1 << 20, 'x')).Run();
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::kIo);
    EXPECT_NE(full.error().message.find("disk full"), std::string::npos);
  }
  EXPECT_EQ(Query(*database, "SELECT count(*) FROM t"), 1);
  put.Reset();
  Query(*database, "PRAGMA max_page_count=100000");
  EXPECT_OK(put.Bind(0, 3).BindBlob(1, Bytes(1 << 20, 'x')).Run());
}

TEST_F(DatabaseTest, ErrorsSayWhatToDo) {
  const auto database = Open().value();
  EXPECT_EQ(database->Prepare("SELEC 1").error().code, Errc::kInternal);
  EXPECT_EQ(database->Execute("INSERT INTO nowhere VALUES (1)").error().code, Errc::kInternal);
  ASSERT_OK(database->Execute("INSERT INTO t VALUES (1, x'00')"));
  EXPECT_EQ(database->Execute("INSERT INTO t VALUES (1, x'00')").error().code, Errc::kConflict);
  EXPECT_EQ(Database::Open(directory_ / "no/such/dir.db", {}).error().code, Errc::kIo);
}

}  // namespace
}  // namespace dunlin::store
