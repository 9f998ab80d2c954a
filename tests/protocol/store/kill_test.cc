// Durable state survives a kill at any point (C1, C3): a child commits and is killed by SIGKILL.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "protocol/store/database.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::store {
namespace {

const std::vector<Migration> kTables = {
    {1, "CREATE TABLE a (n INTEGER PRIMARY KEY, v BLOB); CREATE TABLE b (n INTEGER PRIMARY KEY)"}};

// Commits pairs of rows for ever; writes one byte to `ack` after each commit.
[[noreturn]] void Write(const std::string& path, int ack) {
  auto database = Database::Open(path, {.migrations = kTables});
  if (!database) ::_exit(1);
  for (int64_t n = 1;; ++n) {
    auto transaction = Transaction::Begin(**database);
    auto a = (*database)->Prepare(
        "INSERT INTO a SELECT coalesce(max(n), 0) + 1, zeroblob(5000) "
        "FROM a");
    auto b = (*database)->Prepare("INSERT INTO b SELECT coalesce(max(n), 0) + 1 FROM b");
    if (!transaction || !a || !b || !a->Run() || !b->Run() || !transaction->Commit()) ::_exit(1);
    if (::write(ack, "x", 1) != 1) ::_exit(1);
  }
}

TEST(Kill, CommittedRowsAreThereAndPairsAreWhole) {
  const support::TempDir directory;
  const std::string path = directory / "test.db";
  int64_t acknowledged = 0;
  for (int round = 1; round <= 12; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      Write(path, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    char byte = 0;
    for (int i = 0; i < round * 2; ++i) {
      ASSERT_EQ(::read(pipe_ends[0], &byte, 1), 1);
      ++acknowledged;
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    while (::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ::close(pipe_ends[0]);

    const auto database = Database::Open(path, {.migrations = kTables});
    ASSERT_OK(database);
    auto count = (*database)->Prepare("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)");
    ASSERT_TRUE(count->Step().value());
    EXPECT_EQ(count->Int(0), count->Int(1));
    EXPECT_GE(count->Int(0), acknowledged);
    acknowledged = count->Int(0);  // one more may have been committed before it was told
  }
}

}  // namespace
}  // namespace dunlin::store
