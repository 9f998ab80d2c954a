// The renderer with the real worker, in every isolation that the machine has.
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <fstream>

#include "hub/render/choose_sandbox.h"
#include "hub/render/sandbox_pool.h"
#include "protocol/net/runtime.h"
#include "protocol/object/json.h"
#include "tests/hub/render/render_fixture.h"

namespace dunlin::render {
namespace {

std::string Names(const TargetAnswer& answer) {
  std::string names;
  if (answer.fault) return answer.fault->code + ": " + answer.fault->message;
  for (const object::Value& object : answer.objects) {
    names += std::string(object::FindString(object, {"metadata", "name"})) + " ";
  }
  return names;
}

std::string AllBytes(const RenderAnswer& answer) {
  std::string bytes;
  for (const TargetAnswer& target : answer.targets) {
    for (const object::Value& object : target.objects) bytes += object::CanonicalJson(object);
    if (target.fault) bytes += target.fault->code;
  }
  return bytes;
}

std::vector<RenderTarget> GoodTargets() {
  return {{.id = "plain", .path = "plain", .namespace_ = "ns"},
          {.id = "kustom", .path = "kustom/overlay"},
          {.id = "chart",
           .path = "chart",
           .options = R"({"helm":{"releaseName":"rel","values":{"size":9}}})",
           .kube_version = "v1.36.3"},
          {.id = "son",
           .path = "son",
           .options = R"({"jsonnet":{"extVars":[{"name":"who","value":"me"}]}})"}};
}

class RendererTest : public RenderFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    ASSERT_EQ(MissingProgram(GetParam()), "") << "run scripts/setup";
    config_ = Config(GetParam());
  }
  void Start() {
    Make(config_);
    ASSERT_TRUE(renderer_);
    EXPECT_EQ(renderer_->Isolation(), GetParam());
  }
  RendererConfig config_;
};

TEST_P(RendererTest, RendersEveryKind) {
  Start();
  auto targets = GoodTargets();
  targets.push_back({.id = "catalogue", .path = "catalogue", .kind = "catalog"});
  const auto answer = Render(SmallTree(), targets);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->targets.size(), 5u);
  EXPECT_EQ(Names(answer->targets[0]), "a b ");
  EXPECT_EQ(object::FindString(answer->targets[0].objects[0], {"metadata", "namespace"}), "ns");
  EXPECT_EQ(Names(answer->targets[1]), "over-base ");
  EXPECT_EQ(Names(answer->targets[2]), "rel ");
  EXPECT_EQ(object::FindString(answer->targets[2].objects[0], {"data", "size"}), "9");
  EXPECT_EQ(object::FindString(answer->targets[2].objects[0], {"data", "kube"}), "v1.36.3");
  EXPECT_EQ(Names(answer->targets[3]), "me ");
  const TargetAnswer& catalogue = answer->targets[4];
  ASSERT_EQ(catalogue.documents.size(), 2u);
  EXPECT_EQ(object::FindString(catalogue.documents[0].object, {"kind"}), "App");
  EXPECT_EQ(catalogue.documents[0].file, "catalogue/apps.yaml");
  EXPECT_TRUE(catalogue.documents[1].fault);
}

TEST_P(RendererTest, TellsWhatWasReadAndMissed) {
  Start();
  const auto answer = Render(SmallTree(), GoodTargets());
  ASSERT_TRUE(answer);
  const auto has = [](const std::vector<std::string>& list, const char* path) {
    return std::find(list.begin(), list.end(), path) != list.end();
  };
  EXPECT_TRUE(has(answer->targets[1].read, "kustom/base/cm.yaml"));
  EXPECT_TRUE(has(answer->targets[1].missing, "kustom/overlay/Chart.yaml"));
  EXPECT_FALSE(answer->targets[1].uses_api_versions);
  EXPECT_TRUE(answer->targets[2].uses_api_versions);
}

TEST_P(RendererTest, AnErrorIsItsTargetsOnly) {
  Start();
  auto targets = GoodTargets();
  targets.insert(targets.begin() + 1, {.id = "bad", .path = "nowhere"});
  const auto answer = Render(SmallTree(), targets);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->targets[1].fault->code, "RENDER_MISSING");
  EXPECT_EQ(Names(answer->targets[0]), "a b ");
  EXPECT_EQ(Names(answer->targets[4]), "me ");
}

TEST_P(RendererTest, TwiceTheSameBytesInEveryMode) {  // R12, S8
  Start();
  const auto first = Render(SmallTree(), GoodTargets());
  const auto second = Render(SmallTree(), GoodTargets());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(AllBytes(*first), AllBytes(*second));
  EXPECT_EQ(
      AllBytes(*first),
      R"({"apiVersion":"v1","data":{"mode":"yes"},"kind":"ConfigMap","metadata":{"name":"a","namespace":"ns"}})"
      R"({"apiVersion":"v1","data":{"mode":"yes"},"kind":"ConfigMap","metadata":{"name":"b","namespace":"ns"}})"
      R"({"apiVersion":"v1","data":{"mode":"yes"},"kind":"ConfigMap","metadata":{"name":"over-base"}})"
      R"({"apiVersion":"v1","data":{"kube":"v1.36.3","size":"9"},"kind":"ConfigMap","metadata":{"name":"rel"}})"
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"me"}})");
}

TEST_P(RendererTest, ATargetWithoutEndHarmsNoOther) {  // R9
  config_.time_limit = Millis(3000);                   // enough for the good ones on a busy machine
  Start();
  auto targets = GoodTargets();
  targets.insert(targets.begin(), {.id = "spin", .path = "spin"});
  const auto answer = Render(SmallTree(), targets);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->targets[0].fault->code, kFaultTimeout);
  EXPECT_EQ(answer->targets[0].fault->ToError().code, Errc::kLimit);
  EXPECT_EQ(Names(answer->targets[1]), "a b ");
  EXPECT_EQ(Names(answer->targets[4]), "me ");
}

// SIGTERM during a render that does not end.
TEST_P(RendererTest, ACancelledRenderEndsAtOnceAndItsSandboxIsGone) {
  Start();
  RenderRequest request{SmallTree(), {{.id = "spin", .path = "spin"}}};
  auto rendering = renderer_->Render(std::move(request));
  const Millis start = SystemClock().Monotonic();
  const auto answer = test::RunTask(
      context_, net::WithTimeout<RenderAnswer>(std::move(rendering), Millis(500), "render"));
  EXPECT_EQ(answer.error().code, Errc::kTimeout);
  const auto stopped = test::RunTask(context_, renderer_->Stop());
  EXPECT_TRUE(stopped) << stopped.error().message;
  EXPECT_LT(SystemClock().Monotonic() - start, Seconds(10)) << "its own limit is 30 s";
}

TEST_P(RendererTest, MemoryLimit) {  // R3
  config_.memory_bytes = 128ull << 20;
  Start();
  auto files = SmallTree();
  files.push_back(File("huge/main.jsonnet", "{a: std.repeat('x', 2000000000)}"));
  const auto answer = Render(files, {{.id = "huge", .path = "huge"}});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_TRUE(answer->targets[0].fault);
  const std::string code = answer->targets[0].fault->code;
  // A single allocation that the system refuses ends the worker before it can say why.
  EXPECT_TRUE(code == kFaultMemory || code == kFaultLost) << code;
  EXPECT_EQ(Names(Render(SmallTree(), GoodTargets())->targets[0]), "a b ");
}

TEST_P(RendererTest, DamagedTreesAreTheJobsError) {
  Start();
  const auto twice = Render({File("a", "1"), File("a", "2")}, {{.id = "x", .path = "."}});
  EXPECT_FALSE(twice);
  const auto outside = Render({File("../a", "1")}, {{.id = "x", .path = "."}});
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, Errc::kInvalidArgument);
}

TEST_P(RendererTest, LinksOutOfTheTreeAreRefused) {  // G1, G2
  Start();
  const auto answer = Render({{"plain/a.yaml", TreeFile::Kind::kSymlink, "/proc/self/environ"}},
                             {{.id = "x", .path = "plain"}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->targets[0].fault->code, "SOURCE_SYMLINK");
}

TEST_P(RendererTest, ManyAtOnceShareFewSandboxes) {  // S3, S5
  constexpr int kRenders = 9;
  config_.leased = 3;
  Start();
  std::vector<Result<RenderAnswer>> answers;
  for (int i = 0; i < kRenders; ++i) {
    const std::string name = "only-" + std::to_string(i);
    RenderRequest request{{File("a.yaml", ConfigMap(name))}, {{.id = name, .path = "."}}};
    // Every third one is damaged.
    if (i % 3 == 0) request.files.push_back(request.files[0]);
    asio::co_spawn(context_, renderer_->Render(std::move(request)),
                   [&](std::exception_ptr thrown, Result<RenderAnswer> answer) {
                     if (thrown) std::rethrow_exception(thrown);
                     answers.push_back(std::move(answer));
                   });
  }
  while (answers.size() < kRenders && context_.run_one() > 0) {
  }
  int good = 0;
  for (const auto& answer : answers) {
    if (!answer) continue;
    ++good;
    EXPECT_EQ(Names(answer->targets[0]), answer->targets[0].id + " ");
  }
  EXPECT_EQ(good, kRenders - kRenders / 3);
}

// The public example beside the checkout, where a developer has it.
std::vector<TreeFile> OnlineBoutique() {
  namespace fs = std::filesystem;
  const fs::path root = DUNLIN_SOURCE_DIR "/../shared/data/online-boutique";
  std::vector<TreeFile> files;
  std::error_code absent;
  for (const auto& entry : fs::recursive_directory_iterator(root, absent)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    files.push_back(File(fs::relative(entry.path(), root).string(), text));
  }
  return files;
}

TEST_P(RendererTest, OnlineBoutique) {
  std::vector<TreeFile> files = OnlineBoutique();
  if (files.empty()) GTEST_SKIP() << "the Online Boutique example is not on this machine";
  Start();
  const auto answer =
      Render(std::move(files), {{.id = "plain", .path = "kubernetes-manifests", .kind = "plain"},
                                {.id = "kustomize", .path = "kustomize"},
                                {.id = "helm", .path = "helm-chart"}});
  ASSERT_TRUE(answer) << answer.error().message;
  for (const TargetAnswer& target : answer->targets) {
    ASSERT_FALSE(target.fault) << target.fault->message;
    EXPECT_EQ(target.kind, target.id);
    EXPECT_GE(target.objects.size(), 30u) << target.id;
  }
}

// Kills the worker's processes once it has its job.
TaskVoid KillDuring(SandboxPool::Lease& lease) {
  CO_TRY_VOID(co_await net::Sleep(Millis(200)));
  for (const pid_t pid : process::ProcessTree(lease.member().child().pid())) kill(pid, SIGKILL);
  co_return Status();
}

Task<JobOutput> RunAndKill(SandboxPool& sandboxes, asio::thread_pool& pool, std::string line,
                           Bytes tar) {
  const auto executor = co_await asio::this_coro::executor;
  CO_TRY(SandboxPool::Lease lease, co_await sandboxes.Acquire());
  std::function<void(Status)> on_done = [](const Status& status) { EXPECT_TRUE(status); };
  net::Spawn(executor, KillDuring(lease), std::move(on_done));
  const JobLimits limits;
  auto output = co_await lease.member().Run(line, tar, limits, pool);
  co_return output;
}

TEST_P(RendererTest, KilledWorkerIsATypedFaultAndIsReplaced) {
  auto sandbox = test::RunTask(context_, ChooseSandbox(config_, Log()));
  ASSERT_TRUE(sandbox) << sandbox.error().message;
  const PoolConfig pool_config{.ready = 2};
  const auto sandboxes = std::make_shared<SandboxPool>(context_.get_executor(), std::move(*sandbox),
                                                       pool_config, Log());
  const std::vector<RenderTarget> targets = {{.id = "spin", .path = "spin"}};
  const std::string line = *EncodeJob(targets, {});
  const Bytes tar = *WriteTar(SmallTree());
  const auto output = test::RunTask(context_, RunAndKill(*sandboxes, pool_, line, tar));
  ASSERT_TRUE(output) << output.error().message;
  const auto answer = DecodeAnswers(output->lines, targets, output->lost);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->targets[0].fault->code, kFaultLost);
  EXPECT_TRUE(test::RunTask(context_, sandboxes->Acquire()));
  EXPECT_TRUE(test::RunTask(context_, sandboxes->Stop()));
}

INSTANTIATE_TEST_SUITE_P(Isolation, RendererTest, ::testing::Values("none", "bubblewrap", "gvisor"),
                         [](const auto& info) { return std::string(info.param); });

class ChooseTest : public RenderFixture {};

TEST_F(ChooseTest, RefusesWithoutASandboxAndSaysWhatToInstall) {
  RendererConfig config = Config("auto");
  config.runsc_program = "/nonexistent/runsc";
  config.bwrap_program = "/nonexistent/bwrap";
  auto refused = test::RunTask(context_, ChooseSandbox(config, Log()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kPrecondition);
  for (const char* word :
       {"runsc", "bubblewrap", "render.sandbox: none", "dunlin-hub render --allow-unsandboxed"}) {
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << refused.error().message;
  }
  config.allow_unsandboxed = true;
  EXPECT_EQ(test::RunTask(context_, ChooseSandbox(config, Log())).value()->Name(), "none");
}

TEST_F(ChooseTest, AWorkerThatIsNamedWithoutAPathIsTakenFromPath) {
  const std::string before = getenv("PATH");
  setenv("PATH", (DUNLIN_DEPS_DIR "/bin:" + before).c_str(), 1);
  for (const std::string isolation : {"gvisor", "bubblewrap", "none"}) {
    ASSERT_EQ(MissingProgram(isolation), "") << "run scripts/setup";
    RendererConfig config = Config(isolation);
    config.worker_program = "dunlin-render";
    const auto chosen = test::RunTask(context_, ChooseSandbox(config, Log()));
    EXPECT_TRUE(chosen) << isolation << ": " << chosen.error().message;
  }
  setenv("PATH", before.c_str(), 1);
}

TEST_F(ChooseTest, ASandboxThatDoesNotStartIsNoSandbox) {
  RendererConfig config = Config("auto");
  config.runsc_program = "/bin/false";
  config.bwrap_program = "/bin/false";
  EXPECT_EQ(test::RunTask(context_, ChooseSandbox(config, Log())).error().code,
            Errc::kPrecondition);
}

}  // namespace
}  // namespace dunlin::render
