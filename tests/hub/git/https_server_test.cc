// Git over https against `git http-backend` behind TLS. After every error the same mirror still
// fetches and reads.
#include "tests/hub/git/server_case.h"

namespace dunlin::git {
namespace {

class HttpsServer : public ServerCase {
 protected:
  Repository Shop() const { return {.url = server_->Https("shop"), .ca_file = "ca.pem"}; }
  Repository Private() const {
    return {.url = server_->Https("private/shop"),
            .username = "deploy",
            .password_file = "token",
            .ca_file = "ca.pem"};
  }
  size_t CountRequests(const std::string& words) const {
    size_t count = 0;
    for (const std::string& request : server_->Requests()) {
      count += request.find(words) != std::string::npos;
    }
    return count;
  }
};

TEST_F(HttpsServer, FetchesAndSeesANewCommit) {
  ExpectGood(Shop());
  EXPECT_FALSE(Fetch(Shop())->downloaded);
  Commit("second");
  ExpectGood(Shop());
  const auto listed = test::RunTask(context_, MakeProcessGit(config_)->List(Shop(), {"main"}));
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->revisions[0].commit.str(), head_);
}

TEST_F(HttpsServer, CredentialsOfTheSource) {
  std::filesystem::create_directory_symlink(".", dir_.path() / "repos" / "private");
  ExpectGood(Private());
  Commit("second");
  ExpectGood(Private());
  Repository wrong = Private();
  wrong.password_file = "other-token";
  ExpectError(FetchError(wrong), Errc::kUnauthenticated, "refuses the credentials");
  Repository nobody = Private();
  nobody.username = "somebody";
  ExpectError(FetchError(nobody), Errc::kUnauthenticated, "refuses the credentials");
  Repository none = Private();
  none.password_file.clear();
  ExpectError(FetchError(none), Errc::kUnauthenticated, "name them in a Source");
  Repository missing = Private();
  missing.password_file = "no-such-file";
  ExpectError(FetchError(missing), Errc::kNotFound, "no-such-file");
  ExpectGood(Private());
}

TEST_F(HttpsServer, CredentialsAreSentOnlyWhenAskedFor) {
  Repository shop = Shop();
  shop.username = "deploy";
  shop.password_file = "token";
  ExpectGood(shop);
  EXPECT_EQ(CountRequests("true"), 0u);
}

TEST_F(HttpsServer, OnlyACertificateOfTheConfiguredAuthorityCounts) {  // G9
  ExpectGood(Shop());
  const struct {
    const char* certificate;
    const char* words;
  } rows[] = {
      {"expired", "has expired"},
      {"other-host", "does not match"},
      {"self-signed", "not correctly signed by the trusted CA"},
      {"other-ca", "not correctly signed by the trusted CA"},
  };
  for (const auto& row : rows) {
    Order(std::string("certificate ") + row.certificate);
    ExpectError(FetchError(Shop()), Errc::kSignature, row.words);
  }
  Order("certificate good");
  Repository without = Shop();
  without.ca_file.clear();
  ExpectError(FetchError(without), Errc::kSignature, "name its file in the Source");
  Repository other = Shop();
  other.ca_file = "other-ca.pem";
  ExpectError(FetchError(other), Errc::kSignature, "not trusted");
  Repository no_pem = Shop();
  no_pem.ca_file = "token";
  ExpectError(FetchError(no_pem), Errc::kInvalidArgument, "PEM");
  EXPECT_EQ(CountRequests("https GET /shop/info/refs"), 1u) << "of the one good fetch";
  Commit("second");
  ExpectGood(Shop());
}

TEST_F(HttpsServer, MissingRepositoryAndAnswersOfTheServer) {
  Repository missing = Shop();
  missing.url = server_->Https("none");
  ExpectError(FetchError(missing), Errc::kNotFound, "no such repository");
  ExpectGood(Shop());
  const struct {
    const char* order;
    Errc code;
    const char* words;
  } rows[] = {
      {"https status 403", Errc::kPermission, "may not read"},
      {"https status 404", Errc::kNotFound, "no such repository"},
      {"https status 429", Errc::kUnavailable, "429"},
      {"https status 500", Errc::kUnavailable, "500"},
  };
  for (const auto& row : rows) {
    Order(row.order);
    ExpectError(FetchError(Shop()), row.code, row.words);
  }
  Order("https serve");
  Commit("second");
  ExpectGood(Shop());
}

TEST_F(HttpsServer, RedirectsLeadToNoOtherServer) {  // G10
  std::filesystem::create_directory_symlink(".", dir_.path() / "repos" / "private");
  ExpectGood(Private());
  const std::string service = "?service=git-upload-pack";
  for (const std::string& location : {
           server_->Other("private/shop/info/refs") + service,
           server_->Other("private/shop/info/refs"),  // many servers leave the query out
           server_->Other(""),
           std::string("https://localhost:1/shop/info/refs"),
           std::string("https://192.0.2.1/shop/info/refs"),
           std::string("http://127.0.0.1/shop/info/refs"),
           std::string("file:///shop/info/refs"),
           std::string("info/refs"),
           std::string("https:///info/refs"),
           std::string("https:"),
           std::string("?"),
           std::string(),
       }) {
    SCOPED_TRACE("Location: " + location);
    Order("https moved " + location);
    ExpectError(FetchError(Private()), Errc::kPermission, "write the address that it leads to");
  }
  EXPECT_EQ(CountRequests("other"), 0u);
  Order("https serve");
  Commit("second");
  ExpectGood(Private());
}

TEST_F(HttpsServer, ARenameOnTheSameServerIsFollowed) {
  Repository old = Shop();
  old.url = server_->Https("old");
  const std::string service = "?service=git-upload-pack";
  for (const std::string& location :
       {server_->Https("shop/info/refs"), server_->Https("shop/info/refs") + service,
        std::string("/shop/info/refs"), "/shop/info/refs" + service}) {
    SCOPED_TRACE("Location: " + location);
    Order("https moved " + location);
    Commit("next");
    ExpectGood(old);
  }
}

TEST_F(HttpsServer, ARedirectThatNeverEndsIsRefused) {
  for (const std::string& location : {server_->Https("a/b"), std::string("/a/b")}) {
    SCOPED_TRACE("Location: " + location);
    Order("https moved " + location);
    ExpectError(FetchError(Shop()), Errc::kPermission, "again and again");
  }
}

TEST_F(HttpsServer, AServerThatDiesInTheMiddleOfAPack) {  // G11
  ExpectCut(Shop(), "https cut", {"0", "10", "1000", "100000"}, "in the middle of its answer");
  Order("https serve");
  ExpectGood(Shop());
}

TEST_F(HttpsServer, APackThatIsNotWholeOrDamaged) {  // G6, G11
  ExpectCut(Shop(), "https short", {"0", "10", "1000", "100000"}, "in the middle of its answer");
  for (const char* bytes : {"1000", "100000"}) {
    SCOPED_TRACE(bytes);
    Order(std::string("https flip ") + bytes);
    ExpectError(FetchError(Shop()), Errc::kCorrupt, "");
  }
  Order("https serve");
  ExpectGood(Shop());
}

TEST_F(HttpsServer, AServerThatStalls) {  // G11
  ExpectStallsEnd(Shop(), "https", {"0", "100000"}, Millis(300));
}

}  // namespace
}  // namespace dunlin::git
