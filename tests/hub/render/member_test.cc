// What a sandbox may send: the hub ends one that sends more, whatever runs in it.
#include "hub/render/member.h"

#include "protocol/base/limits.h"
#include "tests/hub/render/render_fixture.h"

namespace dunlin::render {
namespace {

constexpr size_t kMost = limits::kRenderOutputBytes + limits::kRenderErrorsBytes;

// Says that it is ready, then sends zeros.
class Sender : public Sandbox {
 public:
  explicit Sender(std::string script) : script_(std::move(script)) {}
  std::string Name() const override { return "none"; }
  Result<process::Command> Prepare(const std::string&) override {
    return process::Command{.program = "sh", .arguments = {"-c", script_}};
  }
  TaskVoid Remove(std::string) override { co_return Status(); }
  TaskVoid Reap() override { co_return Status(); }

 private:
  std::string script_;
};

std::string Sending(size_t bytes) {
  return R"(echo '{"ready":true,"protocol":1}'; cat > /dev/null; head -c )" +
         std::to_string(bytes) + " /dev/zero";
}

class MemberTest : public RenderFixture {
 protected:
  Task<JobOutput> Run(std::string script) {
    Sender sandbox(std::move(script));
    CO_TRY(const auto member, co_await Member::Start(sandbox, "dun1"));
    const Bytes tar;
    co_return co_await member->Run("{}\n", tar, JobLimits{}, pool_);
  }
};

TEST_F(MemberTest, OutputAtTheLimitIsReadToItsEnd) {
  const auto output = test::RunTask(context_, Run(Sending(kMost)));
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->lines.size(), kMost);
  EXPECT_EQ(output->lost.code, kFaultLost) << "it ended by itself";
}

TEST_F(MemberTest, OutputAboveTheLimitEndsTheSandbox) {
  const auto output = test::RunTask(context_, Run(Sending(kMost + 1) + "; sleep 1000"));
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->lost.code, kFaultLimit);
}

TEST_F(MemberTest, AReadyLineWithoutEndIsNotWaitedFor) {
  const std::string endless =
      "head -c " + std::to_string(limits::kReadyLineBytes + 1) + " /dev/zero; sleep 1000";
  EXPECT_EQ(test::RunTask(context_, Run(endless)).error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace dunlin::render
