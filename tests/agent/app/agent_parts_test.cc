// The small pure parts of the agent's shell: output, local status, health answers, renewal times.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "agent/app/health_server.h"
#include "agent/app/output.h"
#include "agent/app/renewal.h"
#include "agent/app/status_file.h"
#include "agent/app/systemd.h"
#include "protocol/base/limits.h"
#include "tests/support/child.h"
#include "tests/support/temp_dir.h"

namespace dunlin::app {
namespace {

TEST(Output, AFailureGetsAHintThatFitsItsCodeOrItsOwn) {
  const Error away = MakeError(Errc::kUnavailable, "refused");
  EXPECT_EQ(BodyOf({"cannot enrol", away, ""}),
            (wire::ErrorBody{"unavailable", "cannot enrol", "refused",
                             "check that the address is right and reachable from this machine"}));
  EXPECT_EQ(BodyOf({"cannot enrol", away, "wait"}).hint, "wait");
  EXPECT_EQ(BodyOf({"x", MakeError(Errc::kConflict, "y"), ""}).hint, "");
}

TEST(Output, ADocumentIsOneOfJsonOrYaml) {
  const object::Object document{{"cluster", "store-1"}, {"region", "eu"}};
  EXPECT_EQ(DocumentText(document, Output::kJson), "{\"cluster\":\"store-1\",\"region\":\"eu\"}\n");
  EXPECT_EQ(DocumentText(document, Output::kYaml), "cluster: store-1\nregion: eu\n");
}

LocalStatus Example() {
  LocalStatus out;
  out.time = *ParseTime("2026-11-24T12:00:00Z");
  out.kube_version = "v1.36.3";
  out.hub_problem = MakeError(Errc::kSignature, "another CA");
  out.report.id = "r";
  out.report.seq = 7;
  wire::TargetReport target;
  target.app = "shop";
  target.state = "Failed";
  target.revision = "0123456789abcdef";
  target.problems = {{"Deployment.apps shop/cart", "invalid", "no", "mend it"}};
  out.report.targets = {target};
  return out;
}

TaskVoid KeepTwice(StatusKeeper& keeper, std::string directory, std::vector<bool>& kept) {
  auto first = co_await keeper.Keep(Example());
  kept.push_back(first.has_value());
  std::filesystem::create_directory(directory);
  auto again = co_await keeper.Keep(Example());
  kept.push_back(again.has_value());
  kept.push_back(std::filesystem::remove(StatusPath(directory)));
  auto same = co_await keeper.Keep(Example());
  kept.push_back(same.has_value());
  kept.push_back(std::filesystem::exists(StatusPath(directory)));
  co_return Status();
}

TEST(StatusKeeper, WritesAgainAfterAFailureAndNotWhenNothingMoved) {
  const support::TempDir parent;
  const std::string directory = parent / "state";
  asio::io_context context;
  asio::thread_pool pool(1);
  StatusKeeper keeper(StatusPath(directory), pool);
  std::vector<bool> kept;
  const auto on_done = [](const Status&) {};
  net::Spawn(context.get_executor(), KeepTwice(keeper, directory, kept), on_done);
  context.run();
  pool.join();
  EXPECT_EQ(kept, (std::vector<bool>{false, true, true, true, false}));
}

TEST(LocalStatus, SurvivesItsFile) {
  const LocalStatus status = Example();
  const auto read = ParseLocalStatus(Encode(status));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->time, status.time);
  EXPECT_EQ(read->kube_version, "v1.36.3");
  ASSERT_TRUE(read->hub_problem.has_value());
  EXPECT_EQ(read->hub_problem->code, Errc::kSignature);
  EXPECT_EQ(read->report, status.report);
  EXPECT_FALSE(ParseLocalStatus("{}").has_value());
}

TEST(LocalStatus, SizeAtTheLimitIsReadAndOneAboveIsNot) {
  std::string json = Encode(Example());
  json.insert(1, limits::kLocalStatusBytes - json.size(), ' ');
  EXPECT_TRUE(ParseLocalStatus(json).has_value());
  EXPECT_EQ(ParseLocalStatus(json + " ").error().code, Errc::kLimit);
}

TEST(LocalStatus, IsShownWithStateProblemsAndHints) {
  StatusView view;
  view.identity.cluster_name = "store-1";
  view.identity.region = "eu";
  view.running = true;
  EXPECT_NE(ToText(view).find("No report yet"), std::string::npos);
  view.has_report = true;
  view.last = Example();
  const std::string text = ToText(view);
  for (const char* part :
       {"store-1 (eu)", "running", "not reached: another CA", "v1.36.3", "Failed", "0123456789",
        "Deployment.apps shop/cart: no", "hint: mend it"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  const object::Value json = ToJson(view);
  EXPECT_EQ(object::FindString(json, {"hubProblem", "code"}), "signature");
  EXPECT_EQ(object::FindInt(json, {"report", "seq"}), 7);
}

TEST(IsLocked, SeesTheLockOfAnotherDescriptor) {
  const test::TempDir dir;
  const std::string path = dir.path() / "is-locked.lock";
  EXPECT_FALSE(IsLocked(path + ".none"));
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  EXPECT_FALSE(IsLocked(path));
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  EXPECT_TRUE(IsLocked(path));
  ::close(fd);
}

TEST(AnswerHealth, AnswersByPath) {
  HealthParts parts{[] { return true; }, [] { return false; }, [] { return std::string("m 1\n"); }};
  const auto ask = [&](const char* method, const char* target) {
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    return AnswerHealth(parts, request);
  };
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/metrics").body, "m 1\n");
  EXPECT_EQ(ask("GET", "/other").status, 404);
  EXPECT_EQ(ask("POST", "/metrics").status, 405);
}

TEST(ServeHealth, RefusesAnAddressThatIsNone) {
  asio::io_context io;
  for (const char* listen : {"9440", "localhost:", ":1", "1.2.3.4:99999", "1.2.3.4:x"}) {
    const auto server = ServeHealth(io.get_executor(), listen, {});
    ASSERT_FALSE(server.has_value()) << listen;
    EXPECT_EQ(server.error().code, Errc::kInvalidArgument);
  }
}

TEST(RenewAt, IsJitteredFromHalfOfTheLifeOn) {
  const TimePoint start{Millis(1000)};
  const CertificateLife life{start, start + std::chrono::days(30)};
  EXPECT_EQ(RenewAt(life, 0), start + std::chrono::days(15));
  for (const uint64_t random : {uint64_t{1} << 40, UINT64_MAX, uint64_t{12345678901}}) {
    EXPECT_GE(RenewAt(life, random), start + std::chrono::days(15));
    EXPECT_LT(RenewAt(life, random), start + std::chrono::days(18));
  }
  EXPECT_EQ(RenewAt({start, start}, 7), start);
}

TEST(Systemd, TheWatchdogIsFedAtHalfItsTime) {
  EXPECT_EQ(WatchdogEvery("60000000"), Millis(30000));
  for (const char* text : {"", "0", "-1", "x", "10x"}) EXPECT_EQ(WatchdogEvery(text), Millis(0));
}

}  // namespace
}  // namespace dunlin::app
