// `dunlin-hub init`: what it refuses, and that it writes nothing then.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hub/app/config.h"
#include "hub/app/verbs.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

namespace fs = std::filesystem;

class InitTest : public ::testing::Test {
 protected:
  Status InitWith(const std::string& fleet, const std::string& data = "hub") {
    InitOptions options;
    options.data = temp_ / data;
    options.fleet_repo = fleet;
    return Init(options);
  }
  support::TempDir temp_;
};

TEST_F(InitTest, APasswordInTheUrlIsRefusedAndNotRepeated) {
  for (const char* url : {"https://bob:hunter2@git.example/fleet.git", "gopher://x/y"}) {
    const Status made = InitWith(url);
    ASSERT_FALSE(made) << url;
    EXPECT_EQ(made.error().message.find("hunter2"), std::string::npos);
    EXPECT_FALSE(fs::exists(temp_ / "hub")) << "nothing was written";
  }
  const std::string config = "data: x\ncatalog: {repo: 'https://bob:hunter2@git.example/f.git'}\n";
  const auto parsed = ParseHubConfig(config, "/etc");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument);
  EXPECT_NE(parsed.error().message.find("catalog.repo: "), std::string::npos);
  EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos);
}

TEST_F(InitTest, ADirectoryOfOtherFilesIsRefused) {
  fs::create_directory(temp_ / "src");
  std::ofstream(std::string(temp_ / "src/main.c")) << "int main;";
  const Status made = InitWith("", "src");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::kPrecondition);
  EXPECT_NE(made.error().message.find("main.c"), std::string::npos);
  EXPECT_FALSE(fs::exists(temp_ / "src/keys"));
}

TEST_F(InitTest, AnEmptyDirectoryAndAHalfMadeHubAreTaken) {
  fs::create_directories(temp_ / "hub/lost+found");
  EXPECT_OK(InitWith(""));
  fs::remove(temp_ / "hub/keys/hub.key");
  EXPECT_OK(InitWith(""));  // what a stopped init left
  EXPECT_EQ(InitWith("").error().code, Errc::kConflict) << "complete";
}

TEST_F(InitTest, ALocalFleetMustBeThere) {
  const Status made = InitWith(temp_ / "fleet.git");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::kNotFound);
  EXPECT_NE(made.error().message.find("git init --bare"), std::string::npos);
  EXPECT_FALSE(fs::exists(temp_ / "hub"));
  fs::create_directory(temp_ / "fleet.git");
  ASSERT_OK(InitWith(temp_ / "fleet.git"));
  const auto config = LoadHubConfig(temp_ / "hub/hub.yaml");
  ASSERT_OK(config);
  ASSERT_EQ(config->git.local_roots.size(), 1u);
  EXPECT_EQ(fs::path(config->catalog.repo).parent_path(), config->git.local_roots.front());
}

TEST_F(InitTest, DurationsAreRefusedInTheUnitsOfTheFile) {
  const auto parsed = ParseHubConfig("data: x\nheadLife: 30s\n", "/etc");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_NE(parsed.error().message.find("expected 1m to 24h"), std::string::npos)
      << parsed.error().message;
}

}  // namespace
}  // namespace dunlin::hub
