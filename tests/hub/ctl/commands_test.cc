// The verbs against an admin API with fixed answers, over a real Unix socket.
#include "hub/ctl/commands.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "protocol/net/http_server.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"
#include "protocol/wire/error.h"

namespace dunlin::ctl {
namespace {

// Answers by "METHOD target"; remembers what it was asked. Runs in a thread of its own, because the
// client blocks.
class CannedHub {
 public:
  explicit CannedHub(std::string socket) {
    std::promise<void> ready;
    auto is_ready = ready.get_future();
    thread_ = std::thread([this, socket = std::move(socket), &ready] { Serve(socket, ready); });
    is_ready.wait();
  }
  ~CannedHub() {
    auto stop = [this] {
      auto stopped = [this](const Status&) { context_.stop(); };
      net::Spawn(context_.get_executor(), server_->Stop(Millis(1000)), stopped);
    };
    asio::post(context_, stop);
    thread_.join();
  }

  std::map<std::string, std::pair<int, std::string>> answers;
  std::vector<std::string> asked;

 private:
  void Serve(const std::string& socket, std::promise<void>& ready) {
    net::ServerConfig config;
    config.address = socket;
    config.unix_socket = true;
    config.http1 = true;
    auto made = net::MakeHttpServer(context_.get_executor(), std::move(config),
                                    [this](net::Exchange& exchange) { return Handle(exchange); });
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    server_ = std::move(*made);
    ready.set_value();
    context_.run();
    server_.reset();
  }
  Task<std::optional<net::HttpResponse>> Handle(net::Exchange& exchange) {
    const net::HttpRequest& request = exchange.request();
    const std::string what = request.method + " " + request.target;
    asked.push_back(request.body.empty() ? what : what + " " + request.body);
    const auto answer = answers.find(what);
    if (answer == answers.end()) co_return net::HttpResponse{404, {}, ""};
    co_return net::HttpResponse{answer->second.first, {}, answer->second.second};
  }

  asio::io_context context_{1};
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
};

class Commands : public ::testing::Test {
 protected:
  Commands() {
    std::string name = (std::filesystem::temp_directory_path() / "dunlin-ctl-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    dir = name;
    hub.emplace(dir + "/admin.sock");
    client.emplace("unix:" + dir + "/admin.sock");
  }
  ~Commands() override {
    client.reset();
    hub.reset();
    std::filesystem::remove_all(dir);
  }

  // Runs a verb; its exit code, and what it wrote.
  template <typename Verb>
  int Run(Verb verb, Format format = Format::kTable) {
    Session session{*client, format};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = verb(session);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code;
  }

  std::string dir, out, err;
  std::optional<CannedHub> hub;
  std::optional<AdminClient> client;
};

TEST_F(Commands, ClusterAddPrintsTheEnrolCommandAloneOnStdout) {
  hub->answers["POST /api/v1/clusters"] = {
      200, R"({"command":"dunlin-agent enroll --hub https://h:1 --token t","token":"t"})"};
  const auto add = [](Session& s) {
    ClusterAddOptions options;
    options.name = "c1";
    options.region = "eu";
    options.labels = {"tier=edge"};
    return ClusterAdd(s, options);
  };
  EXPECT_EQ(Run(add), 0);
  EXPECT_EQ(out, "dunlin-agent enroll --hub https://h:1 --token t\n");
  EXPECT_NE(err.find("works once"), std::string::npos);
  ASSERT_EQ(hub->asked.size(), 1u);
  EXPECT_NE(hub->asked[0].find(R"("labels":{"tier":"edge"})"), std::string::npos);
}

TEST_F(Commands, ALabelWithoutAValueIsRefusedBeforeTheHubIsAsked) {
  const auto add = [](Session& s) {
    ClusterAddOptions options;
    options.name = "c1";
    options.labels = {"tier"};
    return ClusterAdd(s, options);
  };
  EXPECT_EQ(Run(add), 2);
  EXPECT_TRUE(hub->asked.empty());
}

TEST_F(Commands, ClusterListIsATable) {
  hub->answers["GET /api/v1/clusters"] = {
      200,
      R"({"time":10000,"items":[{"name":"c1","region":"eu","state":"Synced","apps":2,)"
      R"("kube_version":"v1.36.3","agent_version":"0.1.0","last_seen":7000,"label_text":"a=b"}]})"};
  EXPECT_EQ(Run(ClusterList), 0);
  EXPECT_EQ(out,
            "NAME  REGION  STATE   APPS  KUBERNETES  AGENT  LAST SEEN  LABELS\n"
            "c1    eu      Synced  2     v1.36.3     0.1.0  3 s        a=b\n");
  EXPECT_EQ(Run(ClusterList, Format::kJson), 0);
  EXPECT_TRUE(object::ParseJson(out).has_value());
  EXPECT_EQ(Run(ClusterList, Format::kYaml), 0);
  EXPECT_EQ(out.rfind("items:", 0), 0u) << out;
}

TEST_F(Commands, AppGetShowsEveryProblemWithItsHint) {
  hub->answers["GET /api/v1/apps/shop"] = {
      200, R"({"name":"shop","state":"Failed","health":"","repo":"r","ref":"main","path":"p",)"
           R"("revision":"0123456789abcdef","note":"x","targets":[{"app":"shop","cluster":"c1",)"
           R"("region":"eu","state":"Failed","objects":3,"problems":[{"code":"not_found",)"
           R"("object":"","message":"no path p","hint":"check spec.source.path"}]}]})"};
  EXPECT_EQ(Run([](Session& s) { return AppGet(s, "shop"); }), 0);
  EXPECT_NE(out.find("shop  Failed  -       r           main  p     0123456789ab  x\n"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("no path p\n  hint: check spec.source.path\n"), std::string::npos) << out;
}

TEST_F(Commands, AFailureOfTheHubIsShownWithItsExitCode) {
  hub->answers["GET /api/v1/apps/shopp"] = {
      404, wire::Encode(wire::ErrorBody{"not_found", "there is no app \"shopp\"", "",
                                        "see `dunlin app list`"})};
  const auto get = [](Session& s) { return AppGet(s, "shopp"); };
  EXPECT_EQ(Run(get), 2);
  EXPECT_EQ(out, "");
  EXPECT_EQ(err,
            "error: there is no app \"shopp\"\n  hint: see `dunlin app list`\n"
            "  docs: dunlin help not_found\n");
  EXPECT_EQ(Run(get, Format::kJson), 2);
  EXPECT_NE(out.find("\"error\""), std::string::npos);
}

TEST_F(Commands, TheExitCodeIsThatOfTheNamedCode) {
  struct Row {
    int status;
    const char* code;
    int exit;
    const char* shown;
  };
  const Row kRows[] = {{503, "io", 2, "io"},
                       {503, "unavailable", 5, "unavailable"},
                       {503, "cancelled", 5, "unavailable"},
                       {401, "expired", 4, "expired"},
                       {409, "a_later_code", 6, "a_later_code"}};
  for (const Row& row : kRows) {
    hub->answers["GET /api/v1/apps"] = {
        row.status, wire::Encode(wire::ErrorBody{row.code, "cannot list the apps", "x", ""})};
    EXPECT_EQ(Run(AppList, Format::kJson), row.exit) << row.code;
    EXPECT_EQ(wire::ParseErrorBody(out)->code, row.shown);
  }
  hub->answers["GET /api/v1/apps"] = {200, "{"};
  EXPECT_EQ(Run(AppList), 2);
  EXPECT_NE(err.find("not the answer of a Dunlin hub"), std::string::npos) << err;
  hub->answers["GET /api/v1/apps"] = {500, "<html>"};
  EXPECT_EQ(Run(AppList), 2);
  EXPECT_NE(err.find("status 500"), std::string::npos) << err;
}

TEST_F(Commands, SyncRollbackAndRefreshSayWhatHappened) {
  hub->answers["POST /api/v1/apps/shop/sync"] = {200, R"({"message":"looked at Git"})"};
  hub->answers["POST /api/v1/apps/shop/rollback"] = {200, R"({"message":"rolled back"})"};
  hub->answers["POST /api/v1/sources/refresh"] = {
      200, R"({"refreshed":1,"items":[{"repo":"r","ref":"main","result":"refreshed"}]})"};
  EXPECT_EQ(Run([](Session& s) { return AppSync(s, "shop", true); }), 0);
  EXPECT_EQ(out, "app shop: looked at Git\n");
  EXPECT_NE(hub->asked.back().find(R"({"allow_mass_prune":true})"), std::string::npos);
  EXPECT_EQ(Run([](Session& s) { return AppRollback(s, "shop", 3); }), 0);
  EXPECT_EQ(out, "app shop: rolled back\n");
  EXPECT_NE(hub->asked.back().find(R"({"id":3})"), std::string::npos);
  EXPECT_EQ(Run([](Session& s) { return SourceRefresh(s, ""); }), 0);
  EXPECT_NE(out.find("refreshed"), std::string::npos) << out;
}

TEST_F(Commands, ALabelIsGivenOnce) {
  ClusterAddOptions options;
  options.name = "c1";
  options.labels = {"tier=edge", "tier=core"};
  EXPECT_EQ(Run([&](Session& s) { return ClusterAdd(s, options); }), 2);
  EXPECT_NE(err.find("--label tier is given twice"), std::string::npos) << err;
  EXPECT_TRUE(hub->asked.empty());
}

TEST_F(Commands, RefreshAndSyncEndWithWhatCameOfThem) {
  const auto refresh = [](Session& s) { return SourceRefresh(s, ""); };
  const auto sync = [](Session& s) { return AppSync(s, "shop", false); };
  const std::string away =
      R"({"repo":"a","ref":"main","result":"failed","code":"unavailable","reason":"refused"})";
  const std::string fine = R"({"repo":"b","ref":"main","result":"refreshed"})";
  auto& refreshed = hub->answers["POST /api/v1/sources/refresh"];
  refreshed = {200, R"({"items":[)" + away + "]}"};
  EXPECT_EQ(Run(refresh), 5);
  EXPECT_NE(out.find("failed"), std::string::npos) << "one row a source: " << out;
  EXPECT_NE(err.find("1 of 1 sources failed\n  cause: a main: refused\n  hint: "),
            std::string::npos)
      << err;
  refreshed = {200, R"({"items":[)" + away + "," + fine + "]}"};
  EXPECT_EQ(Run(refresh), 7);
  EXPECT_EQ(Run(refresh, Format::kJson), 7);
  EXPECT_EQ(wire::ParseErrorBody(out)->code, "unavailable");
  auto& synced = hub->answers["POST /api/v1/apps/shop/sync"];
  synced = {200, R"({"message":"x","clusters":2,"failures":[{"object":"https://git/x","code":)"
                 R"("timeout","message":"no answer","hint":"wait"}]})"};
  EXPECT_EQ(Run(sync), 3);
  EXPECT_NE(err.find("cause: https://git/x: no answer\n  hint: wait"), std::string::npos) << err;
  synced = {200, R"({"message":"x","clusters":2,"failures":[{"object":"cluster c1","code":)"
                 R"("RENDER_FAILED","message":"a.yaml:3: not YAML","hint":"correct it"}]})"};
  EXPECT_EQ(Run(sync), 7);
  EXPECT_NE(err.find("on 1 of 2 clusters"), std::string::npos) << err;
  synced.second.replace(synced.second.find("\"clusters\":2"), 12, "\"clusters\":1");
  EXPECT_EQ(Run(sync), 2) << "a render failure is the user's to correct";
}

TEST_F(Commands, ApplySendsTheFileAndSaysWhatFailed) {
  const std::string file = dir + "/a.yaml";
  std::ofstream(file) << "kind: App\n";
  const std::string target = "POST /api/v1/apply?file=" + PercentEncode(file);
  const auto apply = [&](Session& s) { return Apply(s, {file}); };
  hub->answers[target] = {
      200,
      R"({"items":[{"kind":"Cluster","name":"c1","result":"created","message":"","place":"a:1"},)"
      R"({"kind":"App","name":"shop","result":"failed","code":"conflict","message":"two origins",)"
      R"("place":"a:2"},{"kind":"","name":"","result":"failed","code":"invalid_argument",)"
      R"("message":"a:9: no kind","place":"a:9"}]})"};
  EXPECT_EQ(Run(apply), 7) << "some of it was applied";
  EXPECT_EQ(out, "Cluster/c1 created\nApp/shop failed: a:2: two origins\na:9 failed: no kind\n");
  EXPECT_EQ(err,
            "error: 2 of 3 documents were not applied\n  cause: App/shop failed: a:2: two origins\n"
            "  hint: correct it and apply it again; what is unchanged stays as it is\n"
            "  docs: dunlin help conflict\n");
  hub->answers[target] = {
      200, R"({"items":[{"kind":"App","name":"shop","result":"failed","code":"conflict",)"
           R"("message":"two origins","place":"a:1"}]})"};
  EXPECT_EQ(Run(apply), 6) << "nothing was applied: the code of the failure";
  hub->answers[target] = {
      400, wire::Encode(wire::ErrorBody{"invalid_argument", "cannot apply a", "line 3: bad", ""})};
  EXPECT_EQ(Run(apply, Format::kJson), 2);
  EXPECT_EQ(wire::ParseErrorBody(out)->cause, "line 3: bad");
}

TEST_F(Commands, SeveralFilesAreOneDocument) {
  const std::string good = dir + "/good.yaml", bad = dir + "/bad.yaml";
  std::ofstream(good) << "kind: App\n";
  std::ofstream(bad) << "{";
  hub->answers["POST /api/v1/apply?file=" + PercentEncode(good)] = {
      200, R"({"items":[{"kind":"App","name":"shop","result":"created","message":"",)"
           R"("place":"good.yaml:1"}]})"};
  hub->answers["POST /api/v1/apply?file=" + PercentEncode(bad)] = {
      400, wire::Encode(wire::ErrorBody{"invalid_argument", "cannot apply", "line 1: bad", ""})};
  EXPECT_EQ(Run([&](Session& s) { return Apply(s, {good, bad, good}); }, Format::kJson), 7);
  EXPECT_EQ(err, "");
  const auto document = object::ParseJson(out);
  ASSERT_TRUE(document.has_value()) << out;
  const object::Array* items = object::FindArray(*document, {"items"});
  ASSERT_NE(items, nullptr) << out;
  ASSERT_EQ(items->size(), 3u);
  EXPECT_EQ(object::FindString((*items)[1], {"result"}), "failed");
  EXPECT_EQ(object::FindString((*items)[1], {"place"}), bad);
  EXPECT_EQ(object::FindString((*items)[1], {"message"}), "line 1: bad");
  EXPECT_EQ(object::FindString(*document, {"error", "code"}), "invalid_argument");
  EXPECT_EQ(object::FindString(*document, {"error", "docs"}), "dunlin help invalid_argument");

  EXPECT_EQ(Run([&](Session& s) { return Apply(s, {good, good}); }, Format::kJson), 0);
  EXPECT_TRUE(object::ParseJson(out).has_value()) << out;
}

TEST_F(Commands, AFileThatCannotBeReadIsSaidBeforeAnythingIsSent) {
  const std::string good = dir + "/good.yaml";
  std::ofstream(good) << "kind: App\n";
  EXPECT_EQ(Run([&](Session& s) { return Apply(s, {good, dir + "/missing.yaml"}); }), 2);
  EXPECT_NE(err.find("missing.yaml\n  cause: No such file"), std::string::npos) << err;
  EXPECT_EQ(Run([&](Session& s) { return Apply(s, {dir}); }, Format::kJson), 2);
  EXPECT_NE(wire::ParseErrorBody(out)->cause.find("directory"), std::string::npos) << out;
  EXPECT_TRUE(hub->asked.empty());
}

TEST_F(Commands, WaitEndsWhenEverythingIsSynced) {
  hub->answers["GET /api/v1/status"] = {
      200, R"({"version":1,"summary":{"targets":1,"synced":0,"clusters":1,"connected":1},)"
           R"("targets":[],"problems":[]})"};
  hub->answers["GET /api/v1/status?after=1&seconds=25"] = {
      200, R"({"version":2,"summary":{"targets":1,"synced":1,"clusters":1,"connected":1},)"
           R"("targets":[],"problems":[]})"};
  EXPECT_EQ(Run([](Session& s) { return FleetWait(s, Seconds(100)); }), 0);
  EXPECT_NE(out.find("1 of 1 targets Synced on 1 clusters (1 connected)"), std::string::npos);
  EXPECT_EQ(Run([](Session& s) { return FleetWait(s, Millis(0)); }), 3);
}

TEST_F(Commands, AWaitThatRanOutOfTimeNamesWhatIsLeftInTheFormAskedFor) {
  hub->answers["GET /api/v1/status"] = {
      200, R"({"version":1,"summary":{"targets":2,"synced":1,"clusters":1,"connected":1},)"
           R"("targets":[{"app":"shop","cluster":"c1","state":"Failed","reason":"no path p"},)"
           R"({"app":"cart","cluster":"c1","state":"Synced"}],"problems":[]})"};
  const auto wait = [](Session& s) { return FleetWait(s, Millis(0)); };
  EXPECT_EQ(Run(wait, Format::kJson), 3);
  EXPECT_EQ(err, "");
  const auto error = wire::ParseErrorBody(out);
  ASSERT_TRUE(error.has_value()) << "one document: " << out;
  EXPECT_EQ(error->code, "timeout");
  EXPECT_EQ(error->message, "1 of 2 targets are not Synced after 0 s");
  EXPECT_EQ(error->cause, "shop on c1 is Failed: no path p");
  EXPECT_EQ(Run(wait), 3);
  EXPECT_NE(err.find("cause: shop on c1"), std::string::npos) << err;
  EXPECT_NE(out.find("1 of 2 targets Synced"), std::string::npos) << out;
}

TEST_F(Commands, AHubThatIsNotThereIsExit5WithAHint) {
  AdminClient nobody("unix:" + dir + "/nobody.sock");
  Session session{nobody, Format::kTable};
  testing::internal::CaptureStderr();
  EXPECT_EQ(AppList(session), 5);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("hint: start it: dunlin-hub serve"), std::string::npos) << said;
  EXPECT_NE(said.find("DUNLIN_HUB"), std::string::npos) << said;
  EXPECT_EQ(said.find("GET "), std::string::npos) << "no protocol: " << said;
}

TEST_F(Commands, AnAddressOfAnotherFormIsAUsageError) {
  for (const char* address : {"https://hub", "", "unix:", "/run/admin.sock"}) {
    AdminClient wrong(address);
    Session session{wrong, Format::kTable};
    testing::internal::CaptureStderr();
    EXPECT_EQ(AppList(session), 2) << address;
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("unix:PATH"), std::string::npos) << said;
  }
}

TEST_F(Commands, WhoMayAskIsSaid) {
  EXPECT_NE(PermissionHint("dunlin-hub", "unix:/x").find("sudo -u dunlin-hub dunlin --hub unix:/x"),
            std::string::npos);
  EXPECT_NE(PermissionHint("", "unix:/x").find("root"), std::string::npos);
}

}  // namespace
}  // namespace dunlin::ctl
