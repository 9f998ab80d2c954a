#include "protocol/base/log.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"

namespace dunlin {
namespace {

constexpr TimePoint kTime{Millis(1'795'514'400'123)};

std::string Text(const LogFields& fields) {
  return FormatLogLine(LogForm::kText, kTime, LogLevel::kInfo, "published", fields);
}
std::string Json(const LogFields& fields) {
  return FormatLogLine(LogForm::kJson, kTime, LogLevel::kWarn, "published", fields);
}

TEST(LogLine, HasOneFormEach) {
  EXPECT_EQ(
      Text({{"app", "shop"}, {"head", 17}, {"why", "two words"}, {"none", ""}}),
      "2026-11-24T10:00:00.123Z INFO  published app=shop head=17 why=\"two words\" none=\"\"");
  EXPECT_EQ(Json({{"app", "shop"}, {"head", 17}}),
            R"({"time":"2026-11-24T10:00:00.123Z","level":"WARN","event":"published",)"
            R"("app":"shop","head":"17"})");
}

// L4, Y10: a name from a repository cannot forge an entry or drive a terminal.
TEST(LogLine, ControlCharactersAreEscaped) {
  const std::string hostile = "a\nb\rc\td\x1b[31m\x7f\"\\" + std::string(1, '\0');
  for (const std::string& line : {Text({{"name", hostile}}), Json({{"name", hostile}})}) {
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
    EXPECT_EQ(line.find('\x7f'), std::string::npos);
    EXPECT_NE(line.find(R"(a\nb\u000dc\u0009d\u001b[31m\u007f\"\\\u0000)"), std::string::npos)
        << line;
  }
}

TEST(LogLine, LongValuesAreCutBetweenCharacters) {
  std::string value(limits::kLogValueBytes - 1, 'x');
  EXPECT_NE(Text({{"v", value + "y"}}).find("xy"), std::string::npos);
  EXPECT_EQ(Text({{"v", value + "yz"}}).find("z"), std::string::npos);
  const std::string line = Text({{"v", value + "\xc3\xa9"}});
  EXPECT_EQ(line.find('\xc3'), std::string::npos);
}

// One control character becomes six bytes: what is written counts.
TEST(LogLine, TheSizeOfAValueIsThatOfItsEscapes) {
  const size_t escapes = limits::kLogValueBytes / 6;
  const std::string value = std::string(escapes, '\x01') + std::string(3000, 'z');
  const size_t letters = limits::kLogValueBytes - 6 * escapes;
  EXPECT_EQ(Text({{"v", value}}), Text({{"v", value.substr(0, escapes + letters)}}));
  EXPECT_EQ(Text({{"v", value}}).size(), Text({}).size() + 5 + limits::kLogValueBytes);
}

TEST(LogLine, AFieldThatDoesNotFitIsLeftOutAndASmallerOneIsNot) {
  for (const auto& make : {Text, Json}) {
    const std::string big(limits::kLogValueBytes, 'b');
    const size_t room = limits::kLogLineBytes - make({{"b", big}, {"c", "c"}}).size() + 1;
    EXPECT_EQ(make({{"b", big}, {"c", std::string(room, 'c')}}).size(), limits::kLogLineBytes);
    const std::string above(room + 1, 'c');
    EXPECT_EQ(make({{"b", big}, {"c", above}, {"d", 1}}), make({{"b", big}, {"d", 1}}));
  }
}

class Recorder : public LogSink {
 public:
  void Write(LogLevel level, std::string_view event, const LogFields& fields) override {
    std::string line = std::to_string(static_cast<int>(level)) + " " + std::string(event);
    for (const LogField& field : fields) line += " " + field.key + "=" + field.value;
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

TEST(Log, CarriesFieldsAndLeavesOutWhatIsBelowItsLevel) {
  Recorder recorder;
  const Log log = Log(&recorder).With({{"app", "shop"}});
  log.Debug("quiet");
  log.Info("said", {{"n", 1}});
  log.Warn("failed", MakeError(Errc::kIo, "disk full"), {{"n", 2}});
  EXPECT_EQ(recorder.lines,
            (std::vector<std::string>{"1 said app=shop n=1",
                                      "2 failed app=shop n=2 code=io error=disk full"}));
  Log().Error("into the void");
}

}  // namespace
}  // namespace dunlin
