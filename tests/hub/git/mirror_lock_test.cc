// What a killed worker leaves in a mirror, and who may write to one.
#include "hub/git/mirror_lock.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "hub/git/process_git.h"
#include "tests/hub/git/git_repo.h"
#include "tests/hub/process/run_task.h"
#include "tests/support/temp_dir.h"

namespace dunlin::git {
namespace {

namespace fs = std::filesystem;

class MirrorLockTest : public ::testing::Test {
 protected:
  MirrorLockTest() : shop_(dir_.path() / "repos" / "shop", "") {
    config_.worker_program = GIT_TEST_WORKER;
    config_.mirrors_dir = (dir_.path() / "mirrors").string();
    config_.credentials_dir = (dir_.path() / "credentials").string();
    config_.policy.local_roots = {(dir_.path() / "repos").string()};
    config_.deadline = Millis(20'000);
  }

  // "ok", or the name of the error.
  std::string Fetch() {
    const Repository repository{.url = shop_.path().string()};
    const auto result =
        test::RunTask(context_, MakeProcessGit(config_)->Fetch(repository, {"main", "HEAD"}));
    return result ? "ok" : std::string(Name(result.error().code));
  }
  fs::path Mirror() const {
    for (const auto& entry : fs::directory_iterator(config_.mirrors_dir)) {
      if (entry.is_directory()) return entry.path();
    }
    return {};
  }

  test::TempDir dir_;
  test::GitRepo shop_;
  asio::io_context context_;
  ProcessGitConfig config_;
};

TEST_F(MirrorLockTest, WhatAKilledWorkerLeftDoesNotStopTheNext) {
  shop_.Commit("first");
  ASSERT_EQ(Fetch(), "ok");
  fs::create_directories(Mirror() / "refs" / "dunlin");
  const std::vector<fs::path> left = {
      Mirror() / "HEAD.lock",
      Mirror() / "packed-refs.lock",
      Mirror() / "refs" / "dunlin" / "head.lock",
      Mirror() / "refs" / "heads" / "main.lock",
      Mirror() / "objects" / "pack" / "pack_git2_a1B2c3",
      Mirror() / "objects" / "tmp_object_git2_a1B2c3",
  };
  for (const fs::path& path : left) ASSERT_TRUE(std::ofstream(path) << "half") << path;
  shop_.Commit("second");
  EXPECT_EQ(Fetch(), "ok");
  for (const fs::path& path : left) EXPECT_FALSE(fs::exists(path)) << path;
}

TEST_F(MirrorLockTest, OneThatStillWritesIsWaitedFor) {
  shop_.Commit("first");
  ASSERT_EQ(Fetch(), "ok");
  const fs::path left = Mirror() / "HEAD.lock";
  {
    const auto other = MirrorLock::Take(Mirror().string());
    ASSERT_TRUE(other) << other.error().message;
    std::ofstream(left) << "not left over: it is being written";
    config_.deadline = Millis(300);
    EXPECT_EQ(Fetch(), "timeout");
    EXPECT_TRUE(fs::exists(left));
  }
  config_.deadline = Millis(20'000);
  EXPECT_EQ(Fetch(), "ok");
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(MirrorLockTest, NeedsNoMirror) {
  EXPECT_TRUE(MirrorLock::Take((dir_.path() / "none").string()));
  EXPECT_EQ(MirrorLock::Take((dir_.path() / "no" / "place").string()).error().code, Errc::kIo);
}

}  // namespace
}  // namespace dunlin::git
