#include "hub/git/credential_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "protocol/base/limits.h"
#include "tests/support/temp_dir.h"

namespace dunlin::git {
namespace {

class CredentialFilesTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, const std::string& content) {
    std::ofstream(dir_.path() / name, std::ios::binary) << content;
  }
  test::TempDir dir_;
  CredentialFiles files_{dir_.path().string()};
};

TEST_F(CredentialFilesTest, ReadsWithoutTheLineEnd) {
  Put("token", "secret\r\n");
  EXPECT_EQ(files_.Read("token").value(), "secret");
  EXPECT_EQ(files_.Path("token").value(), (dir_.path() / "token").string());
}

TEST_F(CredentialFilesTest, NoNameIsNoCredential) {
  EXPECT_EQ(files_.Read("").value(), "");
  EXPECT_EQ(files_.Path("").value(), "");
}

TEST_F(CredentialFilesTest, OnlyPlainNames) {
  for (const char* name : {"../x", "/etc/passwd", ".hidden", "-x", "a b", "a\"b", "a\nb", "a/b"}) {
    EXPECT_EQ(files_.Path(name).error().code, Errc::kInvalidArgument) << name;
  }
}

TEST_F(CredentialFilesTest, MissingFilesAndDirectories) {
  std::filesystem::create_directory(dir_.path() / "sub");
  EXPECT_EQ(files_.Path("none").error().code, Errc::kNotFound);
  EXPECT_EQ(files_.Path("sub").error().code, Errc::kNotFound);
  EXPECT_EQ(CredentialFiles("").Path("x").error().code, Errc::kNotFound);
}

TEST_F(CredentialFilesTest, SizeLimit) {
  Put("at", std::string(limits::kCredentialBytes, 'x'));
  Put("above", std::string(limits::kCredentialBytes + 1, 'x'));
  EXPECT_TRUE(files_.Read("at"));
  EXPECT_EQ(files_.Read("above").error().code, Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::git
