// ProcessGit with the real worker and real repositories in local directories.
#include "hub/git/process_git.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "tests/hub/git/git_repo.h"
#include "tests/hub/process/run_task.h"
#include "tests/support/temp_dir.h"

namespace dunlin::git {
namespace {

using test::GitRepo;
using Names = std::vector<std::string>;

class ProcessGitTest : public ::testing::Test {
 protected:
  ProcessGitTest() {
    config_.worker_program = GIT_TEST_WORKER;
    config_.mirrors_dir = (dir_.path() / "mirrors").string();
    config_.credentials_dir = (dir_.path() / "credentials").string();
    config_.policy.local_roots = {(dir_.path() / "repos").string()};
    config_.deadline = Millis(20'000);
  }

  std::unique_ptr<GitRepo> MakeRepo(const std::string& options = "") {
    return std::make_unique<GitRepo>(dir_.path() / "repos" / "shop", options);
  }
  Git& git() {
    if (!git_) git_ = MakeProcessGit(config_);
    return *git_;
  }
  Repository Shop() const { return {.url = (dir_.path() / "repos" / "shop").string()}; }

  Result<FetchResult> Fetch(Names revisions) {
    return test::RunTask(context_, git().Fetch(Shop(), std::move(revisions)));
  }
  Result<FetchResult> List(Names revisions) {
    return test::RunTask(context_, git().List(Shop(), std::move(revisions)));
  }
  Result<ResolvedRevision> Resolve(const std::string& revision) {
    return test::RunTask(context_, git().Resolve(Shop(), revision));
  }
  Result<Tree> Read(const std::string& commit, ReadOptions options = {}) {
    return test::RunTask(context_, git().ReadTree(Shop(), RevisionId(commit), std::move(options)));
  }
  Errc FetchError(const Repository& repository) {
    const auto result = test::RunTask(context_, git().Fetch(repository, {"main"}));
    return result ? Errc::kInternal : result.error().code;
  }
  // What one revision is after a fetch of it alone.
  std::string FetchOne(const std::string& revision) {
    const auto result = Fetch({revision});
    if (!result) return "failed: " + result.error().message;
    const ResolvedRevision& one = result->revisions.at(0);
    return one.error ? std::string(Name(one.error->code)) : one.commit.str();
  }
  static Names Paths(const Tree& tree) {
    Names paths;
    for (const TreeEntry& entry : tree.entries) paths.push_back(entry.path);
    return paths;
  }

  test::TempDir dir_;
  asio::io_context context_;
  ProcessGitConfig config_;
  std::unique_ptr<Git> git_;
};

TEST_F(ProcessGitTest, FetchSaysWhatRevisionsAre) {
  const auto repo = MakeRepo();
  repo->Write("a.yaml", "one");
  const std::string first = repo->Commit("first");
  repo->Run("tag light");
  repo->Run("tag -m annotated heavy");
  repo->Run("branch feature/x");
  const std::string second = repo->Commit("second");

  const auto result = Fetch({"main", "feature/x", "light", "heavy", "HEAD", "refs/heads/main",
                             first, first.substr(0, 9), "nothing", "-x"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->downloaded);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"refs/heads/main", second},
      {"refs/heads/feature/x", first},
      {"refs/tags/light", first},
      {"refs/tags/heavy", first},
      {"HEAD", second},
      {"refs/heads/main", second},
      {"", first},
      {"", first}};
  ASSERT_EQ(result->revisions.size(), 10u);
  for (size_t i = 0; i < expected.size(); ++i) {
    const ResolvedRevision& revision = result->revisions[i];
    ASSERT_FALSE(revision.error) << revision.name << ": " << revision.error->message;
    EXPECT_EQ(revision.ref, expected[i].first) << revision.name;
    EXPECT_EQ(revision.commit.str(), expected[i].second) << revision.name;
  }
  EXPECT_EQ(result->revisions[8].error->code, Errc::kNotFound);
  EXPECT_EQ(result->revisions[9].error->code, Errc::kInvalidArgument);
}

TEST_F(ProcessGitTest, SecondFetchDownloadsNothing) {
  const auto repo = MakeRepo();
  repo->Commit("first");
  ASSERT_TRUE(Fetch({"main"})->downloaded);
  EXPECT_FALSE(Fetch({"main"})->downloaded);
  EXPECT_FALSE(Fetch({"HEAD"})->downloaded);
  repo->Commit("second");
  EXPECT_TRUE(Fetch({"main"})->downloaded);
}

TEST_F(ProcessGitTest, ListDownloadsNothing) {
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  const auto result = List({"main", first, first.substr(0, 9), "none"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->downloaded);
  EXPECT_EQ(result->revisions[0].commit.str(), first);
  EXPECT_EQ(result->revisions[1].commit.str(), first);
  EXPECT_EQ(result->revisions[2].error->code, Errc::kUnsupported);
  EXPECT_EQ(result->revisions[3].error->code, Errc::kNotFound);
  EXPECT_EQ(Read(first).error().code, Errc::kNotFound);
}

TEST_F(ProcessGitTest, ResolveIsOfTheLastFetch) {
  const auto repo = MakeRepo();
  EXPECT_EQ(Resolve("main").error().code, Errc::kNotFound);
  const std::string first = repo->Commit("first");
  repo->Run("tag -m annotated v1");
  ASSERT_TRUE(Fetch({"main", "v1"}));
  repo->Commit("second");
  for (const std::string& name :
       {std::string("main"), std::string("HEAD"), std::string("v1"), first}) {
    const auto revision = Resolve(name);
    ASSERT_TRUE(revision) << revision.error().message;
    EXPECT_EQ(revision->commit.str(), first) << name;
  }
  EXPECT_EQ(Resolve("other")->error->code, Errc::kNotFound);
}

TEST_F(ProcessGitTest, ForcePushKeepsTheOldCommitReadable) {  // G12
  const auto repo = MakeRepo();
  repo->Write("old", "old");
  const std::string old_commit = repo->Commit("old");
  ASSERT_TRUE(Fetch({"main"}));
  repo->Run("checkout -q --orphan other");
  repo->Run("rm -q -rf .");
  repo->Write("new", "new");
  const std::string new_commit = repo->Commit("new");
  repo->Run("branch -f main other");
  EXPECT_EQ(FetchOne("main"), new_commit);
  EXPECT_EQ(Paths(*Read(old_commit)), Names({"old"}));
  EXPECT_EQ(Paths(*Read(new_commit)), Names({"new"}));
}

TEST_F(ProcessGitTest, DeletedBranchIsNotFoundAndLeavesTheMirror) {  // G12
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  repo->Run("branch gone");
  EXPECT_EQ(FetchOne("gone"), first);
  repo->Run("branch -D gone");
  EXPECT_EQ(FetchOne("gone"), "not_found");
  EXPECT_EQ(Resolve("gone")->error->code, Errc::kNotFound);
}

TEST_F(ProcessGitTest, BranchMayBecomeADirectoryOfBranches) {
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  repo->Run("branch team");
  EXPECT_EQ(FetchOne("team"), first);
  repo->Run("branch -D team");
  repo->Run("branch team/a");
  EXPECT_EQ(FetchOne("team/a"), first);
}

TEST_F(ProcessGitTest, EmptyRepository) {  // G12
  MakeRepo();
  EXPECT_EQ(FetchOne("main"), "not_found");
  EXPECT_EQ(FetchOne("HEAD"), "not_found");
}

TEST_F(ProcessGitTest, DetachedHead) {
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  repo->Run("checkout -q --detach");
  const std::string second = repo->Commit("second");
  EXPECT_EQ(FetchOne("HEAD"), second);
  EXPECT_EQ(FetchOne("main"), first);
  EXPECT_EQ(Resolve("HEAD")->commit.str(), second);
}

TEST_F(ProcessGitTest, BranchNamedLikeACommitDoesNotStandForIt) {
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  const std::string second = repo->Commit("second");
  repo->Run("update-ref refs/heads/" + first + " " + second);
  EXPECT_EQ(FetchOne(first), first);
}

TEST_F(ProcessGitTest, TagOfSomethingElseThanACommit) {
  const auto repo = MakeRepo();
  repo->Write("a", "a");
  repo->Commit("first");
  repo->Run("tag blob HEAD:a");
  EXPECT_EQ(FetchOne("blob"), "invalid_argument");
}

TEST_F(ProcessGitTest, ReadsBytesExactly) {  // G4
  const auto repo = MakeRepo();
  const std::string binary("\0\r\n\xff$Id$", 8);
  repo->Write("dir/file.bin", binary);
  repo->Write("empty", "");
  repo->Write("run.sh", "#!/bin/sh\n");
  repo->Write(".gitattributes", "* text=auto ident filter=evil\n");
  std::filesystem::permissions(repo->path() / "run.sh", std::filesystem::perms::all);
  std::filesystem::create_symlink("/proc/self/environ", repo->path() / "link");
  repo->Run("-c core.safecrlf=false add --renormalize run.sh || true");
  repo->Run("-c core.attributesFile=/dev/null add -A");
  const std::string commit = repo->Commit("files");
  ASSERT_EQ(FetchOne("main"), commit);
  const auto tree = Read(commit);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(Paths(*tree), Names({".gitattributes", "dir/file.bin", "empty", "link", "run.sh"}));
  EXPECT_EQ(tree->Find("dir/file.bin")->size, tree->Find("dir/file.bin")->bytes.size());
  EXPECT_EQ(tree->Find("dir/file.bin")->mode, TreeEntry::kFile);
  EXPECT_EQ(tree->Find("run.sh")->mode, TreeEntry::kExecutable);
  EXPECT_EQ(tree->Find("link")->mode, TreeEntry::kSymlink);
  EXPECT_EQ(tree->Find("link")->bytes, "/proc/self/environ");
  EXPECT_EQ(tree->Find("empty")->bytes, "");
  EXPECT_EQ(tree->Find("dir/file.bin")->blob, repo->Run("rev-parse HEAD:dir/file.bin"));
  EXPECT_EQ(tree->Find("dir/file.bin")->bytes, binary);
}

TEST_F(ProcessGitTest, ReadsPartsInGitsOrderAndNamesWhatIsMissing) {
  const auto repo = MakeRepo();
  for (const char* path : {"a/1", "a/b/2", "a.x", "c/3", "d"}) repo->Write(path, path);
  const std::string commit = repo->Commit("files");
  FetchOne("main");
  const auto tree = Read(commit, {.paths = {"d", "a/b", "./a//b/", "none", "a/none", "d/x"}});
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(Paths(*tree), Names({"a/b/2", "d"}));
  EXPECT_EQ(tree->missing, Names({"none", "a/none", "d/x"}));
  EXPECT_EQ(Paths(*Read(commit, {.paths = {"."}})), Names({"a.x", "a/1", "a/b/2", "c/3", "d"}));
}

TEST_F(ProcessGitTest, ReadsNamesWithoutBytes) {
  const auto repo = MakeRepo();
  repo->Write("a", "four");
  const std::string commit = repo->Commit("files");
  FetchOne("main");
  const auto tree = Read(commit, {.with_bytes = false});
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->entries[0].size, 4u);
  EXPECT_EQ(tree->entries[0].bytes, "");
}

TEST_F(ProcessGitTest, SubmodulesAreNamedAndNeverFetched) {  // G3, G5
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  repo->Write(".gitmodules", "[submodule \"x\"]\n\tpath = sub\n\turl = ../../outside\r\n");
  repo->Run("add -A");
  repo->Run("update-index --add --cacheinfo 160000," + first + ",sub");
  repo->Run("commit -q -m sub");
  const std::string commit = repo->Run("rev-parse HEAD");
  ASSERT_EQ(FetchOne("main"), commit);
  const auto tree = Read(commit);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->Find("sub")->mode, TreeEntry::kSubmodule);
  EXPECT_EQ(tree->Find("sub")->blob, first);
  EXPECT_EQ(tree->Find("sub")->size, 0u);
}

TEST_F(ProcessGitTest, ForbiddenNamesInATree) {  // G3
  const auto repo = MakeRepo();
  repo->Commit("first");
  const std::string blob = repo->Run("hash-object -w --stdin < /dev/null");
  const std::string tree = repo->Run("hash-object -t tree -w --stdin --literally < /dev/null");
  // git mktree checks names as little as a hostile client would.
  const std::string evil = repo->Run("mktree <<'X'\n100644 blob " + blob + "\t.GIT\nX\n");
  const std::string commit = repo->Run("commit-tree -m evil " + evil.substr(0, 40));
  repo->Run("update-ref refs/heads/evil " + commit);
  ASSERT_EQ(FetchOne("evil"), commit);
  EXPECT_EQ(Read(commit).error().code, Errc::kInvalidArgument);
}

TEST_F(ProcessGitTest, ReadLimit) {
  const auto repo = MakeRepo();
  repo->Write("a", std::string(600, 'a'));
  repo->Write("b", std::string(400, 'b'));
  const std::string at = repo->Commit("at");
  repo->Write("c", "c");
  const std::string above = repo->Commit("above");
  config_.max_read_bytes = 1000;
  FetchOne("main");
  EXPECT_TRUE(Read(at));
  EXPECT_EQ(Read(above).error().code, Errc::kLimit);
  EXPECT_TRUE(Read(above, {.paths = {"a"}}));
}

TEST_F(ProcessGitTest, TreeBombIsALimit) {  // G6: 10 levels of 10 equal directories
  const auto repo = MakeRepo();
  repo->Commit("first");
  std::string id = repo->Run("hash-object -w --stdin < /dev/null");
  std::string kind = "100644 blob ";
  for (int level = 0; level < 10; ++level) {
    std::string input;
    for (int i = 0; i < 10; ++i) input += kind + id + "\t" + std::to_string(i) + "\n";
    id = repo->Run("mktree <<'X'\n" + input + "X\n").substr(0, 40);
    kind = "040000 tree ";
  }
  const std::string commit = repo->Run("commit-tree -m bomb " + id);
  repo->Run("update-ref refs/heads/bomb " + commit);
  ASSERT_EQ(FetchOne("bomb"), commit);
  EXPECT_EQ(Read(commit, {.with_bytes = false}).error().code, Errc::kLimit);
}

TEST_F(ProcessGitTest, RepositoriesOutsideTheRootsAreRefused) {  // G8
  const GitRepo outside(dir_.path() / "outside");
  outside.Commit("first");
  MakeRepo();
  std::filesystem::create_directory_symlink(outside.path(), dir_.path() / "repos" / "link");
  EXPECT_EQ(FetchError({.url = outside.path().string()}), Errc::kPermission);
  EXPECT_EQ(FetchError({.url = (dir_.path() / "repos" / "link").string()}), Errc::kPermission);
  EXPECT_EQ(FetchError({.url = (dir_.path() / "repos" / "none").string()}), Errc::kNotFound);
}

TEST_F(ProcessGitTest, AddressesAreCheckedAfterResolution) {  // G10
  for (const char* url :
       {"https://127.0.0.1:1/a", "https://localhost:1/a", "https://0x7f.1:1/a",
        "https://2130706433:1/a", "https://[::1]:1/a", "https://169.254.169.254/a"}) {
    EXPECT_EQ(FetchError({.url = url}), Errc::kPermission) << url;
  }
}

TEST_F(ProcessGitTest, AllowedNetworkIsReachedAndNobodyIsThere) {
  config_.allow_networks = {*Network::Parse("127.0.0.0/8"), *Network::Parse("::1")};
  asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  acceptor.close();
  for (const char* host : {"127.0.0.1", "localhost", "LocalHost", "[::1]"}) {
    EXPECT_EQ(FetchError({.url = std::string("https://") + host + ":" + port + "/a"}),
              Errc::kUnavailable)
        << host;
  }
}

// Answers the first request of each connection with the same bytes and closes.
asio::awaitable<void> Serve(asio::ip::tcp::acceptor& acceptor, std::string answer, int& requests) {
  for (;;) {
    auto [failed, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (failed) co_return;
    std::string request;
    const auto buffer = asio::dynamic_buffer(request);
    (void)co_await asio::async_read_until(socket, buffer, "\r\n\r\n",
                                          asio::as_tuple(asio::use_awaitable));
    ++requests;
    (void)co_await asio::async_write(socket, asio::buffer(answer),
                                     asio::as_tuple(asio::use_awaitable));
  }
}

class HttpAnswerTest : public ProcessGitTest {
 protected:
  // What a fetch makes of this answer. `{port}` in it is another server's port.
  Errc ErrorFor(std::string answer) {
    config_.policy.allow_insecure_http = true;
    config_.allow_networks = {*Network::Parse("127.0.0.0/8")};
    asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::acceptor other(context_, {asio::ip::address_v4::loopback(), 0});
    if (const size_t at = answer.find("{port}"); at != std::string::npos) {
      answer.replace(at, 6, std::to_string(other.local_endpoint().port()));
    }
    int requests = 0;
    const auto rethrow = [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    };
    asio::co_spawn(context_, Serve(acceptor, answer, requests), rethrow);
    asio::co_spawn(context_, Serve(other, answer, redirected_), rethrow);
    const std::string port = std::to_string(acceptor.local_endpoint().port());
    const Errc code = FetchError({.url = "http://127.0.0.1:" + port + "/shop.git"});
    EXPECT_GE(requests, 1);
    acceptor.close();
    other.close();
    context_.restart();
    context_.poll();
    return code;
  }
  int redirected_ = 0;  // requests that the other server got
};

TEST_F(HttpAnswerTest, EachAnswerHasItsError) {  // G11
  const std::string empty = "Content-Length: 0\r\n\r\n";
  const struct {
    std::string answer;
    Errc code;
  } rows[] = {
      {"HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=x\r\n" + empty, Errc::kUnauthenticated},
      {"HTTP/1.1 403 x\r\n" + empty, Errc::kPermission},
      {"HTTP/1.1 404 x\r\n" + empty, Errc::kNotFound},
      {"HTTP/1.1 429 x\r\n" + empty, Errc::kUnavailable},
      {"HTTP/1.1 503 x\r\n" + empty, Errc::kUnavailable},
      {"HTTP/1.1 200 x\r\nContent-Type: text/html\r\n" + empty, Errc::kUnavailable},
      {"", Errc::kUnavailable},
      {"SSH-2.0-x\r\n", Errc::kUnavailable},
  };
  for (const auto& row : rows) EXPECT_EQ(ErrorFor(row.answer), row.code) << row.answer;
}

TEST_F(HttpAnswerTest, RedirectsToAnotherServerAreNotFollowed) {  // G10
  const std::string end =
      "/shop.git/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\n\r\n";
  for (const char* location :
       {"http://127.0.0.1:{port}", "http://localhost:{port}", "https://127.0.0.1:{port}"}) {
    EXPECT_EQ(ErrorFor("HTTP/1.1 302 x\r\nLocation: " + std::string(location) + end),
              Errc::kPermission)
        << location;
  }
  EXPECT_EQ(redirected_, 0);
}

TEST_F(ProcessGitTest, DeadlineEndsAServerThatNeverAnswers) {  // G11
  config_.allow_networks = {*Network::Parse("127.0.0.0/8")};
  config_.deadline = Millis(500);
  // It listens, so the kernel completes the handshake, and nobody ever accepts.
  asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  EXPECT_EQ(FetchError({.url = "https://127.0.0.1:" + port + "/a"}), Errc::kTimeout);
}

TEST_F(ProcessGitTest, MissingCredentialFileIsNamed) {
  MakeRepo();
  const auto result = test::RunTask(
      context_, git().Fetch({.url = "https://git.example/a", .password_file = "token"}, {"main"}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kNotFound);
  EXPECT_NE(result.error().message.find("token"), std::string::npos);
}

TEST_F(ProcessGitTest, BrokenMirrorIsMadeAnew) {
  const auto repo = MakeRepo();
  const std::string first = repo->Commit("first");
  ASSERT_EQ(FetchOne("main"), first);
  for (const auto& mirror : std::filesystem::directory_iterator(config_.mirrors_dir)) {
    if (mirror.is_directory()) std::filesystem::remove(mirror.path() / "HEAD");
  }
  EXPECT_EQ(FetchOne("main"), first);
}

TEST_F(ProcessGitTest, Sha256RepositoryIsATypedError) {  // G12
  const auto repo = MakeRepo("--object-format=sha256");
  repo->Commit("first");
  const auto result = Fetch({"main"});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().code, Errc::kInternal) << result.error().message;
}

TEST_F(ProcessGitTest, WorkerThatMisbehaves) {
  MakeRepo();
  const struct {
    const char* mode;
    Errc code;
  } rows[] = {
      {"crash", Errc::kUnavailable}, {"hang", Errc::kTimeout}, {"nonsense", Errc::kCorrupt}};
  for (const auto& row : rows) {
    ProcessGitConfig config = config_;
    config.worker_arguments = {row.mode};
    config.deadline = Millis(300);
    const auto git = MakeProcessGit(config);
    const auto result = test::RunTask(context_, git->Fetch(Shop(), {"main"}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, row.code) << row.mode << ": " << result.error().message;
  }
}

}  // namespace
}  // namespace dunlin::git
