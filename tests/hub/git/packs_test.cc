#include "hub/git/packs.h"

#include <gtest/gtest.h>

#include "hub/git/mirror.h"
#include "tests/hub/git/git_repo.h"
#include "tests/support/temp_dir.h"

namespace dunlin::git {
namespace {

class JoinPacksTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(StartLibrary({})); }  // once in a process

  // A commit and its own pack.
  std::string CommitPack(const std::string& name) {
    repo_.Write(name, name);
    const std::string commit = repo_.Commit(name);
    repo_.Run("repack -q");
    repo_.Run("prune-packed -q");
    return commit;
  }
  int CountPacks() const {
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(repo_.path() / ".git" / "objects" / "pack")) {
      count += entry.path().extension() == ".pack";
    }
    return count;
  }
  Status Join(size_t many) {
    const auto repository = OpenMirror((repo_.path() / ".git").string());
    EXPECT_TRUE(repository);
    return JoinPacks(repository->get(), many);
  }

  test::TempDir dir_;
  test::GitRepo repo_{dir_.path() / "repo"};
};

TEST_F(JoinPacksTest, LeavesTheLargestAndOneOfTheOthers) {
  repo_.Write("large", std::string(100'000, 'x') + std::to_string(1));
  const std::string first = CommitPack("a");
  for (const char* name : {"b", "c", "d", "e"}) CommitPack(name);
  ASSERT_EQ(CountPacks(), 5);
  const auto joined = Join(5);
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(CountPacks(), 2);
  repo_.Run("fsck --full --strict");
  EXPECT_EQ(repo_.Run("rev-list --count HEAD"), "5");
  EXPECT_EQ(repo_.Run("show " + first + ":a"), "a");
}

TEST_F(JoinPacksTest, FewPacksAreLeftAlone) {
  for (const char* name : {"a", "b", "c", "d"}) CommitPack(name);
  ASSERT_TRUE(Join(5));
  EXPECT_EQ(CountPacks(), 4);
}

TEST_F(JoinPacksTest, ADamagedIndexChangesNothing) {
  for (const char* name : {"a", "b", "c"}) CommitPack(name);
  for (const auto& entry :
       std::filesystem::directory_iterator(repo_.path() / ".git" / "objects" / "pack")) {
    if (entry.path().extension() != ".idx") continue;
    std::filesystem::permissions(entry.path(), std::filesystem::perms(0644));
    std::filesystem::resize_file(entry.path(), 100);
  }
  EXPECT_EQ(Join(3).error().code, Errc::kCorrupt);
  EXPECT_EQ(CountPacks(), 3);
}

}  // namespace
}  // namespace dunlin::git
