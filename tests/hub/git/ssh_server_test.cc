// Git over ssh against OpenSSH's sshd. After every error the same mirror still fetches and reads.
#include <sys/stat.h>

#include "tests/hub/git/server_case.h"

namespace dunlin::git {
namespace {

class SshServer : public ServerCase {
 protected:
  Repository Shop() const {
    return {.url = server_->Ssh("shop"), .ssh_key_file = "key", .known_hosts_file = "known_hosts"};
  }
  void Put(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = server_->directory() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    chmod(path.c_str(), mode);
  }
  std::string Get(const std::string& name) const {
    std::ifstream file(server_->directory() + "/" + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
};

TEST_F(SshServer, FetchesAndSeesANewCommit) {
  ExpectGood(Shop());
  EXPECT_FALSE(Fetch(Shop())->downloaded);
  Commit("second");
  ExpectGood(Shop());
  const auto listed = test::RunTask(context_, MakeProcessGit(config_)->List(Shop(), {"main"}));
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->revisions[0].commit.str(), head_);
}

TEST_F(SshServer, AUserThatTheServerDoesNotKnow) {
  Repository shop = Shop();
  shop.url.replace(0, shop.url.find('@') + 1, "ssh://no-such-user@");
  ExpectError(FetchError(shop), Errc::kUnauthenticated, "refuses the Source's key");
}

TEST_F(SshServer, OnlyTheKnownHostKeyCounts) {  // G9
  ExpectGood(Shop());
  Put("empty", "");
  Put("other-name", "git.example " + Get("host_key.pub"));
  // The name without the port is another server's line.
  Put("no-port", "127.0.0.1 " + Get("host_key.pub"));
  for (const char* file : {"other-known_hosts", "empty", "other-name", "no-port"}) {
    SCOPED_TRACE(file);
    Repository shop = Shop();
    shop.known_hosts_file = file;
    ExpectError(FetchError(shop), Errc::kSignature, "host key");
  }
  Repository none = Shop();
  none.known_hosts_file.clear();
  ExpectError(FetchError(none), Errc::kInvalidArgument, "ssh-keyscan");
  Commit("second");
  ExpectGood(Shop());
  EXPECT_FALSE(std::filesystem::exists(server_->directory() + "/known_hosts.old"));
}

TEST_F(SshServer, KeysOfTheSource) {
  ExpectGood(Shop());
  Put("open-key", Get("key"), 0644);
  Put("garbage", "no key\n");
  Put("half", Get("key").substr(0, 200));
  const struct {
    const char* file;
    Errc code;
    const char* words;
  } rows[] = {
      {"other-key", Errc::kUnauthenticated, "refuses the Source's key"},
      {"locked-key", Errc::kUnauthenticated, "passphrase"},
      {"open-key", Errc::kInvalidArgument, "chmod 600"},
      {"garbage", Errc::kInvalidArgument, "no private key"},
      {"half", Errc::kInvalidArgument, "no private key"},
      {"no-such-file", Errc::kNotFound, "no-such-file"},
      {"", Errc::kInvalidArgument, "ssh needs a key"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.file);
    Repository shop = Shop();
    shop.ssh_key_file = row.file;
    ExpectError(FetchError(shop), row.code, row.words);
  }
  Commit("second");
  ExpectGood(Shop());
}

TEST_F(SshServer, MissingRepository) {
  Repository shop = Shop();
  shop.url = server_->Ssh("none");
  ExpectError(FetchError(shop), Errc::kNotFound, "no such repository");
}

TEST_F(SshServer, AServerThatDiesInTheMiddle) {  // G11
  ExpectCut(Shop(), "ssh cut", {"0", "10", "1000", "10000", "100000"}, "the ssh connection ended");
  Order("ssh serve");
  ExpectGood(Shop());
}

TEST_F(SshServer, AServerThatStalls) {  // G11
  ExpectStallsEnd(Shop(), "ssh", {"0", "1000", "100000"}, Millis(500));
}

TEST_F(SshServer, NoSshProgram) {
  config_.ssh_program = "/nonexistent/ssh";
  ExpectError(FetchError(Shop()), Errc::kNotFound, "/nonexistent/ssh");
}

}  // namespace
}  // namespace dunlin::git
