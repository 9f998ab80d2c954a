#include "hub/process/child.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "tests/hub/process/run_task.h"

namespace dunlin::process {
namespace {

struct Outcome {
  Bytes output;
  std::string errors;
  ExitStatus status;
  bool timed_out = false;
};

// Writes `input`, closes stdin, reads everything, waits.
Task<Outcome> Exchange(asio::any_io_executor executor, Command command, Bytes input,
                       Millis deadline) {
  CO_TRY(auto child, Child::Start(executor, std::move(command)));
  child->SetDeadline(deadline);
  Outcome outcome;
  CO_TRY_VOID(co_await child->Write(input));
  child->CloseInput();
  for (;;) {
    auto piece = co_await child->Read();
    if (!piece || piece->empty()) break;
    outcome.output += *piece;
  }
  CO_TRY(outcome.status, co_await child->Wait());
  outcome.errors = child->error_text();
  outcome.timed_out = child->timed_out();
  co_return outcome;
}

Result<Outcome> RunCommand(Command command, Bytes input = {}, Millis deadline = Millis(20'000)) {
  asio::io_context context;
  return test::RunTask(
      context, Exchange(context.get_executor(), std::move(command), std::move(input), deadline));
}

Command Shell(std::string script) { return {.program = "sh", .arguments = {"-c", script}}; }

bool IsGone(pid_t pid) { return kill(pid, 0) != 0; }

TEST(Child, PassesInputAndOutputThrough) {
  // sort answers after it has read everything, as our workers do.
  const Bytes input = Bytes(2'000'000, 'x') + "\n" + Bytes(1'000'000, 'y') + "\n";
  const auto outcome = RunCommand({.program = "sort"}, input);
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
  EXPECT_EQ(outcome->errors.substr(0, 5), "oops\n");
  EXPECT_EQ(outcome->errors.size(), 64u * 1024);
  EXPECT_EQ(outcome->output, "done\n");
}

TEST(Child, DeadlineKillsTheWholeGroup) {
  const auto outcome = RunCommand(Shell("sleep 1000 & echo $!; exec sleep 1000"), {}, Millis(300));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_EQ(outcome->status.signal, SIGKILL);
  const pid_t grandchild = std::stoi(outcome->output);
  // Init or a subreaper collects it; killed it is in any case.
  EXPECT_TRUE(IsGone(grandchild) || MemoryOf(grandchild) == 0);
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
