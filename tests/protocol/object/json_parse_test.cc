#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::object {
namespace {

std::string Back(std::string_view text) {
  const auto value = ParseJson(text);
  return value ? CanonicalJson(*value) : "refused: " + value.error().message;
}

Errc CodeOf(std::string_view text, const ParseOptions& options = {}) {
  const auto value = ParseJson(text, options);
  EXPECT_FALSE(value) << text;
  return value ? Errc::kInternal : value.error().code;
}

// Y3: Boost.JSON itself keeps the last of two, silently.
TEST(ParseJson, RefusesDuplicateKeysAtAnyDepth) {
  for (const char* text : {R"({"a":1,"a":1})", R"({"x":[{"b":{"a":1,"c":2,"a":3}}]})",
                           R"({"a":1,"\u0061":2})", R"({"":1,"":2})"}) {
    EXPECT_EQ(CodeOf(text), Errc::kCorrupt) << text;
  }
  EXPECT_NE(ParseJson(R"({"a":1,"a":1})").error().message.find("\"a\""), std::string::npos);
  EXPECT_EQ(Back(R"({"a":{"a":1},"A":2})"), R"({"A":2,"a":{"a":1}})");
}

// Y6.
TEST(ParseJson, NumbersAreExactOrRefused) {
  const struct {
    const char* text;
    const char* back;
  } cases[] = {
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"9007199254740993", "9007199254740993"},
      {"18446744073709551616", "18446744073709552000"},
      {"0", "0"},
      {"-0", "0"},
      {"-0.0", "-0"},
      {"1.0", "1"},
      {"0.1", "0.1"},
      {"1e3", "1000"},
      {"123456789012345678901234567890", "1.2345678901234568e+29"},
      {"1e-400", "0"},
      {"-1e-400", "-0"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"2.2250738585072014e-308", "2.2250738585072014e-308"},
      {"179769313486231570000000000000000000000e270", "1.7976931348623157e+308"},
      {"0.1000000000000000055511151231257827021181583404541015625", "0.1"},
  };
  for (const auto& c : cases) EXPECT_EQ(Back(c.text), c.back) << c.text;
  for (const char* text : {"1e400", "-1e400", "1.8e308", "NaN", "Infinity", "-Infinity", "01", "+1",
                           "1.", ".5", "0x10", "1e", "--1"}) {
    EXPECT_EQ(CodeOf(text), Errc::kCorrupt) << text;
  }
}

// Y5.
TEST(ParseJson, RefusesInvalidUtf8AndLoneSurrogates) {
  for (const std::string text :
       {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xe2\x82\"",
        R"("\ud800")", R"("\udc00")", R"("\ud800\u0061")"}) {
    EXPECT_EQ(CodeOf(text), Errc::kCorrupt) << text;
  }
  EXPECT_EQ(Back(R"("\ud83d\ude00")"), "\"\xf0\x9f\x98\x80\"");
  EXPECT_EQ(Back(R"("\u0000")"), R"("\u0000")");
}

TEST(ParseJson, RefusesWhatIsNotOneValue) {
  for (const std::string text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "\"a",
                                 "\"a\nb\"", "1 2", "{} x", "/* c */ 1", "nul", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(CodeOf(text), Errc::kCorrupt) << text;
  }
  EXPECT_NE(ParseJson("[1, x]").error().message.find("byte"), std::string::npos);
}

std::string Nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

// Y1.
TEST(ParseJson, DepthAtTheLimitIsReadAndOneAboveIsNot) {
  EXPECT_TRUE(ParseJson(Nested(limits::kMergeDocumentDepth)));
  EXPECT_EQ(CodeOf(Nested(limits::kMergeDocumentDepth + 1)), Errc::kLimit);
  EXPECT_EQ(CodeOf(Nested(1'000'000)), Errc::kLimit);
  EXPECT_TRUE(ParseJson(Nested(8), {.max_depth = 8}));
  EXPECT_EQ(CodeOf(Nested(9), {.max_depth = 8}), Errc::kLimit);
  EXPECT_EQ(CodeOf(R"({"a":{"b":[1]}})", {.max_depth = 2}), Errc::kLimit);
}

TEST(ParseJson, SizeAtTheLimitIsReadAndOneAboveIsNot) {
  EXPECT_TRUE(ParseJson("[1,2]", {.max_bytes = 5}));
  EXPECT_EQ(CodeOf("[1,2]", {.max_bytes = 4}), Errc::kLimit);
  std::string text(limits::kMergeDocumentBytes, ' ');
  text.front() = '1';
  EXPECT_TRUE(ParseJson(text));
  EXPECT_EQ(CodeOf(text + " "), Errc::kLimit);
}

TEST(ParseJson, LongTextsComeInOnePiece) {
  std::string text = "\"";
  for (int i = 0; i < 20'000; ++i) text += "ab\\n";
  text += "\"";
  EXPECT_EQ(Back(text), text);
}

TEST(ParseJson, EveryPrefixIsRefused) {
  const std::string text = R"({"a":[1.5,true,null,"x\u00e9"],"b":{"c":-12}})";
  for (size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(ParseJson(text.substr(0, n))) << n;
}

}  // namespace
}  // namespace dunlin::object
