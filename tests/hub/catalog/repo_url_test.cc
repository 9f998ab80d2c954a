#include "hub/catalog/repo_url.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

struct Good {
  const char* text;
  const char* canonical;
  const char* key;
};

TEST(RepoUrl, AcceptsTheFormsThatPeopleWrite) {
  const Good cases[] = {
      {"https://git.example/shop.git", "https://git.example/shop.git", "git.example/shop"},
      {"https://GIT.Example:443/Team/shop/", "https://git.example:443/Team/shop",
       "git.example/Team/shop"},
      {"https://bot@dev.azure.example/o/p/_git/r", "https://dev.azure.example/o/p/_git/r",
       "dev.azure.example/o/p/_git/r"},
      {"http://git.example:8080/shop", "http://git.example:8080/shop", "git.example:8080/shop"},
      {"ssh://git@git.example/shop.git", "ssh://git@git.example/shop.git", "git.example/shop"},
      {"ssh://git@git.example:2222/a/b.git", "ssh://git@git.example:2222/a/b.git",
       "git.example:2222/a/b"},
      {"git@git.example:team/shop.git", "git@git.example:team/shop.git", "git.example/team/shop"},
      {"git.example:~u/shop", "git.example:~u/shop", "git.example/~u/shop"},
      {"git@[2001:db8::1]:shop", "git@[2001:db8::1]:shop", "[2001:db8::1]/shop"},
      {"https://[2001:db8::1]:8443/shop", "https://[2001:db8::1]:8443/shop",
       "[2001:db8::1]:8443/shop"},
      {"https://git.example/a%2Db/c%7Ed", "https://git.example/a-b/c~d", "git.example/a-b/c~d"},
      {"/srv/git/shop.git/", "/srv/git/shop.git", "/srv/git/shop.git"},
      {"/srv/My Repos/shop", "/srv/My Repos/shop", "/srv/My Repos/shop"},
  };
  for (const Good& c : cases) {
    const auto url = ParseRepoUrl(c.text);
    ASSERT_TRUE(url.has_value()) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->Text(), c.canonical);
    EXPECT_EQ(RepoKey(*url), c.key);
    const auto again = ParseRepoUrl(url->Text());
    ASSERT_TRUE(again.has_value()) << url->Text();
    EXPECT_EQ(*again, *url);
  }
}

TEST(RepoUrl, G8RefusesEverythingElse) {
  const char* cases[] = {
      "",
      "shop",
      "./shop",
      "../shop",
      "file:///srv/git",
      "git://git.example/shop",
      "ext::sh -c touch% /tmp/x",
      "fd::17/x",
      "HTTPS+evil://git.example/x",
      "-oProxyCommand=touch x",
      "-oProxyCommand=x:y",
      "ssh://-oProxyCommand=x/y",
      "ssh://-x@git.example/y",
      "ssh://git@-git.example/y",
      "git@-host:y",
      "-u@host:y",
      "git@host:-y",
      "ssh://git@h/-y",
      "ssh://git@h/a/-y",
      "ssh://git@h/$(touch${IFS}x)",
      "git@h:a`touch x`b",
      "ssh://git@h/a%24(x)",
      "ssh://git@h/a%60x%60",
      "ssh://git@h/a%20b",
      "ssh://git@h/a%0ab",
      "ssh://git@h/a%00b",
      "ssh://git@h/a%2",
      "ssh://git@h/a%zzb",
      "https://git.example/a b",
      "https://git.example/a'b",
      "https://git.example/a\"b",
      "https://git.example/a;b",
      "https://git.example/a|b",
      "https://git.example/a&b",
      "https://git.example/a?b",
      "https://git.example/a#b",
      "https://git.example/a\\b",
      "https://git.example/../b",
      "https://git.example/a/..",
      "https://git.example/a/%2e%2e/b",
      "https://git.example/",
      "https://git.example",
      "https:///shop",
      "https://git.example:0/a",
      "https://git.example:65536/a",
      "https://git.example:1x/a",
      "https://git.example:/a",
      "https://git_example/a",
      "https://git.example\n/a",
      "https://[::1/a",
      "https://[::1]x/a",
      "https://[evil$(x):]/a",
      "https://user:secret@git.example/a",
      "ssh://a$b@git.example/x",
      "ssh://a%20b@git.example/x",
      "socks5://proxy/$(x)",
      "/",
      "/srv/../etc",
      "/srv/..",
      "/srv/a\nb",
      "https://git.ex\xc3\xa4mple/a",
  };
  for (const char* text : cases) {
    EXPECT_FALSE(ParseRepoUrl(text).has_value()) << text;
  }
}

TEST(RepoUrl, TellsWhyAndWhatToWriteInstead) {
  EXPECT_EQ(ParseRepoUrl("file:///srv/git").error().code, Errc::kUnsupported);
  EXPECT_EQ(ParseRepoUrl("git://h/x").error().code, Errc::kUnsupported);
  EXPECT_EQ(ParseRepoUrl("ext::sh").error().code, Errc::kUnsupported);
  const auto secret = ParseRepoUrl("https://u:hunter2@h/x");
  EXPECT_EQ(secret.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(secret.error().message.find("hunter2"), std::string::npos);
}

TEST(RepoUrl, HasALimit) {
  const std::string prefix = "https://h/";
  EXPECT_TRUE(ParseRepoUrl(prefix + std::string(limits::kRepoUrlBytes - prefix.size(), 'a')));
  EXPECT_EQ(ParseRepoUrl(prefix + std::string(limits::kRepoUrlBytes - prefix.size() + 1, 'a'))
                .error()
                .code,
            Errc::kLimit);
}

}  // namespace
}  // namespace dunlin::catalog
