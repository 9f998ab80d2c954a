// Bad input is one target's problem: typed, with cause and hint in `dunlin status`, and the rest of
// the fleet goes on. One fleet carries a healthy app beside every broken one.
#include <sys/mount.h>

#include <filesystem>

#include "hub/state/schema.h"
#include "protocol/object/json.h"
#include "protocol/store/database.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    auto plane = Plane::Start(dir_ / "plane", {.clusters = 1, .front = true});
    ASSERT_OK(plane);
    plane_ = std::make_unique<Plane>(std::move(*plane));
    auto fleet = Fleet::Create(dir_.path());
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    ASSERT_OK(fleet_->git().Write("good/all.yaml", Good("one")));
    AddApp("good", "good");
  }

  static std::string Good(const std::string& text) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: good }\ndata: { text: " + text +
           " }\n";
  }

  void AddApp(const std::string& name, const std::string& path, const std::string& more = "",
              const std::string& repo = "") {
    ASSERT_OK(fleet_->git().Write(
        "catalogue/" + name + ".yaml",
        "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: " + name +
            " }\nspec:\n  source: { repo: \"" + (repo.empty() ? fleet_->git().bare() : repo) +
            "\", revision: main, path: " + path + " }\n  namespace: default\n" + more));
  }

  void Start() {
    ASSERT_OK(fleet_->StartHub());
    ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
    ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  }

  // The good app still follows Git.
  void ExpectGoodAppGoesOn(const std::string& text) {
    ASSERT_OK(fleet_->git().Write("good/all.yaml", Good(text)));
    ASSERT_OK(fleet_->git().Push("good " + text));
    EXPECT_OK(plane_->WaitFor(0, "configmap", "default", "good", ".data.text", text));
  }

  // The target's problem has a code, a text with `cause`, and a hint.
  void ExpectProblem(const std::string& app, const std::string& cause) {
    ASSERT_OK(fleet_->WaitProblem(app, "one", cause));
    const auto target = fleet_->Target(app, "one");
    ASSERT_OK(target);
    EXPECT_EQ(object::FindString(*target, {"state"}), "Failed") << object::CanonicalJson(*target);
    const object::Array* problems = object::FindArray(*target, {"problems"});
    ASSERT_NE(problems, nullptr) << object::CanonicalJson(*target);
    ASSERT_FALSE(problems->empty());
    EXPECT_FALSE(object::FindString(problems->front(), {"code"}).empty());
    EXPECT_FALSE(object::FindString(problems->front(), {"hint"}).empty())
        << object::CanonicalJson(*target);
  }

  support::TempDir dir_;
  std::unique_ptr<Plane> plane_;
  std::unique_ptr<Fleet> fleet_;
};

TEST_F(BadInput, EveryBrokenAppIsSaidAndTheGoodOneGoesOn) {
  AddApp("malformed", "malformed");
  ASSERT_OK(fleet_->git().Write("malformed/x.yaml", "a: b: c\n\t- {"));
  AddApp("no-path", "there/is/nothing");
  AddApp("no-repository", "x", "", "/nowhere/at/all.git");
  AddApp("broken-chart", "chart", "  render: { kind: helm }\n");
  ASSERT_OK(
      fleet_->git().Write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n"));
  ASSERT_OK(fleet_->git().Write("chart/templates/x.yaml", "kind: {{ .Values.a.b.c }}\n"));
  AddApp("refused", "refused");
  ASSERT_OK(fleet_->git().Write("refused/x.yaml",
                                "apiVersion: v1\nkind: Service\nmetadata: { name: bad }\nspec: { "
                                "ports: [{ port: 99999999 }] }\n"));
  ASSERT_OK(fleet_->git().Push("all kinds of broken"));
  Start();
  ExpectProblem("malformed", "x.yaml");
  ExpectProblem("no-path", "there/is/nothing");
  ExpectProblem("no-repository", "/nowhere/at/all.git");
  ExpectProblem("broken-chart", "templates/x.yaml");
  ExpectProblem("refused", "Service");
  ExpectGoodAppGoesOn("two");
}

TEST_F(BadInput, AnUnknownFieldInAnAppNamesFileAndField) {
  ASSERT_OK(fleet_->git().Push("good"));
  Start();
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  AddApp("typo", "good", "  namspace: oops\n");
  ASSERT_OK(fleet_->git().Push("a typing error"));
  ASSERT_OK(fleet_->WaitStatus("the catalogue's problem", [](const object::Value& status) {
    const std::string text = object::CanonicalJson(status);
    return text.find("namspace") != std::string::npos &&
           text.find("typo.yaml") != std::string::npos;
  }));
  ExpectGoodAppGoesOn("two");
}

TEST_F(BadInput, AnUnreachableApiserverIsSaid) {
  ASSERT_OK(fleet_->git().Push("good"));
  ASSERT_OK(plane_->Control("cut 1"));
  ASSERT_OK(fleet_->StartHub());
  ASSERT_OK(plane_->Control("resume 1"));
  ASSERT_OK(fleet_->Enroll("one", "eu-west-1", plane_->kubeconfig(0)));
  ASSERT_OK(plane_->Control("cut 1"));
  ASSERT_OK(fleet_->StartAgent("one", plane_->kubeconfig(0)));
  ASSERT_OK(fleet_->WaitProblem("good", "one", "apiserver"));
  ASSERT_OK(plane_->Control("resume 1"));
  ExpectGoodAppGoesOn("two");
}

TEST_F(BadInput, ATokenWorksOnceAndOnlyForItsHub) {
  ASSERT_OK(fleet_->git().Push("good"));
  ASSERT_OK(fleet_->StartHub());
  const auto added = fleet_->Json({"cluster", "add", "two", "--region", "eu-west-1"});
  ASSERT_OK(added);
  const std::string token(object::FindString(*added, {"token"}));
  const std::string hub(object::FindString(*added, {"hub"}));
  const auto enroll = [&](const std::string& with, const std::string& name) {
    return support::Run(
        {.command = {Program("dunlin-agent"), "enroll", "--hub", hub, "--token", with, "--state",
                     dir_ / name, "--kubeconfig", plane_->kubeconfig(0)},
         .log = dir_ / (name + ".log")});
  };
  const auto first = enroll(token, "first");
  ASSERT_OK(first);
  EXPECT_EQ(first->status, 0) << Tail(dir_ / "first.log");
  const auto second = enroll(token, "second");
  ASSERT_OK(second);
  EXPECT_EQ(second->status, 4) << Tail(dir_ / "second.log");
  EXPECT_NE(Tail(dir_ / "second.log").find("hint:"), std::string::npos);
  std::string other = token;
  other[8] = other[8] == 'A' ? 'B' : 'A';  // another pin
  const auto third = enroll(other, "third");
  ASSERT_OK(third);
  EXPECT_NE(third->status, 0);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "third/identity.json"));
}

// Tokens live for an hour at least, so this one is made to have expired in the database while the
// hub is down.
TEST_F(BadInput, AnExpiredTokenIsRefusedWithWhatToDo) {
  ASSERT_OK(fleet_->git().Push("good"));
  ASSERT_OK(fleet_->StartHub());
  const auto added = fleet_->Json({"cluster", "add", "late", "--region", "eu-west-1"});
  ASSERT_OK(added);
  ASSERT_OK(fleet_->StopHub());
  {
    auto database =
        store::Database::Open(fleet_->hub_data() + "/hub.db", {.migrations = hub::Migrations()});
    ASSERT_OK(database);
    ASSERT_OK((*database)->Execute("UPDATE tokens SET expires = 1000"));
  }
  ASSERT_OK(fleet_->StartHub());
  const auto enroll =
      support::Run({.command = {Program("dunlin-agent"), "enroll", "--hub",
                                std::string(object::FindString(*added, {"hub"})), "--token",
                                std::string(object::FindString(*added, {"token"})), "--state",
                                dir_ / "late", "--kubeconfig", plane_->kubeconfig(0)},
                    .log = dir_ / "late.log"});
  ASSERT_OK(enroll);
  EXPECT_NE(enroll->status, 0);
  EXPECT_NE(Tail(dir_ / "late.log").find("expired"), std::string::npos) << Tail(dir_ / "late.log");
  EXPECT_NE(Tail(dir_ / "late.log").find("dunlin cluster add"), std::string::npos);
  const auto clusters = fleet_->Json({"cluster", "list"});
  ASSERT_OK(clusters);
  EXPECT_NE(object::CanonicalJson(*clusters).find("late"), std::string::npos);
}

// The same for the hub's data directory: agents go on, and so does the hub once there is room.
TEST_F(BadInput, AFullDiskUnderTheHubIsSaidAndSurvived) {
  ASSERT_OK(fleet_->git().Push("good"));
  const std::string small = dir_ / "small";
  std::filesystem::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=160m") != 0) {
    GTEST_SKIP() << "needs the right to mount a small file system (root)";
  }
  ASSERT_OK(support::Run({.command = {"cp", "-a", fleet_->hub_data() + "/.", small}}));
  std::filesystem::remove_all(fleet_->hub_data());
  std::filesystem::create_directory_symlink(small, fleet_->hub_data());
  Start();
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  EXPECT_OK(support::Run(
      {.command = {"dd", "if=/dev/zero", "of=" + small + "/filler", "bs=64k", "status=none"}}));
  ASSERT_OK(fleet_->git().Write("good/all.yaml", Good("two")));
  ASSERT_OK(fleet_->git().Push("while the disk is full"));
  EXPECT_OK(fleet_->WaitStatus("the full disk", [](const object::Value& status) {
    const std::string text = object::CanonicalJson(status);
    return text.find("disk full") != std::string::npos ||
           text.find("No space") != std::string::npos;
  }));
  std::filesystem::remove(small + "/filler");
  EXPECT_OK(plane_->WaitFor(0, "configmap", "default", "good", ".data.text", "two", Seconds(120)));
  EXPECT_OK(fleet_->StopAgent("one"));
  EXPECT_OK(fleet_->StopHub());
  umount2(small.c_str(), MNT_DETACH);
}

// The state directory is a small file system that fills up: said in status, enforced all the same,
// and everything goes on once there is room.
TEST_F(BadInput, AFullDiskUnderTheAgentIsSaidAndSurvived) {
  ASSERT_OK(fleet_->git().Push("good"));
  std::filesystem::create_directories(fleet_->state("one"));
  if (mount("tmpfs", fleet_->state("one").c_str(), "tmpfs", 0, "size=8m") != 0) {
    GTEST_SKIP() << "needs the right to mount a small file system (root)";
  }
  Start();
  ASSERT_OK(fleet_->WaitSynced(1, ""));
  const std::string filler = fleet_->state("one") + "/filler";
  EXPECT_OK(
      support::Run({.command = {"dd", "if=/dev/zero", "of=" + filler, "bs=64k", "status=none"}}));
  ASSERT_OK(fleet_->git().Write("good/all.yaml", Good("two")));
  ASSERT_OK(fleet_->git().Push("while the disk is full"));
  EXPECT_OK(fleet_->WaitProblem("good", "one", "disk full"));
  std::filesystem::remove(filler);
  EXPECT_OK(plane_->WaitFor(0, "configmap", "default", "good", ".data.text", "two", Seconds(90)));
  EXPECT_OK(fleet_->StopAgent("one"));
  umount(fleet_->state("one").c_str());
}

}  // namespace
}  // namespace dunlin::e2e
