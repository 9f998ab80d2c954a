// The command line of dunlin-agent: what is answered without a cluster or a hub.
#include <gtest/gtest.h>

#include <vector>

#include "agent/app/commands.h"
#include "protocol/wire/error.h"

namespace dunlin::app {
namespace {

struct Outcome {
  int code = 0;
  std::string out, err;
};

Outcome Agent(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "dunlin-agent");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = Main(static_cast<int>(argv.size()), argv.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST(AgentCli, MistakesAreNamedWithWhatIsMeant) {
  EXPECT_EQ(FirstLine(Agent({"enrol"}).err),
            "error: no such verb: dunlin-agent enrol, did you mean \"enroll\"?");
  EXPECT_EQ(FirstLine(Agent({"status", "--stat", "x"}).err),
            "error: unknown option --stat of dunlin-agent status, did you mean \"--state\"?");
  EXPECT_EQ(FirstLine(Agent({"run", "--log-level", "chatty"}).err),
            "error: --log-level takes debug, info, warn or error, not \"chatty\"");
  EXPECT_EQ(FirstLine(Agent({"enroll"}).err), "error: --hub is missing");
  EXPECT_EQ(Agent({"enroll"}).code, 2);
}

TEST(AgentCli, EveryFailureIsOneDocumentWithItsTopic) {
  const std::vector<std::vector<std::string>> kFailures = {
      {"-o", "json"},
      {"status", "-o", "json", "--frob"},
      {"status", "-o", "yaml", "--state", "/nowhere/state"},
      {"enroll", "--hub", "https://h:1", "-o", "json"},
      {"enroll", "--hub", "https://h:1", "--token", "x", "-o", "json"},
      {"enroll", "--hub", "https://h:1", "--token-file", "/nowhere/token", "-o", "json"}};
  for (const auto& arguments : kFailures) {
    const Outcome outcome = Agent(arguments);
    EXPECT_NE(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    const auto error = wire::ParseErrorBody(outcome.out);
    ASSERT_TRUE(error.has_value()) << outcome.out;
    EXPECT_FALSE(error->hint.empty()) << outcome.out;
    EXPECT_NE(outcome.out.find("\"docs\":\"dunlin help " + error->code + "\""), std::string::npos);
  }
  EXPECT_EQ(Agent({"status", "--state", "/nowhere/state"}).code, 6);
}

TEST(AgentCli, TheOfflineEngineHasItsOwnUsageCode) {
  EXPECT_EQ(Agent({"merge"}).code, 1);
  EXPECT_EQ(Agent({"merge", "--batch", "/nowhere/requests"}).code, 1);
  EXPECT_EQ(Agent({"merge", "--help"}).code, 0);
}

TEST(AgentCli, HelpHasTheTopicsOnAMachineWithoutDunlin) {
  const Outcome topic = Agent({"help", "expired"});
  EXPECT_EQ(topic.code, 0);
  EXPECT_NE(topic.out.find("(exit code 4"), std::string::npos) << topic.out;
}

}  // namespace
}  // namespace dunlin::app
