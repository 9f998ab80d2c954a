#include "hub/api/admin_api.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/wire/error.h"
#include "tests/hub/support/fake_exchange.h"

namespace dunlin::hub {
namespace {

// Says what it was asked.
class EchoBackend : public AdminBackend {
 public:
  object::Value Said(const std::string& what) { return object::Object{{"said", what}}; }
  object::Value FleetStatus() override { return Said("status"); }
  int64_t StatusVersion() const override { return version; }
  TaskVoid WaitForChange(int64_t after, Millis limit) override {
    waited = std::to_string(after) + " " + std::to_string(limit.count());
    co_return Status();
  }
  object::Value Clusters() override { return Said("clusters"); }
  Result<object::Value> Cluster(const std::string& name) override {
    if (name == "gone") return MakeError(Errc::kNotFound, "there is no cluster gone");
    return Said("cluster " + name);
  }
  Result<object::Value> AddCluster(const NewCluster& c) override {
    return Said("add " + c.name + " " + c.region + " " + std::to_string(c.labels.size()) + " " +
                std::to_string(c.token_hours));
  }
  object::Value Apps() override { return Said("apps"); }
  Result<object::Value> App(const std::string& name) override { return Said("app " + name); }
  Result<object::Value> History(const std::string& name) override {
    return Said("history " + name);
  }
  Task<object::Value> Sync(std::string name, bool allow) override {
    co_return Said("sync " + name + (allow ? " mass-prune" : ""));
  }
  Task<object::Value> Rollback(std::string name, int64_t id) override {
    co_return Said("rollback " + name + " " + std::to_string(id));
  }
  object::Value Sources() override { return Said("sources"); }
  Task<object::Value> Refresh(std::string repo) override { co_return Said("refresh " + repo); }
  Task<object::Value> Apply(Bytes text, std::string file) override {
    co_return Said("apply " + file + " " + text);
  }
  std::string Metrics() override { return "metric 1\n"; }

  int64_t version = 7;
  std::string waited;
};

// Refuses whatever may be refused.
class RefusingBackend : public EchoBackend {
 public:
  static Error No() { return MakeError(Errc::kPrecondition, "it is frozen"); }
  Result<object::Value> Cluster(const std::string&) override { return No(); }
  Result<object::Value> AddCluster(const NewCluster&) override { return No(); }
  Result<object::Value> App(const std::string&) override { return No(); }
  Result<object::Value> History(const std::string&) override { return No(); }
  Task<object::Value> Sync(std::string, bool) override { co_return No(); }
  Task<object::Value> Rollback(std::string, int64_t) override { co_return No(); }
  Task<object::Value> Refresh(std::string) override { co_return No(); }
  Task<object::Value> Apply(Bytes, std::string) override { co_return No(); }
};

struct Case {
  std::string method, target, body;
  int status;
  std::string expected;  // in the body
};

TEST(AdminApi, RoutesToTheBackendAndRefusesTheRest) {
  const Case kCases[] = {
      {"GET", "/api/v1/status", "", 200, "status"},
      {"GET", "/api/v1/clusters", "", 200, "clusters"},
      {"GET", "/api/v1/clusters/a%2Fb", "", 200, "cluster a/b"},
      {"GET", "/api/v1/clusters/gone", "", 404, "there is no cluster gone"},
      {"POST", "/api/v1/clusters", R"({"name":"c","region":"eu","labels":{"a":"b"}})", 200,
       "add c eu 1 1"},
      {"POST", "/api/v1/clusters", R"({"name":"c","token_hours":24})", 200, "add c  0 24"},
      {"POST", "/api/v1/clusters", R"({"name":"c","token_hours":25})", 400, "token_hours"},
      {"POST", "/api/v1/clusters", R"({"region":"eu"})", 400, "name"},
      {"POST", "/api/v1/clusters", "{", 400, ""},
      {"GET", "/api/v1/apps", "", 200, "apps"},
      {"GET", "/api/v1/apps/shop", "", 200, "app shop"},
      {"GET", "/api/v1/apps/shop/history", "", 200, "history shop"},
      {"POST", "/api/v1/apps/shop/sync", "", 200, "sync shop"},
      {"POST", "/api/v1/apps/shop/sync", R"({"allow_mass_prune":true})", 200, "mass-prune"},
      {"POST", "/api/v1/apps/shop/rollback", R"({"id":3})", 200, "rollback shop 3"},
      {"POST", "/api/v1/apps/shop/rollback", R"({"id":"3"})", 400, "id"},
      {"GET", "/api/v1/sources", "", 200, "sources"},
      {"POST", "/api/v1/sources/refresh", R"({"repo":"r"})", 200, "refresh r"},
      {"POST", "/api/v1/apply?file=a.yaml", "kind: App", 200, "apply a.yaml kind: App"},
      {"GET", "/metrics", "", 200, "metric 1"},
      {"GET", "/api/v1/nothing", "", 404, "no such path"},
      {"GET", "/api/v1/apps/a/b/c", "", 404, "no such path"},
      {"GET", "/", "", 404, "no such path"},
      {"DELETE", "/api/v1/apps", "", 405, "takes"},
      {"POST", "/api/v1/apps/shop/destroy", "", 404, "no such path"},
      {"GET", "/api/v1/%zz", "", 400, "malformed"},
      {"GET", "/api/v1/status?after=x", "", 400, "after"},
  };
  EchoBackend backend;
  const net::HttpHandler handler = AdminRoutes(backend);
  for (const Case& test : kCases) {
    const auto response = net::Call(handler, test.method, test.target, test.body);
    EXPECT_EQ(response.status, test.status) << test.method << " " << test.target << response.body;
    EXPECT_NE(response.body.find(test.expected), std::string::npos)
        << test.target << ": " << response.body;
    if (test.status >= 400) {
      EXPECT_TRUE(wire::ParseErrorBody(response.body)) << response.body;
    }
  }
}

TEST(AdminApi, StatusIsHeldOnlyWhenTheWatcherHasSeenThisVersion) {
  EchoBackend backend;
  const net::HttpHandler handler = AdminRoutes(backend);
  net::Call(handler, "GET", "/api/v1/status?after=6");
  EXPECT_EQ(backend.waited, "") << "there is news already";
  net::Call(handler, "GET", "/api/v1/status?after=7&seconds=5");
  EXPECT_EQ(backend.waited, "7 5000");
  net::Call(handler, "GET", "/api/v1/status?after=7&seconds=9999");
  EXPECT_EQ(backend.waited, "7 30000") << "never longer than the hub's own limit";
}

TEST(AdminApi, ARequestAtItsSizeIsReadAndOneAboveIsNot) {
  EchoBackend backend;
  const net::HttpHandler handler = AdminRoutes(backend);
  Bytes body = R"({"id":3})";
  body.insert(1, limits::kAdminRequestBytes - body.size(), ' ');
  EXPECT_EQ(net::Call(handler, "POST", "/api/v1/apps/shop/rollback", body).status, 200);
  const auto above = net::Call(handler, "POST", "/api/v1/apps/shop/rollback", body + " ");
  EXPECT_EQ(above.status, wire::HttpStatus(Errc::kLimit));
}

TEST(AdminApi, AFailureHasAHint) {
  EchoBackend backend;
  const auto response = net::Call(AdminRoutes(backend), "GET", "/api/v1/clusters/gone");
  const auto body = wire::ParseErrorBody(response.body);
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->code, "not_found");
  EXPECT_EQ(body->message, "cannot show cluster gone");
  EXPECT_EQ(body->cause, "there is no cluster gone");
  EXPECT_EQ(body->hint, "dunlin cluster list shows the clusters");
}

TEST(AdminApi, AFailureSaysWhatWasAskedAndWhy) {
  struct Asked {
    std::string method, target, body, message;
  };
  const Asked kCases[] = {
      {"GET", "/api/v1/clusters/c", "", "cannot show cluster c"},
      {"GET", "/api/v1/apps/shop", "", "cannot show app shop"},
      {"GET", "/api/v1/apps/shop/history", "", "cannot show the history of app shop"},
      {"GET", "/api/v1/status?after=x", "", "cannot show the state of the fleet"},
      {"POST", "/api/v1/clusters", R"({"name":"c"})", "cannot add cluster c"},
      {"POST", "/api/v1/clusters", "{", "cannot add a cluster"},
      {"POST", "/api/v1/apps/shop/sync", "", "cannot sync app shop"},
      {"POST", "/api/v1/apps/shop/rollback", "", "cannot roll back app shop"},
      {"POST", "/api/v1/sources/refresh", "", "cannot refresh the sources"},
      {"POST", "/api/v1/sources/refresh", R"({"repo":"r"})", "cannot refresh r"},
      {"POST", "/api/v1/apply?file=a.yaml", "x", "cannot apply a.yaml"},
  };
  RefusingBackend backend;
  const net::HttpHandler handler = AdminRoutes(backend);
  for (const Asked& test : kCases) {
    const auto response = net::Call(handler, test.method, test.target, test.body);
    const auto body = wire::ParseErrorBody(response.body);
    ASSERT_TRUE(body.has_value()) << test.target;
    EXPECT_EQ(body->message, test.message);
    EXPECT_FALSE(body->cause.empty()) << test.target;
    EXPECT_FALSE(body->hint.empty()) << test.target;
  }
}

}  // namespace
}  // namespace dunlin::hub
