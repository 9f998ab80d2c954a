#include "protocol/store/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  size_t FilesInDirectory() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      (void)entry;
      ++count;
    }
    return count;
  }
  support::TempDir directory_;
  const std::string path_ = directory_ / "key";
};

TEST_F(FilesTest, WritesReplacesAndReads) {
  const Bytes bytes("\0secret\n", 8);
  ASSERT_OK(WriteFileDurably(path_, bytes, 0600));
  EXPECT_EQ(ReadFile(path_, 8).value(), bytes);
  ASSERT_OK(WriteFileDurably(path_, "", 0644));
  EXPECT_EQ(ReadFile(path_, 8).value(), "");
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
  EXPECT_EQ(FilesInDirectory(), 1u) << "no temporary file is left";
}

TEST_F(FilesTest, ReadsUpToTheLimit) {
  ASSERT_OK(WriteFileDurably(path_, Bytes(100'000, 'x'), 0600));
  EXPECT_OK(ReadFile(path_, 100'000));
  EXPECT_EQ(ReadFile(path_, 99'999).error().code, Errc::kLimit);
}

TEST_F(FilesTest, AFailureNamesTheFileAndLeavesNothingBehind) {
  EXPECT_EQ(ReadFile(path_, 10).error().code, Errc::kNotFound);
  EXPECT_NE(ReadFile(path_, 10).error().message.find(path_), std::string::npos);
  EXPECT_EQ(ReadFile(directory_.path(), 10).error().code, Errc::kIo);
  EXPECT_EQ(WriteFileDurably(directory_ / "no/file", "x", 0600).error().code, Errc::kNotFound);
  // The rename fails: a directory is in the way.
  ASSERT_TRUE(std::filesystem::create_directory(path_));
  ASSERT_OK(WriteFileDurably(path_ + "/inside", "x", 0600));
  EXPECT_EQ(WriteFileDurably(path_, "x", 0600).error().code, Errc::kIo);
  EXPECT_EQ(FilesInDirectory(), 1u);
}

TEST_F(FilesTest, SyncsADirectory) {
  EXPECT_OK(SyncDirectory(directory_.path()));
  EXPECT_EQ(SyncDirectory(directory_ / "absent").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace dunlin
