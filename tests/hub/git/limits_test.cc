// The limits of hub/git in protocol/base/limits.h, each at the limit and one above. Those of other
// tests: kCredentialBytes in credential_files_test.cc, kGitRequestBytes and kGitFrameBytes of the
// reader in worker_protocol_test.cc.
#include "protocol/base/limits.h"

#include "hub/git/worker_protocol.h"
#include "tests/hub/git/server_case.h"

namespace dunlin::git {
namespace {

class GitLimits : public ServerCase {
 protected:
  void SetUp() override {
    ServerCase::SetUp();
    config_.policy.local_roots = {(dir_.path() / "repos").string()};
    config_.deadline =
        ProcessGitConfig().deadline;  // the fixture's is too short for 200,000 refs with TSan
  }
  Repository Https() const { return {.url = server_->Https("shop"), .ca_file = "ca.pem"}; }
  Repository Ssh() const {
    return {.url = server_->Ssh("shop"), .ssh_key_file = "key", .known_hosts_file = "known_hosts"};
  }
  Repository Local() const { return {.url = shop_.path().string()}; }

  // With nothing fetched before: "ok", or the name of the error.
  std::string FreshFetch(const Repository& repository, const std::string& revision = "main") {
    std::filesystem::remove_all(config_.mirrors_dir);
    const auto result = Fetch(repository, revision);
    if (!result) return std::string(Name(result.error().code));
    EXPECT_FALSE(result->revisions.at(0).error);
    received_ = result->received_bytes;
    return "ok";
  }
  // The number of entries of a commit on the branch "limit", or the name of the error.
  std::string Read(const std::string& commit, ReadOptions options) {
    const auto fetched = Fetch(Local(), "limit");
    EXPECT_TRUE(fetched) << fetched.error().message;
    const auto tree = test::RunTask(context_, MakeProcessGit(config_)->ReadTree(
                                                  Local(), RevisionId(commit), std::move(options)));
    return tree ? std::to_string(tree->entries.size()) : std::string(Name(tree.error().code));
  }

  // A file of `size` zeros among the repository's objects; its id.
  std::string Blob(size_t size) const {
    const auto file = dir_.path() / "zeros";
    std::ofstream(file).close();
    std::filesystem::resize_file(file, size);
    return shop_.Run("-c core.bigFileThreshold=1g hash-object -w '" + file.string() + "'");
  }
  // The branch "limit" as one commit of files with these paths and blobs; the commit.
  std::string Branch(const std::vector<std::pair<std::string, std::string>>& files) const {
    const auto list = dir_.path() / "list";
    std::ofstream lines(list, std::ios::binary);
    for (const auto& [path, blob] : files) lines << "100644 " << blob << "\t" << path << "\n";
    lines.close();
    shop_.Run("read-tree --empty");
    shop_.Run("update-index --index-info < '" + list.string() + "'");
    const std::string commit = shop_.Run("commit-tree -m limit " + shop_.Run("write-tree"));
    shop_.Run("update-ref refs/heads/limit " + commit);
    return commit;
  }

  uint64_t received_ = 0;
};

TEST_F(GitLimits, PackObjects) {
  EXPECT_EQ(ProcessGitConfig().max_pack_objects, limits::kGitPackObjects);
  EXPECT_EQ(WorkerRequest().max_objects, limits::kGitPackObjects);
  const uint64_t objects = std::stoull(shop_.Run("rev-list --objects main | wc -l"));
  for (const Repository& repository : {Https(), Ssh(), Local()}) {
    SCOPED_TRACE(repository.url);
    config_.max_pack_objects = objects;
    EXPECT_EQ(FreshFetch(repository), "ok");
    config_.max_pack_objects = objects - 1;
    EXPECT_EQ(FreshFetch(repository), "limit");
  }
}

TEST_F(GitLimits, ReceivedBytes) {
  EXPECT_EQ(ProcessGitConfig().max_received_bytes, limits::kGitReceivedBytes);
  for (const Repository& repository : {Https(), Ssh()}) {
    SCOPED_TRACE(repository.url);
    config_.max_received_bytes = limits::kGitReceivedBytes;
    EXPECT_EQ(FreshFetch(repository), "ok");
    // What a server says of its progress counts, and is not the same each time.
    config_.max_received_bytes = received_ + 10'000;
    EXPECT_EQ(FreshFetch(repository), "ok");
    config_.max_received_bytes = received_ - 10'000;
    EXPECT_EQ(FreshFetch(repository), "limit");
  }
}

TEST_F(GitLimits, ObjectBytes) {
  for (const Repository& repository : {Https(), Ssh(), Local()}) {
    SCOPED_TRACE(repository.url);
    Branch({{"file", Blob(limits::kGitObjectBytes)}});
    EXPECT_EQ(FreshFetch(repository, "limit"), "ok");
    Branch({{"file", Blob(limits::kGitObjectBytes + 1)}});
    EXPECT_EQ(FreshFetch(repository, "limit"), "limit");
  }
  // Another branch is not harmed; a local directory hands over all of them.
  for (const Repository& repository : {Https(), Ssh()}) {
    SCOPED_TRACE(repository.url);
    EXPECT_EQ(FreshFetch(repository), "ok");
  }
}

TEST_F(GitLimits, Refs) {
  // HEAD and main are announced, too.
  std::ofstream packed(shop_.path() / ".git" / "packed-refs");
  packed << "# pack-refs with: peeled fully-peeled sorted \n";
  for (size_t i = 0; i < limits::kGitRefs - 2; ++i) {
    packed << head_ << " refs/heads/x" << 1'000'000 + i << "\n";
  }
  packed.close();
  for (const Repository& repository : {Https(), Ssh(), Local()}) {
    SCOPED_TRACE(repository.url);
    EXPECT_EQ(FreshFetch(repository), "ok");
  }
  shop_.Run("branch one-more");
  for (const Repository& repository : {Https(), Ssh(), Local()}) {
    SCOPED_TRACE(repository.url);
    EXPECT_EQ(FreshFetch(repository), "limit");
  }
}

TEST_F(GitLimits, TreeFiles) {
  const std::string blob = Blob(0);
  std::vector<std::pair<std::string, std::string>> files;
  for (size_t i = 0; i < limits::kGitTreeFiles - 1; ++i) {
    files.emplace_back("dir/" + std::to_string(1'000'000 + i), blob);  // dir counts
  }
  EXPECT_EQ(Read(Branch(files), {.with_bytes = false}), std::to_string(limits::kGitTreeFiles - 1));
  files.emplace_back("one-more", blob);
  EXPECT_EQ(Read(Branch(files), {.with_bytes = false}), "limit");
}

TEST_F(GitLimits, TreeBytes) {
  static_assert(limits::kGitTreeBytes % limits::kGitObjectBytes == 0);
  const std::string blob = Blob(limits::kGitObjectBytes);
  std::vector<std::pair<std::string, std::string>> files;
  for (size_t i = 0; i < limits::kGitTreeBytes / limits::kGitObjectBytes; ++i) {
    files.emplace_back(std::to_string(i), blob);
  }
  EXPECT_EQ(Read(Branch(files), {.with_bytes = false}), std::to_string(files.size()));
  files.emplace_back("one-more", Blob(1));
  EXPECT_EQ(Read(Branch(files), {.with_bytes = false}), "limit");
}

TEST_F(GitLimits, TreeDepth) {
  const std::string blob = Blob(0);
  std::string path = "file";
  for (size_t i = 0; i < limits::kGitTreeDepth; ++i) path = "d/" + path;
  EXPECT_EQ(Read(Branch({{path, blob}}), {.with_bytes = false}), "1");
  EXPECT_EQ(Read(Branch({{"d/" + path, blob}}), {.with_bytes = false}), "limit");
}

TEST_F(GitLimits, ReadBytes) {
  EXPECT_EQ(ProcessGitConfig().max_read_bytes, limits::kGitReadBytes);
  const std::string at = Branch({{"a", Blob(600)}, {"b", Blob(400)}});
  config_.max_read_bytes = 1000;
  EXPECT_EQ(Read(at, {}), "2");
  EXPECT_EQ(Read(Branch({{"a", Blob(600)}, {"b", Blob(401)}}), {}), "limit");
}

// The one limit that a hub's own catalogue can reach: the worker says so before it reads further.
TEST_F(GitLimits, RequestBytes) {
  const auto fetch = [&](size_t bytes) {
    const std::vector<std::string> revisions(bytes / 250, std::string(250, 'x'));
    const auto result = test::RunTask(context_, MakeProcessGit(config_)->List(Local(), revisions));
    return result ? std::string("ok") : std::string(Name(result.error().code));
  };
  EXPECT_EQ(fetch(limits::kGitRequestBytes * 9 / 10), "ok");
  EXPECT_EQ(fetch(limits::kGitRequestBytes), "limit");
}

}  // namespace
}  // namespace dunlin::git
