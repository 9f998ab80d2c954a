// Which files `dunlin-hub render` takes along for a directory.
#include "hub/app/local_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace dunlin::hub {
namespace {

namespace fs = std::filesystem;

class LocalTreeTest : public ::testing::Test {
 protected:
  fs::path Write(const std::string& path, const std::string& text = "x: 1\n") {
    const fs::path file = dir_.path() / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }
  Result<LocalTree> Read(const std::string& path, uint64_t bytes = limits::kRenderTarBytes) {
    return ReadLocalTree((dir_.path() / path).string(), bytes);
  }
  static std::vector<std::string> Paths(const LocalTree& tree) {
    std::vector<std::string> paths;
    for (const render::TreeFile& file : tree.files) paths.push_back(file.path);
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  std::string Root(const std::string& path) { return fs::canonical(dir_.path() / path).string(); }

  test::TempDir dir_;
};

using Names = std::vector<std::string>;

TEST_F(LocalTreeTest, TheRootIsTheWorkTreeAround) {
  Write("repo/.git/config");
  Write("repo/base/k.yaml");
  Write("repo/overlays/eu/k.yaml");
  const auto tree = Read("repo/overlays/eu");
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->root, Root("repo"));
  EXPECT_EQ(tree->path, "overlays/eu");
  EXPECT_EQ(Paths(*tree), (Names{"base/k.yaml", "overlays/eu/k.yaml"}));
  EXPECT_EQ(tree->note, "");
}

TEST_F(LocalTreeTest, AGitFileOfALinkedWorkTreeCountsToo) {
  Write("repo/.git", "gitdir: elsewhere\n");
  Write("repo/app/k.yaml");
  const auto tree = Read("repo/app/../app/");
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->root, Root("repo"));
  EXPECT_EQ(Paths(*tree), (Names{"app/k.yaml"}));
}

TEST_F(LocalTreeTest, TheWorkTreeItselfAndADirectoryWithoutOneAreTheirOwnRoot) {
  Write("repo/.git/config");
  Write("repo/k.yaml");
  Write("plain/app/k.yaml");
  for (const char* path : {"repo", "plain/app"}) {
    const auto tree = Read(path);
    ASSERT_TRUE(tree) << tree.error().message;
    EXPECT_EQ(tree->root, Root(path));
    EXPECT_EQ(tree->path, "");
    EXPECT_EQ(Paths(*tree), (Names{"k.yaml"}));
  }
}

TEST_F(LocalTreeTest, ATooLargeWorkTreeGivesWayToItsLargestPartThatFits) {
  Write("repo/.git/config");
  Write("repo/build/huge", std::string(200'000, 'x'));
  Write("repo/fleet/base/k.yaml");
  Write("repo/fleet/eu/k.yaml");
  const auto tree = Read("repo/fleet/eu", 100'000);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->root, Root("repo/fleet"));
  EXPECT_EQ(tree->path, "eu");
  EXPECT_EQ(Paths(*tree), (Names{"base/k.yaml", "eu/k.yaml"}));
  EXPECT_NE(tree->note.find("files above " + tree->root + " are not seen"), std::string::npos)
      << tree->note;
}

TEST_F(LocalTreeTest, SaysSoWhenNotEvenTheDirectoryFits) {
  Write("repo/.git/config");
  Write("repo/app/huge", std::string(200'000, 'x'));
  const auto tree = Read("repo/app", 100'000);
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, Errc::kLimit);
  EXPECT_NE(tree.error().message.find(Root("repo/app")), std::string::npos);
}

TEST_F(LocalTreeTest, AtTheLimitsItFitsAndOneAboveItDoesNot) {
  Write("app/a", std::string(513, 'x'));  // a header and two blocks
  Write("app/b", "");                     // a header
  constexpr uint64_t kBytes = 3 * 512 + 512, kFiles = 2;
  static_assert(kBytes < limits::kRenderTarBytes && kFiles < limits::kRenderTreeFiles);
  const auto read = [this](uint64_t bytes, uint64_t files) {
    return ReadLocalTree((dir_.path() / "app").string(), bytes, files);
  };
  EXPECT_TRUE(read(kBytes, kFiles));
  EXPECT_EQ(read(kBytes - 1, kFiles).error().code, Errc::kLimit);
  EXPECT_EQ(read(kBytes, kFiles - 1).error().code, Errc::kLimit);
}

TEST_F(LocalTreeTest, LinksStayLinks) {
  Write("app/k.yaml");
  fs::create_symlink("k.yaml", dir_.path() / "app/link.yaml");
  const auto tree = Read("app");
  ASSERT_TRUE(tree) << tree.error().message;
  ASSERT_EQ(tree->files.size(), 2u);
  for (const render::TreeFile& file : tree->files) {
    if (file.path == "link.yaml") {
      EXPECT_EQ(file.kind, render::TreeFile::Kind::kSymlink);
      EXPECT_EQ(file.bytes, "k.yaml");
    }
  }
}

TEST_F(LocalTreeTest, AMissingDirectoryAndAFileAreNotFound) {
  const fs::path file = Write("app/k.yaml");
  EXPECT_EQ(Read("none").error().code, Errc::kNotFound);
  EXPECT_EQ(ReadLocalTree(file.string()).error().code, Errc::kNotFound);
}

TEST_F(LocalTreeTest, AFileOfTheTreeKeepsItsName) {
  Write("repo/.git/config");
  const fs::path values = Write("repo/values/eu.yaml");
  Write("repo/chart/Chart.yaml");
  auto tree = Read("repo/chart");
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(NameInTree(values.string(), *tree).value(), "/values/eu.yaml");
  const fs::path relative = fs::relative(values, fs::current_path());
  EXPECT_EQ(NameInTree(relative.string(), *tree).value(), "/values/eu.yaml");
  EXPECT_EQ(tree->files.size(), 2u);
}

TEST_F(LocalTreeTest, AFileFromOutsideIsAddedUnderAReservedName) {
  const fs::path first = Write("one/values.yaml", "a: 1\n");
  const fs::path second = Write("two/values.yaml", "a: 2\n");
  Write("chart/Chart.yaml");
  auto tree = Read("chart");
  ASSERT_TRUE(tree) << tree.error().message;
  const auto one = NameInTree(first.string(), *tree);
  const auto two = NameInTree(second.string(), *tree);
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  ASSERT_EQ(tree->files.size(), 3u);
  EXPECT_EQ("/" + tree->files[1].path, *one);
  EXPECT_EQ(tree->files[2].bytes, "a: 2\n");
  EXPECT_EQ(NameInTree((dir_.path() / "none").string(), *tree).error().code, Errc::kNotFound);
}

TEST_F(LocalTreeTest, AReservedNameThatTheTreeUsesItselfIsAConflict) {
  const fs::path values = Write("values.yaml");
  Write("chart/Chart.yaml");
  Write("chart/.dunlin-added/x");
  auto tree = Read("chart");
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(NameInTree(values.string(), *tree).error().code, Errc::kConflict);
}

}  // namespace
}  // namespace dunlin::hub
