#include "agent/kube/apiserver_kube.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "protocol/base/limits.h"
#include "tests/agent/support/run_task.h"
#include "tests/agent/support/scripted_client.h"
#include "tests/support/temp_dir.h"

namespace dunlin::kube {
namespace {

constexpr char kOpenApi[] =
    R"({"components":{"schemas":{"x.Job":{"type":"object","properties":{"a":{"type":"string"}},)"
    R"("x-kubernetes-group-version-kind":[{"group":"batch","version":"v1","kind":"Job"}]}}}})";

class ManualClock : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(monotonic); }
  Millis Monotonic() const override { return monotonic; }
  Millis monotonic{1000000};
};

class ApiserverKubeTest : public testing::Test {
 protected:
  void SetUp() override {
    client_ = std::make_shared<ScriptedClient>(
        [this](const net::HttpRequest& request) { return Answer(request); });
    ApiserverKube::Options options;
    options.schema_dir = dir_ + "/schemas";
    options.kube_uid = "ours";
    options.connect = [this](net::Admission admit) -> Result<Connection> {
      ++connects_;
      admit_ = std::move(admit);
      return Connection{client_, prefix_, token_, token_file_};
    };
    options_ = options;
  }

  ApiserverKube& kube() {
    if (!kube_) {
      auto made = ApiserverKube::Make(options_, io_.get_executor(), pool_, clock_);
      EXPECT_TRUE(made.has_value());
      kube_ = std::move(*made);
    }
    return *kube_;
  }

  // By "METHOD target"; a list of answers is given one after another, the last one for ever.
  Result<net::HttpResponse> Answer(const net::HttpRequest& request) {
    auto it = answers_.find(request.method + " " + request.target);
    if (it == answers_.end()) return net::HttpResponse{404, {}, "nothing here"};
    auto answer = it->second.front();
    if (it->second.size() > 1) it->second.erase(it->second.begin());
    return answer;
  }
  void On(const std::string& request, std::string body, int status = 200,
          net::Headers headers = {}) {
    answers_[request].push_back(net::HttpResponse{status, std::move(headers), std::move(body)});
  }
  void Fail(const std::string& request, Errc code) {
    answers_[request].push_back(MakeError(code, "scripted"));
  }

  static sync::Request ForCart(sync::Verb verb) {
    sync::Request out;
    out.verb = verb;
    out.key = {"apps", "Deployment", "shop", "cart"};
    out.api_version = "apps/v1";
    out.plural = "deployments";
    return out;
  }

  const test::TempDir temp_;
  const std::string dir_ = temp_.path();
  asio::io_context io_;
  asio::thread_pool pool_{1};
  ManualClock clock_;
  std::shared_ptr<ScriptedClient> client_;
  std::map<std::string, std::vector<Result<net::HttpResponse>>> answers_;
  ApiserverKube::Options options_;
  std::string prefix_, token_ = "first", token_file_;
  int connects_ = 0;
  net::Admission admit_;
  std::unique_ptr<ApiserverKube> kube_;
};

const char kCart[] = "/apis/apps/v1/namespaces/shop/deployments/cart";

TEST_F(ApiserverKubeTest, SendsEachVerbAsTheApiserverWantsIt) {
  On(std::string("GET ") + kCart, R"({"metadata":{"uid":"u","managedFields":[]}})");
  On("POST /apis/apps/v1/namespaces/shop/deployments?fieldManager=dunlin&fieldValidation=Strict",
     R"({"metadata":{"uid":"new"}})", 201,
     {{"warning", R"(299 - "deprecated")"}, {"warning", R"(299 - "unknown field")"}});
  On(std::string("PATCH ") + kCart + "?fieldManager=dunlin&fieldValidation=Warn", "{}");
  On(std::string("DELETE ") + kCart, R"({"kind":"Status","status":"Success"})");

  auto got = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_TRUE(got.has_value() && got->ok());
  EXPECT_EQ(object::FindString(got->object, {"metadata", "uid"}), "u");
  EXPECT_EQ(object::Find(got->object, {"metadata", "managedFields"}), nullptr);

  sync::Request create = ForCart(sync::Verb::kCreate);
  create.body = "{\"a\":1}";
  create.as_user = "system:serviceaccount:shop:deployer";
  got = RunTask(io_, kube().Send(create));
  ASSERT_TRUE(got.has_value() && got->ok());
  EXPECT_EQ(got->warnings, (std::vector<std::string>{"deprecated", "unknown field"}));
  const net::HttpRequest& sent = client_->requests.back();
  EXPECT_EQ(sent.body, create.body);
  EXPECT_EQ(net::FindHeader(sent.headers, "content-type"), "application/json");
  EXPECT_EQ(net::FindHeader(sent.headers, "accept-encoding"), "identity");
  EXPECT_EQ(net::FindHeader(sent.headers, "authorization"), "Bearer first");
  EXPECT_EQ(net::FindHeader(sent.headers, "impersonate-user"), create.as_user);

  sync::Request patch = ForCart(sync::Verb::kPatch);
  patch.body = "{}";
  patch.content_type = "application/strategic-merge-patch+json";
  got = RunTask(io_, kube().Send(patch));
  ASSERT_TRUE(got.has_value() && got->ok());
  EXPECT_EQ(net::FindHeader(client_->requests.back().headers, "content-type"), patch.content_type);

  got = RunTask(io_, kube().Send(ForCart(sync::Verb::kDelete)));
  ASSERT_TRUE(got.has_value() && got->ok());
}

TEST_F(ApiserverKubeTest, EscapesNamesAndHonoursThePrefixOfAGateway) {
  prefix_ = "/k8s/c-1";
  On("GET /k8s/c-1/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode", "{}");
  sync::Request request;
  request.key = {"rbac.authorization.k8s.io", "ClusterRole", "", "system:node"};
  request.api_version = "rbac.authorization.k8s.io/v1";
  request.plural = "clusterroles";
  request.namespaced = false;
  auto got = RunTask(io_, kube().Send(request));
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->ok());
}

TEST_F(ApiserverKubeTest, ARefusalIsAValueAndALostConnectionAnError) {
  On(std::string("GET ") + kCart,
     R"({"kind":"Status","reason":"Forbidden","message":"no","code":403})", 403);
  auto got = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_TRUE(got.has_value());
  ASSERT_FALSE(got->ok());
  EXPECT_EQ(got->failure->http, 403);
  EXPECT_EQ(got->failure->reason, "Forbidden");

  Fail(std::string("DELETE ") + kCart, Errc::kUnavailable);
  got = RunTask(io_, kube().Send(ForCart(sync::Verb::kDelete)));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
}

TEST_F(ApiserverKubeTest, ReadsTheTokenAgainOnceAfter401) {
  token_.clear();
  token_file_ = dir_ + "/token";
  std::ofstream(token_file_) << "old\n";
  On(std::string("GET ") + kCart, "", 401);
  On(std::string("GET ") + kCart, "{}");
  kube();
  auto first = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->failure->http, 401);  // the file still holds the token that was refused
  EXPECT_EQ(client_->requests.size(), 1u);

  answers_.clear();
  On(std::string("GET ") + kCart, "", 401);
  On(std::string("GET ") + kCart, "{}");
  std::ofstream(token_file_) << "new\n";
  auto second = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->ok());
  EXPECT_EQ(net::FindHeader(client_->requests.back().headers, "authorization"), "Bearer new");
}

TEST_F(ApiserverKubeTest, ReadsTheCredentialsAgainWhenTlsNoLongerHolds) {
  Fail(std::string("GET ") + kCart, Errc::kSignature);
  On(std::string("GET ") + kCart, "{}");
  kube();
  clock_.monotonic += Millis(60000);
  auto got = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->ok());
  EXPECT_EQ(connects_, 2);
}

TEST_F(ApiserverKubeTest, DoesNotReconnectMoreThanOnceAMinute) {
  Fail(std::string("GET ") + kCart, Errc::kSignature);
  auto got = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(connects_, 1);
}

const char kSystem[] = "GET /api/v1/namespaces/kube-system";

TEST_F(ApiserverKubeTest, AConnectionIsAdmittedByTheUidOfKubeSystem) {
  kube();
  On(kSystem, R"({"metadata":{"uid":"ours"}})");
  EXPECT_TRUE(RunTask(io_, admit_(*client_)).has_value());
  EXPECT_EQ(client_->requests.size(), 1u);
  EXPECT_EQ(net::FindHeader(client_->requests[0].headers, "authorization"), "Bearer first");

  answers_.clear();
  On(kSystem, R"({"metadata":{"uid":"theirs"}})");
  const Status other = RunTask(io_, admit_(*client_));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, Errc::kSignature);
  EXPECT_NE(other.error().message.find("theirs"), std::string::npos);
  EXPECT_NE(other.error().message.find("ours"), std::string::npos);

  answers_.clear();
  On(kSystem, R"({"metadata":{}})");
  EXPECT_EQ(RunTask(io_, admit_(*client_)).error().code, Errc::kCorrupt);
  answers_.clear();
  On(kSystem, R"({"kind":"Status","reason":"Forbidden","message":"no","code":403})", 403);
  EXPECT_EQ(RunTask(io_, admit_(*client_)).error().code, Errc::kPermission);
}

TEST_F(ApiserverKubeTest, WithoutABoundUidTheFirstOneIsOurs) {
  options_.kube_uid.clear();
  kube();
  On(kSystem, R"({"metadata":{"uid":"first"}})");
  On(kSystem, R"({"metadata":{"uid":"second"}})");
  EXPECT_TRUE(RunTask(io_, admit_(*client_)).has_value());
  EXPECT_FALSE(RunTask(io_, admit_(*client_)).has_value());
}

TEST_F(ApiserverKubeTest, AdmissionReadsARotatedTokenAgain) {
  token_.clear();
  token_file_ = dir_ + "/token";
  std::ofstream(token_file_) << "old\n";
  kube();
  On(std::string("GET ") + kCart, "{}");
  EXPECT_TRUE(RunTask(io_, kube().Send(ForCart(sync::Verb::kGet))).has_value());
  std::ofstream(token_file_) << "new\n";
  On(kSystem, "", 401);
  On(kSystem, R"({"metadata":{"uid":"ours"}})");
  EXPECT_TRUE(RunTask(io_, admit_(*client_)).has_value());
  EXPECT_EQ(net::FindHeader(client_->requests.back().headers, "authorization"), "Bearer new");
}

TEST_F(ApiserverKubeTest, DiscoveryNamesTheOtherClusterAndNothingElseOfIt) {
  kube();
  On(kSystem, R"({"metadata":{"uid":"theirs"}})");
  EXPECT_FALSE(RunTask(io_, admit_(*client_)).has_value());
  Fail("GET /version", Errc::kSignature);  // what a client says whose connection is not admitted
  auto facts = RunTask(io_, kube().Discover());
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->kube_uid, "theirs");
  EXPECT_TRUE(facts->kinds.empty());

  answers_.clear();  // the address leads home again, but to a server with a wrong certificate
  On(kSystem, R"({"metadata":{"uid":"ours"}})");
  EXPECT_TRUE(RunTask(io_, admit_(*client_)).has_value());
  Fail("GET /version", Errc::kSignature);
  EXPECT_FALSE(RunTask(io_, kube().Discover()).has_value());
}

const std::string kList =
    "/api/v1/configmaps?labelSelector=applyset.kubernetes.io%2Fpart-of&limit=" +
    std::to_string(limits::kListPageObjects);

TEST_F(ApiserverKubeTest, ListsPageByPage) {
  On(std::string("GET ") + kList,
     R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5",)"
     R"("continue":"a/b"},"items":[{"metadata":{"name":"x","managedFields":[1]}}]})");
  On(std::string("GET ") + kList + "&continue=a%2Fb",
     R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":null})");
  const Selection selection{.group = "", .version = "v1", .plural = "configmaps"};
  auto first = RunTask(io_, kube().List(selection, ""));
  ASSERT_TRUE(first.has_value());
  const ListPage& page = std::get<ListPage>(*first);
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.resource_version, "5");
  EXPECT_EQ(object::FindString(page.items[0], {"kind"}), "ConfigMap");
  EXPECT_EQ(object::FindString(page.items[0], {"apiVersion"}), "v1");
  EXPECT_EQ(object::Find(page.items[0], {"metadata", "managedFields"}), nullptr);
  auto last = RunTask(io_, kube().List(selection, page.more));
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(std::get<ListPage>(*last).more.empty());

  answers_.clear();
  On(std::string("GET ") + kList, R"({"kind":"Status","code":410,"reason":"Expired"})", 410);
  auto gone = RunTask(io_, kube().List(selection, ""));
  ASSERT_TRUE(gone.has_value());
  EXPECT_EQ(std::get<sync::ApiFailure>(*gone).http, 410);

  answers_.clear();
  On(std::string("GET ") + kList, R"({"kind":"ConfigMapList","items":[7]})");
  auto damaged = RunTask(io_, kube().List(selection, ""));
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, Errc::kCorrupt);
}

TEST_F(ApiserverKubeTest, AnAnswerAtTheSizeLimitIsReadAndOneAboveIsNot) {
  const std::string target = std::string("GET ") + kCart;
  std::string body = R"({"kind":"Deployment"})";
  body.insert(1, limits::kKubeDocumentBytes - body.size(), ' ');
  On(target, body);
  const auto at = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  ASSERT_TRUE(at.has_value()) << at.error().message;
  EXPECT_EQ(object::FindString(at->object, {"kind"}), "Deployment");
  answers_.clear();
  On(target, body + " ");
  const auto above = RunTask(io_, kube().Send(ForCart(sync::Verb::kGet)));
  EXPECT_EQ(above.error().code, Errc::kLimit);
}

const char kWatch[] =
    "/api/v1/configmaps?labelSelector=applyset.kubernetes.io%2Fpart-of&watch=1"
    "&allowWatchBookmarks=true&timeoutSeconds=300";

TEST_F(ApiserverKubeTest, WatchesFromAVersionOrWithInitialEvents) {
  On(std::string("GET ") + kWatch + "&resourceVersion=12",
     "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"13\"}}}\n{\"type\":");
  const Selection selection{.group = "", .version = "v1", .plural = "configmaps"};
  auto answer = RunTask(io_, kube().Watch(selection, "12", Seconds(300)));
  ASSERT_TRUE(answer.has_value());
  auto& stream = std::get<std::unique_ptr<WatchStream>>(*answer);
  auto events = RunTask(io_, stream->Next(Millis(1000)));
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().resource_version, "13");
  events = RunTask(io_, stream->Next(Millis(1000)));
  ASSERT_TRUE(events.has_value());
  EXPECT_TRUE(events->empty());  // the end

  On(std::string("GET ") + kWatch + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
     R"({"kind":"Status","code":422,"reason":"Invalid","message":"sendInitialEvents"})", 422);
  auto refused = RunTask(io_, kube().Watch(selection, "", Seconds(300)));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(std::get<sync::ApiFailure>(*refused).http, 422);
  EXPECT_EQ(std::get<sync::ApiFailure>(*refused).reason, "Invalid");
}

TEST_F(ApiserverKubeTest, DiscoversWithTheAggregatedAndTheOldDocuments) {
  On("GET /version", R"({"gitVersion":"v1.36.3"})");
  On("GET /api/v1/namespaces/kube-system", R"({"metadata":{"uid":"ks"}})");
  On("GET /api", R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[)"
                 R"({"version":"v1","resources":[{"resource":"pods","responseKind":{"kind":"Pod"},)"
                 R"("scope":"Namespaced"}]}]}]})");
  On("GET /apis",
     R"({"kind":"APIGroupList","groups":[{"name":"batch","versions":[{"version":"v1"}]},)"
     R"({"name":"away","versions":[{"version":"v1"}]}]})");
  On("GET /apis/batch/v1",
     R"({"kind":"APIResourceList","resources":[{"name":"jobs","kind":"Job","namespaced":true}]})");
  On("GET /apis/away/v1", "no endpoints", 503);
  auto facts = RunTask(io_, kube().Discover());
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->version, "v1.36.3");
  EXPECT_EQ(facts->kube_uid, "ks");
  EXPECT_EQ(facts->api_versions,
            (std::vector<std::string>{"batch/v1", "batch/v1/Job", "v1", "v1/Pod"}));
  EXPECT_EQ(facts->kinds.size(), 2u);
}

TEST_F(ApiserverKubeTest, DiscoveryFailsWithTheReasonOfTheServer) {
  On("GET /version", R"({"gitVersion":"v1.36.3"})");
  On("GET /api/v1/namespaces/kube-system",
     R"({"kind":"Status","reason":"Forbidden","message":"may not get","code":403})", 403);
  auto facts = RunTask(io_, kube().Discover());
  ASSERT_FALSE(facts.has_value());
  EXPECT_EQ(facts.error().code, Errc::kPermission);
  EXPECT_NE(facts.error().message.find("may not get"), std::string::npos);
}

TEST_F(ApiserverKubeTest, LoadsASchemaOnceAndKeepsItOnDisk) {
  On("GET /openapi/v3",
     R"({"paths":{"apis/batch/v1":{"serverRelativeURL":"/openapi/v3/apis/batch/v1?hash=A"},)"
     R"("version":{"serverRelativeURL":"/openapi/v3/version?hash=B"}}})");
  On("GET /openapi/v3/apis/batch/v1?hash=A", kOpenApi);
  auto schema = RunTask(io_, kube().Schema({"batch", "v1"}));
  ASSERT_TRUE(schema.has_value()) << schema.error().message;
  ASSERT_NE(*schema, nullptr);
  EXPECT_TRUE((*schema)->Root({"batch", "v1", "Job"}).has_value());
  EXPECT_EQ(client_->requests.size(), 2u);

  kube_.reset();  // a restart
  schema = RunTask(io_, kube().Schema({"batch", "v1"}));
  ASSERT_TRUE(schema.has_value());
  EXPECT_TRUE((*schema)->Root({"batch", "v1", "Job"}).has_value());
  EXPECT_EQ(client_->requests.size(), 3u);  // the index only

  auto none = RunTask(io_, kube().Schema({"other", "v1"}));
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(*none, nullptr);
}

TEST_F(ApiserverKubeTest, DropsTablesThatTheServerNoLongerNames) {
  On("GET /openapi/v3",
     R"({"paths":{"apis/batch/v1":{"serverRelativeURL":"/openapi/v3/apis/batch/v1?hash=A"}}})");
  On("GET /openapi/v3/apis/batch/v1?hash=A", kOpenApi);
  std::filesystem::create_directories(options_.schema_dir);
  std::ofstream(options_.schema_dir + "/old.schema") << "x";
  ASSERT_TRUE(RunTask(io_, kube().Schema({"batch", "v1"})).has_value());
  EXPECT_FALSE(std::filesystem::exists(options_.schema_dir + "/old.schema"));
}

TEST_F(ApiserverKubeTest, ADamagedTableIsMadeAgain) {
  const std::string url = "/openapi/v3/apis/batch/v1?hash=A";
  On("GET /openapi/v3", R"({"paths":{"apis/batch/v1":{"serverRelativeURL":")" + url + R"("}}})");
  On("GET " + url, kOpenApi);
  ASSERT_TRUE(RunTask(io_, kube().Schema({"batch", "v1"})).has_value());
  for (const auto& file : std::filesystem::directory_iterator(options_.schema_dir)) {
    std::ofstream(file.path()) << "damaged";
  }
  auto schema = RunTask(io_, kube().Schema({"batch", "v1"}));
  ASSERT_TRUE(schema.has_value());
  ASSERT_NE(*schema, nullptr);
}

TEST_F(ApiserverKubeTest, AServerWithoutOpenApiHasNoSchemas) {
  auto schema = RunTask(io_, kube().Schema({"apps", "v1"}));
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(*schema, nullptr);
}

}  // namespace
}  // namespace dunlin::kube
