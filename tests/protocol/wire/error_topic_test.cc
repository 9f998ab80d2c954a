#include "protocol/wire/error_topic.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "protocol/wire/exit_code.h"

namespace dunlin::wire {
namespace {

TEST(ErrorTopic, EveryCodeHasAPageOfItsOwn) {
  std::set<std::string> meanings;
  for (int value = 0; value <= static_cast<int>(Errc::kInternal); ++value) {
    const auto code = static_cast<Errc>(value);
    const ErrorTopic& topic = TopicOf(code);
    EXPECT_TRUE(meanings.insert(topic.meaning).second) << Name(code) << " shares a topic";
    for (const char* text : {topic.meaning, topic.causes, topic.action}) {
      EXPECT_GT(std::string_view(text).size(), 15u) << Name(code);
      EXPECT_TRUE(std::string_view(text).ends_with('.')) << Name(code) << ": " << text;
    }
    const std::string page = TopicText(code);
    EXPECT_TRUE(page.starts_with(std::string(Name(code)) + " (exit code " +
                                 std::to_string(ExitCode(code)) + ": "))
        << page;
    for (const char* part : {"\nMeaning\n", "\nUsual causes\n", "\nWhat to do\n"}) {
      EXPECT_NE(page.find(part), std::string::npos) << page;
    }
  }
}

TEST(ErrorTopic, LinesFitATerminal) {
  for (int value = 0; value <= static_cast<int>(Errc::kInternal); ++value) {
    std::istringstream page(TopicText(static_cast<Errc>(value)));
    for (std::string line; std::getline(page, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

}  // namespace
}  // namespace dunlin::wire
