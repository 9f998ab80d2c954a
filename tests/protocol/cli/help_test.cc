#include "protocol/cli/help.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "protocol/wire/error_topic.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::cli {
namespace {

struct Tree {
  Tree() : root("a program", "tool") {
    CLI::App* app = root.add_subcommand("app", "Apps");
    app->add_subcommand("sync", "Look at Git")->add_flag("--prune");
  }
  CLI::App root;
};

TEST(Help, EveryCodeIsATopicAndItsPageIsTheTable) {
  const Tree tree;
  for (int value = 0; value <= static_cast<int>(Errc::kInternal); ++value) {
    const auto code = static_cast<Errc>(value);
    const auto page = HelpPage(tree.root, {std::string(Name(code))});
    ASSERT_TRUE(page.has_value()) << Name(code);
    EXPECT_EQ(*page, wire::TopicText(code));
    EXPECT_NE(HelpFooter().find(" " + std::string(Name(code))), std::string::npos);
  }
  EXPECT_EQ(*HelpPage(tree.root, {"exit-codes"}), wire::ExitCodeTable());
}

TEST(Help, AVerbIsNamedAsItIsTyped) {
  const Tree tree;
  EXPECT_EQ(*HelpPage(tree.root, {}), tree.root.help());
  EXPECT_NE(HelpPage(tree.root, {"app", "sync"})->find("--prune"), std::string::npos);
}

TEST(Help, AnUnknownTopicIsAnsweredWithTheNearest) {
  const Tree tree;
  const auto unknown = HelpPage(tree.root, {"not_fuond"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(unknown.error().message, "no such help topic: not_fuond, did you mean \"not_found\"?");
  EXPECT_FALSE(HelpPage(tree.root, {"app", "not_found"}).has_value()) << "no verb of app";
}

}  // namespace
}  // namespace dunlin::cli
