// The three command lines as processes: what a script and a terminal see when something is wrong.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "tests/e2e/fleet.h"
#include "tests/support/assert_ok.h"

namespace dunlin::e2e {
namespace {

class CommandLine : public testing::Test {
 protected:
  // Runs a line of a shell, in which $DUNLIN, $HUB and $AGENT are the programs.
  void Shell(const std::string& line) {
    const std::string log = dir_ / "err";
    std::ofstream(log, std::ios::trunc);
    support::ChildOptions options;
    options.command = {"/bin/bash", "-c", line};
    options.env = {{"DUNLIN", Program("dunlin")},
                   {"HUB", Program("dunlin-hub")},
                   {"AGENT", Program("dunlin-agent")},
                   {"DUNLIN_HUB", "unix:" + (dir_ / "hub/admin.sock")}};
    options.log = log;
    const auto finished = support::Run(options);
    ASSERT_OK(finished);
    status = finished->status;
    out = finished->out;
    err = *ReadFile(log, 1 << 20);
  }

  void StartHub() {
    auto fleet = Fleet::Create(dir_.path());
    ASSERT_OK(fleet);
    fleet_ = std::make_unique<Fleet>(std::move(*fleet));
    ASSERT_OK(fleet_->git().Write("apps/shop/x.yaml",
                                  "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n"));
    ASSERT_OK(fleet_->git().Write(
        "catalogue/shop.yaml",
        "apiVersion: dunlin.dev/v1\nkind: App\nmetadata: { name: shop }\nspec:\n  source: { repo: "
        "\"" +
            fleet_->git().bare() + "\", revision: main, path: apps/shop }\n  namespace: shop\n"));
    ASSERT_OK(fleet_->git().Push("an app"));
    ASSERT_OK(fleet_->StartHub());
    Shell(
        "$DUNLIN cluster add --label tier=edge store-0142 --region eu && $DUNLIN source refresh && "
        "$DUNLIN app sync shop");
    ASSERT_EQ(status, 0) << err;
  }

  support::TempDir dir_;
  std::unique_ptr<Fleet> fleet_;
  int status = 0;
  std::string out, err;
};

TEST_F(CommandLine, OutputThatDoesNotArriveIsAFailure) {
  for (const char* program : {"$DUNLIN help", "$DUNLIN --version", "$HUB version", "$HUB --help",
                              "$AGENT version", "$AGENT help io"}) {
    Shell(std::string(program) + " > /dev/full");
    EXPECT_EQ(status, 2) << program;
    EXPECT_NE(err.find("cannot write to standard output"), std::string::npos) << err;
    Shell(std::string(program) + " >&-");
    EXPECT_EQ(status, 2) << program;
    Shell(std::string(program) + " > /dev/null 2>&-");
    EXPECT_EQ(status, 0) << program;
  }
}

TEST_F(CommandLine, UsageErrorsOfEveryProgramHaveOneForm) {
  for (const char* line :
       {"$DUNLIN app get --frob", "$HUB doctor --frob", "$AGENT status --frob"}) {
    Shell(line);
    EXPECT_EQ(status, 2) << line;
    EXPECT_EQ(out, "");
    EXPECT_TRUE(err.starts_with("error: unknown option --frob of dunlin")) << err;
    EXPECT_TRUE(err.ends_with("\n  docs: dunlin help invalid_argument\n")) << err;
    Shell(std::string(line) + " -o json");
    EXPECT_EQ(status, 2);
    EXPECT_EQ(err, "");
    const auto document = object::ParseJson(out);
    ASSERT_OK(document);
    EXPECT_EQ(object::FindString(*document, {"error", "docs"}), "dunlin help invalid_argument");
  }
  Shell("$HUB srve");
  EXPECT_NE(err.find("did you mean \"serve\"?"), std::string::npos) << err;
}

TEST_F(CommandLine, TheHubsFailuresComeWithCauseAndHint) {
  StartHub();
  Shell("$DUNLIN app get shpo -o json");
  EXPECT_EQ(status, 2);
  const auto document = object::ParseJson(out);
  ASSERT_OK(document);
  EXPECT_EQ(object::FindString(*document, {"error", "message"}), "cannot show app shpo");
  EXPECT_EQ(object::FindString(*document, {"error", "cause"}),
            "there is no app \"shpo\", did you mean \"shop\"?");
  EXPECT_EQ(object::FindString(*document, {"error", "code"}), "not_found");
  Shell("$DUNLIN fleet wait --timeout 0 -o json");
  EXPECT_EQ(status, 3);
  EXPECT_TRUE(object::ParseJson(out).has_value()) << out;
  Shell("$DUNLIN status > /dev/full");
  EXPECT_EQ(status, 2);
  // The reader has closed its end before the program starts.
  Shell("cd " + dir_.path() +
        " && mkfifo go && { read < go; exec $DUNLIN status; } | { exec <&-; echo > go; }; "
        "echo ${PIPESTATUS[0]}");
  EXPECT_NE(out, "0\n");
  EXPECT_EQ(err, "") << "a reader that goes away is its own matter";
  Shell("printf 'a: b: c' | $DUNLIN apply -f -");
  EXPECT_EQ(status, 2);
  EXPECT_TRUE(out.starts_with("stdin:1 failed: ")) << out;

  // The watch ends with the error as its last line when the hub goes away.
  support::ChildOptions watch;
  watch.command = {Program("dunlin"),
                   "--hub",
                   "unix:" + (dir_ / "hub/admin.sock"),
                   "status",
                   "-w",
                   "-o",
                   "json"};
  auto watching = support::Child::Start(watch);
  ASSERT_OK(watching);
  ASSERT_OK(watching->ReadLine(Seconds(20)));
  ASSERT_OK(fleet_->StopHub());
  const auto rest = watching->ReadAll(Seconds(20));
  ASSERT_OK(rest);
  EXPECT_EQ(*watching->Wait(Seconds(20)), 5);
  const auto last = object::ParseJson(rest->substr(rest->rfind('\n', rest->size() - 2) + 1));
  ASSERT_OK(last);
  EXPECT_EQ(object::FindString(*last, {"error", "code"}), "unavailable");

  Shell("$DUNLIN status");
  EXPECT_EQ(status, 5);
  EXPECT_NE(err.find("dunlin-hub serve"), std::string::npos) << err;
}

// The reason is cut on a terminal and nowhere else.
TEST_F(CommandLine, ATableFitsTheTerminal) {
  StartHub();
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  winsize size{};
  size.ws_col = 80;
  const int other_end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(other_end, 0);
  ASSERT_EQ(ioctl(other_end, TIOCSWINSZ, &size), 0);
  Shell(std::string("$DUNLIN status > ") + ptsname(terminal));
  ASSERT_EQ(status, 0) << err;
  char seen[4096];
  const ssize_t length = read(terminal, seen, sizeof seen);
  ASSERT_GT(length, 0);
  EXPECT_NE(std::string(seen, static_cast<size_t>(length)).find("no agent of t…\r\n"),
            std::string::npos)
      << std::string(seen, static_cast<size_t>(length));
  close(other_end);
  close(terminal);
  Shell("$DUNLIN status | cat");
  EXPECT_NE(out.find("no agent of this cluster has connected yet"), std::string::npos) << out;
}

}  // namespace
}  // namespace dunlin::e2e
