#include "hub/render/tar.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "hub/process/run.h"
#include "protocol/base/limits.h"
#include "tests/hub/process/run_task.h"

namespace dunlin::render {
namespace {

using Kind = TreeFile::Kind;

// What the system's tar makes of it.
std::string Listing(const Bytes& tar, std::vector<std::string> arguments) {
  asio::io_context context;
  process::Command command{.program = "tar", .arguments = std::move(arguments)};
  const auto result = test::RunTask(context, process::Run(std::move(command), tar));
  if (!result) return "failed: " + result.error().message;
  return result->output + result->error_text;
}

TEST(Tar, SystemTarReadsIt) {
  const std::string deep(90, 'd');
  const std::string long_path = deep + "/" + deep + "/" + std::string(255, 'f') + "/ü";
  const std::vector<TreeFile> files = {{"a.yaml", Kind::kFile, "one"},
                                       {"bin/run", Kind::kExecutable, "two"},
                                       {"empty", Kind::kFile, ""},
                                       {"link", Kind::kSymlink, "a.yaml"},
                                       {"long", Kind::kSymlink, std::string(150, 'l')},
                                       {long_path, Kind::kFile, Bytes(512, 'x')}};
  const auto tar = WriteTar(files);
  ASSERT_TRUE(tar) << tar.error().message;
  EXPECT_EQ(tar->size() % 512, 0u);
  EXPECT_EQ(Listing(*tar, {"-t", "--quoting-style=literal"}),
            "a.yaml\nbin/run\nempty\nlink\nlong\n" + long_path + "\n");
  EXPECT_EQ(Listing(*tar, {"-xO", "bin/run"}), "two");
  const std::string details = Listing(*tar, {"-tv", "--numeric-owner"});
  EXPECT_NE(details.find("-rwxr-xr-x 0/0"), std::string::npos) << details;
  EXPECT_NE(details.find("link -> a.yaml"), std::string::npos) << details;
  EXPECT_NE(details.find("long -> " + std::string(150, 'l')), std::string::npos) << details;
}

TEST(Tar, LengthsAroundTheUstarFields) {
  for (const size_t length : {99u, 100u, 101u, 4096u}) {
    // Components of at most 255 bytes, because tar checks them like a file system.
    std::string path(length, 'p');
    for (size_t i = 200; i + 1 < length; i += 200) path[i] = '/';
    const auto tar = WriteTar({{path, Kind::kFile, "x"}});
    ASSERT_TRUE(tar) << length;
    EXPECT_EQ(Listing(*tar, {"-t"}), path + "\n") << length;
  }
}

TEST(Tar, EqualInputGivesEqualBytes) {
  const std::vector<TreeFile> files = {{"a", Kind::kFile, "one"}, {"b", Kind::kSymlink, "a"}};
  EXPECT_EQ(WriteTar(files).value(), WriteTar(files).value());
  EXPECT_EQ(WriteTar({}).value(), Bytes(1024, '\0'));
}

TEST(Tar, RefusedPaths) {
  for (const std::string& path :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string("../a"), std::string("a/../b"), std::string("./a"), std::string("a\0b", 3),
        std::string(limits::kTreePathBytes + 1, 'x')}) {
    EXPECT_FALSE(WriteTar({{path, Kind::kFile, ""}})) << path;
  }
  EXPECT_FALSE(WriteTar({{"a", Kind::kSymlink, Bytes("b\0c", 3)}}));
}

TEST(Tar, Limits) {
  std::vector<TreeFile> files(limits::kRenderTreeFiles, {"a", Kind::kFile, ""});
  EXPECT_TRUE(WriteTar(files));
  files.push_back(files[0]);
  EXPECT_EQ(WriteTar(files).error().code, Errc::kLimit);
  EXPECT_TRUE(WriteTar({{std::string(limits::kTreePathBytes, 'x'), Kind::kFile, ""}}));
}

TEST(Tar, BytesAtTheLimitAreTakenAndOneAboveIsNot) {
  constexpr size_t kLimit = 5000, kEnd = 1024;  // the limit counts the end of the archive
  const std::vector<TreeFile> at = {{"a", Kind::kFile, Bytes(kLimit - kEnd - 1, 'x')},
                                    {"b", Kind::kFile, "x"}};
  EXPECT_TRUE(WriteTar(at, kLimit));
  EXPECT_EQ(WriteTar(at, kLimit - 1).error().code, Errc::kLimit);
  std::vector<TreeFile> huge = {{"a", Kind::kFile, ""}};
  huge[0].bytes.resize(limits::kRenderTarBytes - kEnd + 1);
  EXPECT_EQ(WriteTar(huge).error().code, Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::render
