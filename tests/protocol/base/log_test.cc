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

TEST(LogLine, FieldsBeyondTheLimitAreLeftOut) {
  LogFields fields;
  for (int i = 0; i < 100; ++i) fields.emplace_back("k" + std::to_string(i), std::string(100, 'x'));
  const std::string line = Text(fields);
  EXPECT_LT(line.size(), limits::kLogLineBytes + 200);
  EXPECT_NE(line.find("k0="), std::string::npos);
  EXPECT_EQ(line.find("k99="), std::string::npos);
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
