// Repositories made with the git command line, which the product itself never runs.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace dunlin::test {

class GitRepo {
 public:
  explicit GitRepo(std::filesystem::path path, const std::string& init_options = "")
      : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    Run("init -q -b main " + init_options);
  }

  const std::filesystem::path& path() const { return path_; }

  // `git <arguments>` in the repository, by a shell; its output without the last newline.
  std::string Run(const std::string& arguments) const {
    const std::string command =
        "cd '" + path_.string() +
        "' && env -i PATH=\"$PATH\" HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a "
        "GIT_AUTHOR_EMAIL=a@example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example "
        "GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' git -c "
        "core.autocrlf=false -c protocol.file.allow=always " +
        arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    std::string output;
    char buffer[4096];
    for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
    const int status = pclose(pipe);
    EXPECT_EQ(status, 0) << "git " << arguments << ": " << output;
    while (!output.empty() && output.back() == '\n') output.pop_back();
    return output;
  }

  void Write(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories((path_ / path).parent_path());
    std::ofstream(path_ / path, std::ios::binary) << content;
  }

  // Everything that is there as a commit; its id.
  std::string Commit(const std::string& message) const {
    Run("add -A");
    Run("commit -q --allow-empty -m '" + message + "'");
    return Run("rev-parse HEAD");
  }

 private:
  std::filesystem::path path_;
};

}  // namespace dunlin::test
