#include "hub/process/child.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "hub/process/run.h"
#include "protocol/base/limits.h"
#include "protocol/net/runtime.h"
#include "tests/hub/process/run_task.h"

namespace dunlin::process {
namespace {

Result<RunResult> RunCommand(Command command, Bytes input = {}, RunLimits limits = {}) {
  asio::io_context context;
  return test::RunTask(context, Run(std::move(command), std::move(input), limits));
}

Command Shell(std::string script) { return {.program = "sh", .arguments = {"-c", script}}; }

bool IsGone(pid_t pid) { return kill(pid, 0) != 0; }

TEST(Child, PassesInputAndOutputThrough) {
  // sort answers after it has read everything, as our workers do.
  const Bytes input = Bytes(2'000'000, 'x') + "\n" + Bytes(1'000'000, 'y') + "\n";
  const auto outcome = RunCommand({.program = "sort"}, input, {.output_bytes = input.size()});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output, input);
  EXPECT_TRUE(outcome->status.ok());
}

TEST(Child, InheritsNoEnvironmentAndNoDescriptors) {
  const auto outcome = RunCommand({.program = "env", .environment = {"ONLY=this"}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "ONLY=this\n");
  const auto fds = RunCommand({.program = "ls", .arguments = {"/proc/self/fd"}});
  ASSERT_TRUE(fds);
  EXPECT_EQ(fds->output, "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}

TEST(Child, TellsHowItEnded) {
  EXPECT_EQ(RunCommand(Shell("exit 3"))->status.Text(), "exit status 3");
  EXPECT_EQ(RunCommand(Shell("kill -SEGV $$"))->status.Text(), "signal 11");
}

TEST(Child, KeepsTheFirstErrorTextOnly) {
  const auto outcome = RunCommand(Shell("echo oops >&2; head -c 1000000 /dev/zero >&2; echo done"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error_text.substr(0, 5), "oops\n");
  EXPECT_EQ(outcome->error_text.size(), limits::kChildErrorBytes);
  EXPECT_EQ(outcome->output, "done\n");
}

// Reads the pid that the child prints first, then until the end.
Task<pid_t> ReadPidUntilEnd(Child& child) {
  Bytes output;
  for (;;) {
    const auto piece = co_await child.Read();
    if (!piece || piece->empty()) break;
    output += *piece;
  }
  CO_TRY(const ExitStatus status, co_await child.Wait());
  EXPECT_EQ(status.signal, SIGKILL);
  co_return std::stoi(output);
}

TEST(Child, DeadlineKillsTheWholeGroup) {
  asio::io_context context;
  auto child = Child::Start(context.get_executor(), Shell("sleep 1000 & echo $!; exec sleep 1000"));
  ASSERT_TRUE(child);
  (*child)->SetDeadline(Millis(300));
  const auto grandchild = test::RunTask(context, ReadPidUntilEnd(**child));
  ASSERT_TRUE(grandchild);
  EXPECT_TRUE((*child)->timed_out());
  EXPECT_TRUE((*child)->HasEnded());
  // It was killed, which takes it a moment; who collects it is init's matter.
  bool has_ended = false;
  for (int i = 0; i < 1'000'000 && !has_ended; ++i) {
    has_ended = IsGone(*grandchild) || MemoryOf(*grandchild) == 0;
  }
  EXPECT_TRUE(has_ended);
}

TEST(Run, OutputAtTheLimitIsTakenAndOneByteAboveIsNot) {
  const auto zeros = [](size_t size) {
    return RunCommand({.program = "head", .arguments = {"-c", std::to_string(size), "/dev/zero"}});
  };
  EXPECT_EQ(zeros(limits::kChildOutputBytes)->output.size(), limits::kChildOutputBytes);
  EXPECT_EQ(zeros(limits::kChildOutputBytes + 1).error().code, Errc::kLimit);
}

TEST(Run, DeadlineAndOutputLimit) {
  EXPECT_EQ(RunCommand(Shell("sleep 1000"), {}, {.deadline = Millis(200)}).error().code,
            Errc::kTimeout);
  EXPECT_TRUE(RunCommand(Shell("printf 12345"), {}, {.output_bytes = 5}));
  EXPECT_EQ(RunCommand(Shell("printf 123456"), {}, {.output_bytes = 5}).error().code, Errc::kLimit);
  EXPECT_EQ(RunCommand(Shell("cat /dev/zero"), {}, {.output_bytes = 5}).error().code, Errc::kLimit);
}

TEST(Child, WritingToAChildThatEndedIsAnError) {
  const auto outcome = RunCommand({.program = "true"}, Bytes(10'000'000, 'x'));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kUnavailable);
}

TEST(Child, LimitsHold) {
  Command command = Shell("read line; ulimit -n; ulimit -c; ulimit -v");
  command.limits = {.address_space_bytes = 512 << 20, .open_files = 17};
  const auto outcome = RunCommand(std::move(command), "go\n");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "17\n0\n524288\n");
}

TEST(Child, UnknownProgramIsNotFound) {
  const auto outcome = RunCommand({.program = "no-such-program-here"});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kNotFound);
}

TEST(Child, DestroyingKills) {
  asio::io_context context;
  auto child = Child::Start(context.get_executor(), Shell("sleep 1000"));
  ASSERT_TRUE(child);
  const pid_t pid = (*child)->pid();
  EXPECT_GT(MemoryOf(pid), 0u);
  child->reset();
  EXPECT_TRUE(IsGone(pid));
}

// Does not look at the first failure, as code that wants the exit status does.
TaskVoid ReadThenWait(Child& child, Millis& took) {
  const Millis start = SystemClock().Monotonic();
  auto read = co_await child.Read();
  EXPECT_FALSE(read);
  auto again = co_await child.Read();
  EXPECT_EQ(again.error().code, Errc::kCancelled);
  auto written = co_await child.Write("x");
  EXPECT_EQ(written.error().code, Errc::kCancelled);
  auto ended = co_await child.Wait();
  EXPECT_EQ(ended.error().code, Errc::kCancelled);
  took = SystemClock().Monotonic() - start;
  co_return Status();
}

TEST(Child, ACancelledTaskWaitsForNothingMore) {
  asio::io_context context;
  auto child = Child::Start(context.get_executor(), Shell("sleep 1000"));
  ASSERT_TRUE(child);
  Millis took{-1};
  auto limited = net::WithTimeout<void>(ReadThenWait(**child, took), Millis(20), "reading");
  EXPECT_EQ(test::RunTask(context, std::move(limited)).error().code, Errc::kTimeout);
  EXPECT_GE(took, Millis(0));
  EXPECT_LT(took, Seconds(10));
}

TEST(Child, OneFileCanBePassed) {
  Command command = Shell("cat <&3");
  command.file_at_3 = "/proc/sys/kernel/ostype";
  EXPECT_EQ(RunCommand(std::move(command))->output, "Linux\n");
}

TEST(ProcessTree, HoldsTheDescendants) {
  asio::io_context context;
  auto child = Child::Start(context.get_executor(), Shell("sleep 1000 & read line"));
  ASSERT_TRUE(child);
  std::vector<pid_t> tree;
  for (int i = 0; i < 1'000'000 && tree.size() < 2; ++i) tree = ProcessTree((*child)->pid());
  ASSERT_EQ(tree.size(), 2u);
  EXPECT_EQ(tree[0], (*child)->pid());
}

}  // namespace
}  // namespace dunlin::process
