#include "protocol/cli/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "protocol/object/json.h"

namespace dunlin::cli {
namespace {

TEST(Output, DocumentsEndWithANewline) {
  const object::Value document = object::Object{{"b", 1}, {"a", "x"}};
  EXPECT_EQ(DocumentText(document, Format::kJson), "{\"a\":\"x\",\"b\":1}\n");
  EXPECT_EQ(DocumentText(document, Format::kYaml), "a: x\nb: 1\n");
}

TEST(Output, AnErrorIsTextOnStderrOrOneJsonDocumentOnStdout) {
  const wire::ErrorBody error{"conflict", "two origins", "a.yaml and b.yaml", "remove one"};
  testing::internal::CaptureStderr();
  PrintError(error, Format::kTable);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), wire::ErrorText(error));
  for (const Format format : {Format::kJson, Format::kYaml}) {
    testing::internal::CaptureStdout();
    PrintError(error, format);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), wire::Encode(error) + "\n");
  }
}

// Each runs in a process of its own, whose standard output is what the test makes of it.
class FinishDeathTest : public testing::Test {
 protected:
  static void StdoutIs(const char* path) {
    const int fd = open(path, O_WRONLY);
    dup2(fd, STDOUT_FILENO);
  }
  [[noreturn]] static void WriteAndEnd(size_t bytes, int code) {
    std::fputs(std::string(bytes, 'x').c_str(), stdout);
    _exit(Finish(code));
  }
};

TEST_F(FinishDeathTest, WhatIsWrittenWithoutTroubleKeepsTheCode) {
  EXPECT_EXIT((StdoutIs("/dev/null"), WriteAndEnd(10, 0)), testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT((StdoutIs("/dev/null"), WriteAndEnd(10, 6)), testing::ExitedWithCode(6), "^$");
}

TEST_F(FinishDeathTest, AFullDiskIsAFailure) {
  EXPECT_EXIT((StdoutIs("/dev/full"), WriteAndEnd(10, 0)), testing::ExitedWithCode(2),
              "cannot write to standard output\n  cause: No space left on device\n");
  // More than a buffer: the write that failed was an earlier one.
  EXPECT_EXIT((StdoutIs("/dev/full"), WriteAndEnd(100'000, 0)), testing::ExitedWithCode(2),
              "cannot write to standard output");
  EXPECT_EXIT((StdoutIs("/dev/full"), WriteAndEnd(10, 3)), testing::ExitedWithCode(3),
              "cannot write to standard output");
}

TEST_F(FinishDeathTest, AReaderThatHasGoneIsNotComplainedAbout) {
  const auto reader_goes = [] {
    signal(SIGPIPE, SIG_IGN);
    int ends[2] = {-1, -1};
    if (pipe(ends) != 0) _exit(9);
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    WriteAndEnd(10, 0);
  };
  EXPECT_EXIT(reader_goes(), testing::ExitedWithCode(2), "^$");
}

TEST_F(FinishDeathTest, NoFileTakesThePlaceOfAClosedStandardOutput) {
  const auto closed = [] {
    close(STDOUT_FILENO);
    GuardStandardStreams();
    if (open("/dev/null", O_WRONLY) <= STDERR_FILENO) _exit(9);
    WriteAndEnd(10, 0);
  };
  EXPECT_EXIT(closed(), testing::ExitedWithCode(2), "cause: Bad file descriptor");
}

}  // namespace
}  // namespace dunlin::cli
