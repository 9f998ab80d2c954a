// What a hostile program finds inside a sandbox, and what a killed hub leaves behind.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <set>

#include "hub/render/gvisor_sandbox.h"
#include "hub/render/member.h"
#include "hub/render/seccomp_filter.h"
#include "tests/hub/render/render_fixture.h"

namespace dunlin::render {
namespace {

// A listening abstract socket of the host.
class AbstractSocket {
 public:
  explicit AbstractSocket(const std::string& name) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
  }
  ~AbstractSocket() { close(fd_); }

 private:
  int fd_;
};

class EscapeTest : public RenderFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { ASSERT_EQ(MissingProgram(GetParam()), "") << "run scripts/setup"; }
};

TEST_P(EscapeTest, NothingOfTheHostIsInReach) {  // S1, S9
  const std::string canary = (dir_.path() / "canary").string();
  std::ofstream(canary) << "secret";
  asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
  const std::string abstract = "dunlin-test-" + std::to_string(getpid());
  const AbstractSocket listening(abstract);

  RendererConfig config = Config(GetParam());
  config.worker_program = SANDBOX_PROBE;
  Make(config);
  ASSERT_TRUE(renderer_);
  const auto answer = Render(
      {},
      {{.id = "probe",
        .path = "canary=" + canary + " port=" + std::to_string(acceptor.local_endpoint().port()) +
                " abstract=" + abstract + " "}});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_FALSE(answer->targets[0].fault) << answer->targets[0].fault->message;
  EXPECT_GE(answer->targets[0].objects.size(), 19u);
  // gVisor's kernel has a FUSE and user namespaces of its own, which reach nothing of the host.
  const std::set<std::string_view> emulated = {"open /dev/fuse",
                                               "new user namespace that can mount"};
  for (const object::Value& attempt : answer->targets[0].objects) {
    const std::string_view name = object::FindString(attempt, {"name"});
    if (renderer_->Isolation() == "gvisor" && emulated.contains(name)) continue;
    EXPECT_EQ(object::FindString(attempt, {"result"}), "denied") << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Isolation, EscapeTest, ::testing::Values("bubblewrap", "gvisor"),
                         [](const auto& info) { return std::string(info.param); });

class GvisorTest : public RenderFixture {
 protected:
  void SetUp() override { ASSERT_EQ(MissingProgram("gvisor"), "") << "run scripts/setup"; }
  std::unique_ptr<Sandbox> MakeSandbox() {
    const RendererConfig config = Config("gvisor");
    auto sandbox = MakeGvisorSandbox({config.runsc_program, config.worker_program, state_});
    EXPECT_TRUE(sandbox);
    return std::move(*sandbox);
  }
  // Everything below the state directory that is named after a sandbox.
  int Leftovers() const {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state_)) {
      count += entry.path().filename().string().rfind("dun0", 0) == 0;
    }
    return count;
  }
  std::string state_ = (dir_.path() / "gvisor").string();
};

TEST_F(GvisorTest, StartReapsWhatAKilledHubLeft) {  // S4
  constexpr int kOrphans = 3;
  std::vector<pid_t> pids;
  {
    const auto sandbox = MakeSandbox();
    std::vector<std::unique_ptr<Member>> members;
    for (int i = 0; i < kOrphans; ++i) {
      auto member = test::RunTask(
          context_, Member::Start(*sandbox, "dun000000000000000" + std::to_string(i)));
      ASSERT_TRUE(member) << member.error().message;
      for (const pid_t pid : process::ProcessTree((*member)->child().pid())) pids.push_back(pid);
      members.push_back(std::move(*member));
    }
    // The members die with their pipes here; nobody tells runsc.
  }
  EXPECT_GE(pids.size(), 3u * kOrphans);
  EXPECT_GT(Leftovers(), 0);
  const auto sandbox = MakeSandbox();
  const auto reaped = test::RunTask(context_, sandbox->Reap());
  ASSERT_TRUE(reaped) << reaped.error().message;
  EXPECT_EQ(Leftovers(), 0);
  for (const pid_t pid : pids) EXPECT_EQ(process::MemoryOf(pid), 0u) << pid;
}

TEST_F(GvisorTest, NothingIsLeftAfterStop) {
  RendererConfig config = Config("gvisor");
  Make(config);
  ASSERT_TRUE(renderer_);
  ASSERT_TRUE(Render(SmallTree(), {{.id = "a", .path = "plain"}}));
  ASSERT_TRUE(test::RunTask(context_, renderer_->Stop()));
  renderer_.reset();
  state_ = config.state_dir + "/gvisor";
  for (const char* directory : {"/root", "/bundles"}) {
    for (const auto& entry : std::filesystem::directory_iterator(state_ + directory)) {
      EXPECT_NE(entry.path().filename().string().rfind("dun", 0), 0u) << entry.path();
    }
  }
}

// Runs the filter as the kernel does, on one call.
uint32_t Verdict(uint32_t architecture, uint32_t call, uint64_t argument) {
  const std::vector<sock_filter> program = SeccompProgram();
  uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    bool taken = false;
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        accumulator = op.k == 0 ? call : op.k == 4 ? architecture : static_cast<uint32_t>(argument);
        continue;
      case BPF_RET | BPF_K:
        return op.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        taken = accumulator == op.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        taken = accumulator >= op.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        taken = (accumulator & op.k) != 0;
        break;
      default:
        ADD_FAILURE() << "unknown instruction " << op.code;
        return 0;
    }
    at += taken ? op.jt : op.jf;
  }
  ADD_FAILURE() << "the filter has no end";
  return 0;
}

TEST(SeccompFilter, Verdicts) {
  constexpr uint32_t kAllow = 0x7fff0000, kEperm = 0x00050001, kEnosys = 0x00050026,
                     kKill = 0x80000000;
#if defined(__x86_64__)
  constexpr uint32_t kHere = 0xc000003e, kRead = 0, kPtrace = 101, kSocket = 41, kMount = 165,
                     kClone = 56, kClone3 = 435;
  EXPECT_EQ(Verdict(kHere, 0x40000000 | kRead, 0), kKill);  // x32
#else
  constexpr uint32_t kHere = 0xc00000b7, kRead = 63, kPtrace = 117, kSocket = 198, kMount = 40,
                     kClone = 220, kClone3 = 435;
#endif
  constexpr uint64_t kThread = 0x50f00, kNewUser = 0x10000000;
  EXPECT_EQ(Verdict(kHere, kRead, 0), kAllow);
  for (const uint32_t call : {kPtrace, kSocket, kMount}) EXPECT_EQ(Verdict(kHere, call, 0), kEperm);
  EXPECT_EQ(Verdict(kHere, kClone, kThread), kAllow);
  EXPECT_EQ(Verdict(kHere, kClone, kThread | kNewUser), kEperm);
  EXPECT_EQ(Verdict(kHere, kClone3, 0), kEnosys);
  EXPECT_EQ(Verdict(0x40000003, kRead, 0), kKill);  // i386
}

}  // namespace
}  // namespace dunlin::render
