// Base of tests against real Git servers: a repository "shop", its two servers, and the hub's Git.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <random>

#include "hub/git/process_git.h"
#include "tests/hub/git/git_repo.h"
#include "tests/hub/process/run_task.h"
#include "tests/support/git_server.h"
#include "tests/support/temp_dir.h"

namespace dunlin::git {

class ServerCase : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = support::GitServer::Start((dir_.path() / "repos").string(),
                                            (dir_.path() / "credentials").string());
    ASSERT_TRUE(server) << server.error().message;
    server_.emplace(std::move(*server));
    config_.worker_program = GIT_TEST_WORKER;
    config_.mirrors_dir = (dir_.path() / "mirrors").string();
    config_.credentials_dir = server_->directory();
    config_.allow_networks = {*Network::Parse("127.0.0.0/8")};
    config_.deadline = Millis(30'000);
    Commit("first");
  }

  // A commit whose pack has no less than 200 KB, so that it can end in its middle.
  std::string Commit(const std::string& name) {
    std::string noise(200'000, '\0');
    std::mt19937 random(static_cast<unsigned>(++commits_));
    for (char& c : noise) c = static_cast<char>(random());
    shop_.Write("noise", noise);
    shop_.Write("name", name);
    return head_ = shop_.Commit(name);
  }

  Result<FetchResult> Fetch(const Repository& repository, const std::string& revision = "main") {
    return test::RunTask(context_, MakeProcessGit(config_)->Fetch(repository, {revision}));
  }
  // What is wrong with a fetch that must fail.
  Error FetchError(const Repository& repository) {
    const auto result = Fetch(repository);
    return result ? MakeError(Errc::kInternal, "it did not fail") : result.error();
  }
  // The newest commit arrives, whole.
  void ExpectGood(const Repository& repository) {
    const auto result = Fetch(repository);
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_FALSE(result->revisions.at(0).error) << result->revisions[0].error->message;
    EXPECT_EQ(result->revisions[0].commit.str(), head_);
    const auto tree = test::RunTask(
        context_, MakeProcessGit(config_)->ReadTree(repository, RevisionId(head_), {}));
    ASSERT_TRUE(tree) << tree.error().message;
    EXPECT_EQ(tree->Find("name")->bytes, shop_.Run("show HEAD:name"));
  }
  void Order(const std::string& order) {
    const auto obeyed = server_->Order(order);
    ASSERT_TRUE(obeyed) << obeyed.error().message;
  }
  // `protocol` stalls after some bytes: the silence and the deadline each end the fetch.
  void ExpectStallsEnd(const Repository& shop, const std::string& protocol,
                       const std::vector<std::string>& bytes, Millis silence) {
    ExpectGood(shop);
    Commit("second");
    for (const std::string& after : bytes) {
      SCOPED_TRACE(after);
      Order(protocol + " stall " + after);
      config_.silence = silence;
      config_.deadline = Millis(30'000);
      ExpectError(FetchError(shop), Errc::kTimeout, "does not answer");
      config_.silence = Millis(30'000);
      config_.deadline = Millis(500);
      ExpectError(FetchError(shop), Errc::kTimeout, "the worker was stopped");
    }
    Order(protocol + " serve");
    config_.deadline = Millis(30'000);
    ExpectGood(shop);
  }
  // A server that stops after some bytes is a fetch that failed, with these words.
  void ExpectCut(const Repository& shop, const std::string& order,
                 const std::vector<std::string>& bytes, const std::string& words) {
    ExpectGood(shop);
    Commit("second");
    for (const std::string& after : bytes) {
      SCOPED_TRACE(after);
      Order(order + " " + after);
      ExpectError(FetchError(shop), Errc::kUnavailable, words);
    }
  }
  // The whole of an error: what it is for the hub, and what it tells a person.
  static void ExpectError(const Error& error, Errc code, const std::string& words) {
    EXPECT_EQ(Name(error.code), Name(code)) << error.message;
    EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
  }

  test::TempDir dir_;
  test::GitRepo shop_{dir_.path() / "repos" / "shop"};
  asio::io_context context_;
  ProcessGitConfig config_;
  std::optional<support::GitServer> server_;
  std::string head_;
  int commits_ = 0;
};

}  // namespace dunlin::git
