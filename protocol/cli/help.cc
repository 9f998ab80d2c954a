#include "protocol/cli/help.h"

#include <CLI/CLI.hpp>

#include "protocol/base/nearest.h"
#include "protocol/cli/usage.h"
#include "protocol/wire/error.h"
#include "protocol/wire/error_topic.h"
#include "protocol/wire/exit_code.h"

namespace dunlin::cli {

namespace {

constexpr const char* kExitCodes = "exit-codes";

}  // namespace

std::vector<std::string> HelpTopics() {
  std::vector<std::string> topics = {kExitCodes};
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    topics.emplace_back(Name(static_cast<Errc>(code)));
  }
  return topics;
}

std::string HelpFooter() {
  constexpr size_t kWidth = 80;
  std::string out = wire::ExitCodeLine() + "\nTopics of help:";
  size_t column = 15;
  for (const std::string& topic : HelpTopics()) {
    if (column + 1 + topic.size() > kWidth) {
      out += "\n ";
      column = 1;
    }
    out += " " + topic;
    column += 1 + topic.size();
  }
  return out;
}

Result<std::string> HelpPage(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* at = &root;
  std::string above;
  for (const std::string& word : words) {
    const CLI::App* below = VerbOf(*at, word);
    if (below != nullptr) {
      above += (at == &root ? "" : " ") + at->get_name();
      at = below;
      continue;
    }
    if (at == &root && word == kExitCodes) return wire::ExitCodeTable();
    const auto code = at == &root ? wire::ErrcOfName(word) : std::nullopt;
    if (code) return wire::TopicText(*code);
    std::vector<std::string> known = VerbsOf(*at);
    if (at == &root) {
      for (std::string& topic : HelpTopics()) known.push_back(std::move(topic));
    }
    return MakeError(Errc::kInvalidArgument,
                     "no such help topic: " + word + DidYouMean(word, known));
  }
  return at->help(above);
}

}  // namespace dunlin::cli
