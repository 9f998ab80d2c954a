// The pure tables of hub/git: revisions, tree names, UTF-8, URLs, mirror names.
#include <gtest/gtest.h>

#include "hub/git/mirror_name.h"
#include "hub/git/revision.h"
#include "hub/git/tree_path.h"
#include "hub/git/url.h"
#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

using Kind = RevisionName::Kind;
using namespace std::string_literals;

const std::string kId(40, 'a');

TEST(Revision, KindOfName) {
  const struct {
    std::string text;
    Kind kind;
  } rows[] = {
      {"main", Kind::kShort},    {"feature/x", Kind::kShort},      {"HEAD", Kind::kHead},
      {"v1.2.3", Kind::kShort},  {"refs/heads/main", Kind::kFull}, {"refs/tags/v1", Kind::kFull},
      {kId, Kind::kCommit},      {"abcdef0", Kind::kCommit},       {"abcdef", Kind::kShort},
      {"ABCDEF0", Kind::kShort}, {kId + "a", Kind::kShort},        {"größe", Kind::kShort},
      {"head", Kind::kShort},
  };
  for (const auto& row : rows) {
    const auto name = ParseRevision(row.text);
    ASSERT_TRUE(name) << row.text;
    EXPECT_EQ(name->kind, row.kind) << row.text;
    EXPECT_EQ(name->text, row.text);
  }
}

TEST(Revision, RefusedNames) {  // G7
  for (const std::string& text : {""s,
                                  "--upload-pack=x"s,
                                  "-x"s,
                                  "refs/heads/a..b"s,
                                  "@{-1}"s,
                                  "@"s,
                                  "a@{1}"s,
                                  "a b"s,
                                  "a~1"s,
                                  "a^"s,
                                  "a:b"s,
                                  "a?"s,
                                  "a*"s,
                                  "a["s,
                                  "a\\b"s,
                                  "/a"s,
                                  "a/"s,
                                  "a//b"s,
                                  "a."s,
                                  ".a"s,
                                  "a/.b"s,
                                  "a.lock"s,
                                  "a.lock/b"s,
                                  "a\nb"s,
                                  "a\0b"s,
                                  "a\x7f"s,
                                  "\xe2\x80\xaegnp"s,
                                  "a\xe2\x80\x8b"s,
                                  "\xff"s,
                                  "\xc0\xaf"s,
                                  "a\xed\xa0\x80"s}) {
    const auto name = ParseRevision(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, Errc::kInvalidArgument) << text;
  }
  EXPECT_EQ(ParseRevision("refs/pull/1/head").error().code, Errc::kUnsupported);
}

TEST(Revision, PercentSignsAreLetters) {
  EXPECT_TRUE(ParseRevision("a%0ab"));  // decoded nowhere, so it is just a name
}

TEST(Revision, LengthLimit) {
  EXPECT_TRUE(ParseRevision(std::string(limits::kRevisionBytes, 'x')));
  EXPECT_EQ(ParseRevision(std::string(limits::kRevisionBytes + 1, 'x')).error().code, Errc::kLimit);
}

TEST(FindRef, BranchTagHeadAndNothing) {
  const RefMap refs = {
      {"HEAD", kId},           {"refs/heads/main", kId}, {"refs/heads/both", kId},
      {"refs/tags/both", kId}, {"refs/tags/v1", kId},    {"refs/heads/abcdef0", kId}};
  const auto find = [&](const char* text) { return FindRef(*ParseRevision(text), refs); };
  EXPECT_EQ(find("main").value(), "refs/heads/main");
  EXPECT_EQ(find("v1").value(), "refs/tags/v1");
  EXPECT_EQ(find("HEAD").value(), "HEAD");
  EXPECT_EQ(find("refs/tags/both").value(), "refs/tags/both");
  EXPECT_EQ(find("abcdef0").value(), "refs/heads/abcdef0");
  EXPECT_EQ(find("both").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(find("mein").error().code, Errc::kNotFound);
  EXPECT_NE(find("mein").error().message.find("main"), std::string::npos);
  EXPECT_EQ(find("refs/heads/v1").error().code, Errc::kNotFound);
  EXPECT_NE(FindRef(*ParseRevision("main"), {}).error().message.find("empty"), std::string::npos);
}

TEST(RefsToFetch, NamesOrEverything) {
  const RefMap refs = {{"HEAD", kId},
                       {"refs/heads/a", kId},
                       {"refs/heads/b", kId},
                       {"refs/heads/" + kId, kId},
                       {"refs/pull/1", kId}};
  const auto wanted = [&](std::vector<std::string> texts) {
    std::vector<RevisionName> names;
    for (const std::string& text : texts) names.push_back(*ParseRevision(text));
    return RefsToFetch(names, refs);
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(wanted({"a", "a", "none"}), List({"refs/heads/a"}));
  EXPECT_EQ(wanted({"b", "a", "HEAD"}), List({"HEAD", "refs/heads/a", "refs/heads/b"}));
  const List all = {"refs/heads/a", "refs/heads/" + kId, "refs/heads/b"};
  EXPECT_EQ(wanted({"1234567"}), all);
  // A branch that is named like a commit id does not stand for that commit.
  EXPECT_EQ(wanted({kId}), all);
}

TEST(TreeName, Refused) {  // G3
  for (const std::string& name :
       {""s, "."s, ".."s, "a/b"s, ".git"s, ".GIT"s, ".Git "s, ".git."s, ".git . "s, "git~1"s,
        "GIT~1"s, ".g\xe2\x80\x8cit"s, ".git\xef\xbb\xbf"s, ".git::$INDEX_ALLOCATION"s, "a\r"s,
        "a\x7f"s, "a\0"s, "\xff"s}) {
    EXPECT_FALSE(CheckTreeName(name)) << name;
  }
  for (const char* name :
       {"a", ".gitignore", ".gitmodules", "git", "...", "größe", " a ", "-x", "git~2"}) {
    EXPECT_TRUE(CheckTreeName(name)) << name;
  }
}

TEST(Url, OnlyWhatThePolicyAllows) {  // G8
  const UrlPolicy strict;
  UrlPolicy wide;
  wide.allow_insecure_http = true;
  wide.local_roots = {"/srv/git"};
  for (const char* url :
       {"https://git.example/a/b.git", "ssh://git@git.example:2222/a.git", "git@h:a/b"}) {
    EXPECT_TRUE(CheckUrl(url, strict)) << url;
  }
  for (const char* url : {"http://git.example/a", "/srv/git/a"}) {
    EXPECT_EQ(CheckUrl(url, strict).error().code, Errc::kPermission) << url;
    EXPECT_TRUE(CheckUrl(url, wide)) << url;
  }
  for (const char* url :
       {"ext::sh -c x", "file:///srv/git/a", "git://h/a", "-oProxyCommand=x", "ssh://-x/a",
        "ssh://h/-x", "ssh://git@h/$(touch${IFS}x)", "git@h:a`touch x`b", "https://h/a b",
        "https://h/a'b", "https://h/a\"b", "ssh://git@h/%24(x)", "https://h/a%0ab", "../a", ""}) {
    EXPECT_FALSE(CheckUrl(url, wide)) << url;
  }
}

TEST(IsUnder, ComparesWholeComponents) {
  const std::vector<std::string> roots = {"/srv/git", "/data/"};
  for (const char* path : {"/srv/git", "/srv/git/a", "/data/a"})
    EXPECT_TRUE(IsUnder(path, roots)) << path;
  for (const char* path : {"/srv/gitx", "/srv", "/", "/dataset"})
    EXPECT_FALSE(IsUnder(path, roots)) << path;
  EXPECT_TRUE(IsUnder("/x", {"/"}));
  EXPECT_FALSE(IsUnder("/x", {""}));
}

TEST(MirrorName, ReadableAndUnique) {
  EXPECT_EQ(MirrorName("git.example/shop/web").substr(0, 21), "git.example-shop-web-");
  EXPECT_NE(MirrorName("git.example/a/b"), MirrorName("git.example/a-b"));
  const std::string local = MirrorName("/srv/../x");
  EXPECT_EQ(local.find('/'), std::string::npos);
  EXPECT_LT(MirrorName(std::string(1000, 'x')).size(), 100u);
}

}  // namespace
}  // namespace dunlin::git
