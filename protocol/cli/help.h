// `help`: pages of verbs, and topics.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace CLI {
class App;
}  // namespace CLI

namespace dunlin::cli {

// "exit-codes" and every error code.
std::vector<std::string> HelpTopics();

// The last lines of every program's --help: exit codes and topics.
std::string HelpFooter();

// The page for the words after `help`: none (the program), a verb as it is typed, or a topic.
// kInvalidArgument names an unknown word and the nearest known one.
Result<std::string> HelpPage(const CLI::App& root, const std::vector<std::string>& words);

}  // namespace dunlin::cli
