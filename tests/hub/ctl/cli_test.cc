// The command line itself: what is answered without asking a hub.
#include "hub/ctl/cli.h"

#include <gtest/gtest.h>

#include <vector>

#include "protocol/wire/exit_code.h"

namespace dunlin::ctl {
namespace {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome Dunlin(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "dunlin");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = Main(static_cast<int>(arguments.size()), arguments.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(Cli, AMistypedVerbIsAnsweredWithTheNearest) {
  const Outcome top = Dunlin({"--hub", "unix:/x", "clutser", "list"});
  EXPECT_EQ(top.code, 2);
  EXPECT_EQ(top.out, "");
  EXPECT_EQ(top.err,
            "error: no such verb: dunlin clutser, did you mean \"cluster\"?\n"
            "  hint: dunlin --help lists the verbs\n"
            "  docs: dunlin help invalid_argument\n");
  const Outcome below = Dunlin({"app", "snyc", "shop"});
  EXPECT_EQ(below.code, 2);
  EXPECT_EQ(below.err,
            "error: no such verb: dunlin app snyc, did you mean \"sync\"?\n"
            "  hint: dunlin app --help lists the verbs\n"
            "  docs: dunlin help invalid_argument\n");
}

TEST(Cli, AVerbThatDoesNotExistIsAUsageError) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"webhook"}, {"webhook", "list"}, {"webhook", "-o", "table"}}) {
    const Outcome outcome = Dunlin(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "error: no such verb: dunlin webhook\n  hint: dunlin --help lists the verbs\n"
              "  docs: dunlin help invalid_argument\n");
  }
}

TEST(Cli, AMissingVerbOrArgumentIsAUsageError) {
  EXPECT_EQ(Dunlin({}).code, 2);
  EXPECT_EQ(Dunlin({"app"}).code, 2);
  const Outcome outcome = Dunlin({"app", "get"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("NAME is missing"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: dunlin app get --help"), std::string::npos) << outcome.err;
}

TEST(Cli, TheFormatMayStandBeforeTheVerb) {
  const Outcome outcome = Dunlin({"-o", "json", "app", "get"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find(R"("message":"NAME is missing")"), std::string::npos) << outcome.out;
}

TEST(Cli, ALabelTakesOneValueAndTheNameIsLeft) {
  const Outcome outcome =
      Dunlin({"--hub", "unix:/nobody.sock", "cluster", "add", "--label", "tier=edge", "store-1"});
  EXPECT_EQ(outcome.code, 5) << "it went as far as asking the hub: " << outcome.err;
}

TEST(Cli, HelpHasTopics) {
  EXPECT_NE(Dunlin({"help", "not_found"}).out.find("dunlin app list"), std::string::npos);
  const Outcome codes = Dunlin({"help", "exit-codes"});
  EXPECT_EQ(codes.code, 0);
  EXPECT_EQ(codes.out, wire::ExitCodeTable());
  EXPECT_EQ(Dunlin({"help"}).out, Dunlin({"--help"}).out);
  EXPECT_NE(Dunlin({"help", "app", "sync"}).out.find("--allow-mass-prune"), std::string::npos);
  const Outcome unknown = Dunlin({"help", "exit-code"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("did you mean \"exit-codes\"?"), std::string::npos) << unknown.err;
}

}  // namespace
}  // namespace dunlin::ctl
