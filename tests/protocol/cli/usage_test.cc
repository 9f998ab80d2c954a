#include "protocol/cli/usage.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <limits>

#include "protocol/cli/command_line.h"

namespace dunlin::cli {
namespace {

// A command line of every kind of argument that the programs have.
class Tool {
 public:
  Tool() : root("a program", "tool") {
    root.require_subcommand(1);
    root.fallthrough();
    root.add_option("--hub", hub);
    CLI::App* app = root.add_subcommand("app", "Apps");
    app->require_subcommand(1);
    CLI::App* get = app->add_subcommand("get", "One");
    get->add_option("NAME", name)->required();
    TakesNumber(get->add_option("ID", id), 1, std::numeric_limits<int64_t>::max());
    AddOutput(*get, format);
    app->add_subcommand("list", "All");
    CLI::App* add = root.add_subcommand("add", "Add");
    add->add_option("NAME", name)->required();
    AddRepeatable(*add, "-l,--label", labels, "k=v");
    TakesNumber(add->add_option("--token-hours", hours), 1, 24);
    CLI::Option* token = add->add_option("--token", name)->envname("TOOL_TEST_TOKEN");
    add->add_option("--token-file", name)->excludes(token);
    Takes(add->add_option("--kind", kind), {"auto", "helm"});
    add->add_flag("--force", force);
    root.add_subcommand("internal", "Hidden")->group("");
  }

  // What it prints on stderr or stdout, and the exit code (-1: go on).
  int Run(const std::vector<const char*>& arguments) {
    std::vector<const char*> argv = {"tool"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto code = Parse(root, static_cast<int>(argv.size()), argv.data());
    std::fflush(stdout);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code.value_or(-1);
  }

  CLI::App root;
  std::string hub, name, kind, out, err;
  std::vector<std::string> labels;
  int64_t id = 0;
  int hours = 1;
  bool force = false;
  Format format = Format::kTable;
};

struct Case {
  std::vector<const char*> arguments;
  std::string message;
};

TEST(Usage, EveryMistakeIsNamedInOurWords) {
  const Case kCases[] = {
      {{}, "tool needs a verb: app, add"},
      {{"app"}, "tool app needs a verb: get, list"},
      {{"ap"}, "no such verb: tool ap, did you mean \"app\"?"},
      {{"--hub", "x", "ap", "get"}, "no such verb: tool ap, did you mean \"app\"?"},
      {{"app", "gte", "x"}, "no such verb: tool app gte, did you mean \"get\"?"},
      {{"app", "get"}, "NAME is missing"},
      {{"app", "get", "x", "--frob"}, "unknown option --frob of tool app get"},
      {{"app", "get", "--ouptut", "json", "x"},
       "unknown option --ouptut of tool app get, did you mean \"--output\"?"},
      {{"app", "get", "-x", "x"}, "unknown option -x of tool app get"},
      {{"app", "get", "x", "7", "y"}, "tool app get takes no argument \"y\""},
      {{"app", "get", "x", "seven"}, "ID takes a number from 1, not \"seven\""},
      {{"app", "get", "x", "0"}, "ID takes a number from 1, not \"0\""},
      {{"app", "get", "x", "-o", "ujson"}, "-o takes table, json or yaml, not \"ujson\""},
      {{"app", "get", "x", "--output=ujson"}, "--output takes table, json or yaml, not \"ujson\""},
      {{"app", "get", "x", "-o"}, "-o takes a value"},
      {{"add", "x", "--token-hours", "99"}, "--token-hours takes 1 to 24, not \"99\""},
      {{"add", "x", "--token-hours", "1.5"}, "--token-hours takes 1 to 24, not \"1.5\""},
      {{"add", "x", "--token-hours", ""}, "--token-hours takes 1 to 24, not \"\""},
      {{"add", "x", "--token-hours", "1", "--token-hours", "2"}, "--token-hours is given twice"},
      {{"add", "x", "--kind", "hlem"}, "--kind takes auto or helm, not \"hlem\""},
      {{"add", "x", "--force=maybe"}, "--force takes no value"},
      {{"add", "x", "--token", "a", "--token-file", "b"},
       "--token and --token-file exclude each other"},
      {{"add", "-l", "a=b"}, "NAME is missing"},
      {{"interal"}, "no such verb: tool interal"},
  };
  for (const Case& test : kCases) {
    Tool tool;
    EXPECT_EQ(tool.Run(test.arguments), 2) << test.message;
    EXPECT_EQ(tool.err.substr(0, tool.err.find('\n')), "error: " + test.message);
    EXPECT_NE(tool.err.find("\n  hint: tool"), std::string::npos) << tool.err;
    EXPECT_NE(tool.err.find("\n  docs: dunlin help invalid_argument\n"), std::string::npos);
    EXPECT_EQ(tool.out, "");
  }
}

TEST(Usage, TheErrorIsOneDocumentWhereverTheFormatStands) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"app", "get", "--frob", "-o", "json"},
        {"-o", "json", "app", "get", "--frob"},
        {"app", "get", "-ojson", "--frob"},
        {"app", "get", "--output=yaml", "--frob"},
        {"frob", "--output", "json"},
        {"app", "get", "-o", "json", "x", "-o", "ujson"},
        {"help", "frob", "-o", "json"}}) {
    Tool tool;
    EXPECT_EQ(tool.Run(arguments), 2);
    EXPECT_EQ(tool.err, "");
    const auto error = wire::ParseErrorBody(tool.out);
    ASSERT_TRUE(error.has_value()) << tool.out;
    EXPECT_EQ(error->code, "invalid_argument");
    EXPECT_FALSE(error->message.empty());
  }
}

TEST(Usage, WhatIsRightIsTaken) {
  Tool tool;
  EXPECT_EQ(tool.Run({"add", "-l", "a=b", "--label", "c=d", "NAME", "--token-hours", "24"}), -1)
      << tool.err;
  EXPECT_EQ(tool.labels, (std::vector<std::string>{"a=b", "c=d"}));
  EXPECT_EQ(tool.name, "NAME");
  EXPECT_EQ(tool.hours, 24);
  Tool other;
  EXPECT_EQ(other.Run({"app", "get", "get", "3", "-o", "json", "-o", "yaml"}), -1) << other.err;
  EXPECT_EQ(other.name, "get") << "an app may have the name of a verb";
  EXPECT_EQ(other.id, 3);
  EXPECT_EQ(other.format, Format::kYaml) << "the last one counts";
  Tool last;
  EXPECT_EQ(last.Run({"app", "get", "--", "--odd"}), -1) << last.err;
  EXPECT_EQ(last.name, "--odd");
}

TEST(Usage, HelpIsNoError) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"--help"}, {"app", "get", "--help"}, {"help", "app", "get"}}) {
    Tool tool;
    EXPECT_EQ(tool.Run(arguments), 0);
    EXPECT_NE(tool.out.find("Usage:"), std::string::npos) << tool.out;
    EXPECT_EQ(tool.err, "");
  }
}

}  // namespace
}  // namespace dunlin::cli
