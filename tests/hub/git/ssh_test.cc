#include <gtest/gtest.h>

#include <algorithm>

#include "hub/git/ssh_transport.h"

namespace dunlin::git {
namespace {

WorkerRequest Request() {
  WorkerRequest request;
  request.ssh_key_file = "/cred/key";
  request.known_hosts_file = "/cred/known_hosts";
  return request;
}

bool Has(const std::vector<std::string>& arguments, const std::string& what) {
  return std::find(arguments.begin(), arguments.end(), what) != arguments.end();
}

TEST(Ssh, ArgumentVector) {
  const auto url = catalog::ParseRepoUrl("ssh://deploy@git.example:2222/shop/web.git");
  ASSERT_TRUE(url);
  const auto arguments = SshArguments(Request(), *url, "192.0.2.9");
  for (const char* option :
       {"BatchMode=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=\"/cred/known_hosts\"",
        "GlobalKnownHostsFile=none", "IdentitiesOnly=yes", "IdentityAgent=none",
        "ProxyCommand=none", "HostName=192.0.2.9", "HostKeyAlias=[git.example]:2222"}) {
    EXPECT_TRUE(Has(arguments, option)) << option;
  }
  EXPECT_EQ(arguments[0], "-F");
  EXPECT_EQ(arguments[1], "none");
  const size_t n = arguments.size();
  EXPECT_EQ(arguments[n - 3], "--");
  EXPECT_EQ(arguments[n - 2], "git.example");
  EXPECT_EQ(arguments[n - 1], "git-upload-pack '/shop/web.git'");
}

TEST(Ssh, ScpFormStaysRelativeToTheLoginDirectory) {
  const auto url = catalog::ParseRepoUrl("git@git.example:shop.git");
  ASSERT_TRUE(url);
  const auto arguments = SshArguments(Request(), *url, "192.0.2.9");
  EXPECT_EQ(arguments.back(), "git-upload-pack 'shop.git'");
  EXPECT_TRUE(Has(arguments, "HostKeyAlias=git.example"));
}

TEST(Ssh, NeedsAHostKeyAndAKey) {  // G9
  const auto url = catalog::ParseRepoUrl("git@git.example:shop.git");
  WorkerRequest request = Request();
  request.known_hosts_file.clear();
  EXPECT_EQ(UseSsh(request, *url).error().code, Errc::kInvalidArgument);
  request = Request();
  request.ssh_key_file.clear();
  EXPECT_EQ(UseSsh(request, *url).error().code, Errc::kInvalidArgument);
}

TEST(Ssh, ErrorsByWhatToDo) {
  const struct {
    const char* text;
    Errc code;
  } rows[] = {
      {"Host key verification failed.\r\n", Errc::kSignature},
      {"No ED25519 host key is known for h and you have requested strict checking.",
       Errc::kSignature},
      {"git@h: Permission denied (publickey).\r\n", Errc::kUnauthenticated},
      {"ERROR: Repository not found.\n", Errc::kNotFound},
      {"fatal: '/x' does not appear to be a git repository", Errc::kNotFound},
      {"Load key \"/k\": invalid format\r\ngit@h: Permission denied (publickey).",
       Errc::kInvalidArgument},
      {"Load key \"/k\": error in libcrypto\r\ngit@h: Permission denied (publickey).",
       Errc::kInvalidArgument},
      {"Load key \"/k\": bad permissions\r\ngit@h: Permission denied (publickey).",
       Errc::kInvalidArgument},
      {"Connection closed by 1.2.3.4", Errc::kUnavailable},
      {"", Errc::kUnavailable},
  };
  for (const auto& row : rows) EXPECT_EQ(SshError(row.text).code, row.code) << row.text;
}

}  // namespace
}  // namespace dunlin::git
