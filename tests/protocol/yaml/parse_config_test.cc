#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::yaml {
namespace {

std::string Json(std::string_view text) {
  const auto value = ParseConfig(text);
  return value ? object::CanonicalJson(*value) : "error: " + value.error().message;
}

TEST(ParseConfig, ReadsMapsListsAndScalars) {
  EXPECT_EQ(Json("listen:\n  agents: 0.0.0.0:7443   # comment\n  open: true\nworkers: 10\n"
                 "names: [a, 'b c', \"d\\n\"]\nlabels: {tier: edge}\nnothing:\n"),
            R"({"labels":{"tier":"edge"},"listen":{"agents":"0.0.0.0:7443","open":true},)"
            R"("names":["a","b c","d\n"],"nothing":null,"workers":10})");
}

TEST(ParseConfig, AnEmptyTextIsNull) {
  EXPECT_EQ(Json(""), "null");
  EXPECT_EQ(Json("# only a comment\n"), "null");
  EXPECT_EQ(Json("---\n"), "null");
}

TEST(ParseConfig, OnlyTheAgreedPlainScalarsAreTyped) {
  const struct {
    const char* text;
    const char* json;
  } cases[] = {
      {"true", "true"},
      {"false", "false"},
      {"null", "null"},
      {"~", "null"},
      {"0", "0"},
      {"-7", "-7"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", R"("18446744073709551616")"},
      {"-9223372036854775809", R"("-9223372036854775809")"},
      {"'true'", R"("true")"},
      {"\"10\"", R"("10")"},
      {"|-\n  10", R"("10")"},
      {"True", R"("True")"},
      {"yes", R"("yes")"},
      {"on", R"("on")"},
      {"0o7", R"("0o7")"},
      {"0600", R"("0600")"},
      {"0x10", R"("0x10")"},
      {"+1", R"("+1")"},
      {"-0", R"("-0")"},
      {"1_000", R"("1_000")"},
      {"1.10", R"("1.10")"},
      {"1e3", R"("1e3")"},
      {"12:30", R"("12:30")"},
      {"2026-11-24", R"("2026-11-24")"},
      {".inf", R"(".inf")"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Json("v: " + std::string(c.text) + "\n"), "{\"v\":" + std::string(c.json) + "}");
  }
}

TEST(ParseConfig, KeysAreText) { EXPECT_EQ(Json("1: a\ntrue: b\n"), R"({"1":"a","true":"b"})"); }

TEST(ParseConfig, TakesAByteOrderMarkAndWindowsLineEnds) {
  EXPECT_EQ(Json("\xef\xbb\xbf"
                 "a: 1\r\nb: x\r\n"),
            R"({"a":1,"b":"x"})");
}

// Y2, Y3: what readers of YAML disagree about is refused, and the message names the line.
TEST(ParseConfig, RefusesWithTheLine) {
  const struct {
    const char* what;
    std::string text;
    int line;
  } cases[] = {
      {"duplicate key", "a: 1\nb: 2\na: 3\n", 3},
      {"duplicate key in flow", "a: {b: 1,\n b: 2}\n", 2},
      {"same key, quoted", "a: 1\n'a': 2\n", 2},
      {"anchor on a scalar", "a: &x 1\n", 1},
      {"anchor on a map", "a:\n  &x\n  b: 1\n", 2},
      {"alias bomb", "a: &a [1]\nb: [*a, *a]\n", 1},
      {"self reference", "&x [*x]\n", 1},
      {"unknown alias", "ok: 1\na: *x\n", 2},
      {"merge key", "ok: 1\n<<: {a: 1}\n", 2},
      {"binary tag", "a: 1\nb: !!binary aGk=\n", 2},
      {"language tag", "a: !!python/object:os.system {}\n", 1},
      {"string tag", "a: !!str 1\n", 1},
      {"tag directive", "# c\n%TAG ! tag:example,2026:\n---\na: 1\n", 2},
      {"version directive", "%YAML 1.1\n---\na: 1\n", 1},
      {"map as key", "a: 1\n? {b: 1}\n: 2\n", 2},
      {"null key", "a: 1\n~: 2\n", 2},
      {"escape that yaml-cpp gets wrong", "a: 1\nb: \"\\N\"\n", 2},
      {"control character", "a: 1\nb: \"\x01\"\n", 2},
      {"zero byte", std::string("a: 1\nb: x\0y\n", 12), 2},
      {"escape sequence", "a: \x1b[31m\n", 1},
      {"not UTF-8", "a: 1\nb: \xff\n", 2},
      {"overlong UTF-8", "a: \xc0\xaf\n", 1},
      {"surrogate", "a: \xed\xa0\x80\n", 1},
      {"tab as indentation", "a:\n\tb: 1\n", 2},
      {"unclosed list", "a: [1, 2\n", 2},
      {"unclosed quote", "a: 'x\n", 2},
      {"wrong indentation", "a:\n    b: 1\n  c: 2\n", 3},
  };
  for (const auto& c : cases) {
    const auto value = ParseConfig(c.text);
    ASSERT_FALSE(value) << c.what << ": " << Json(c.text);
    EXPECT_EQ(value.error().code, Errc::kInvalidArgument) << c.what;
    const std::string prefix = "line " + std::to_string(c.line) + ": ";
    EXPECT_TRUE(value.error().message.starts_with(prefix))
        << c.what << ": " << value.error().message;
  }
}

TEST(ParseConfig, RefusesASecondDocument) {
  EXPECT_EQ(ParseConfig("a: 1\n---\nb: 2\n").error().code, Errc::kInvalidArgument);
}

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

// Y1.
TEST(ParseConfig, DepthAtTheLimitIsReadAndOneAboveIsNot) {
  EXPECT_TRUE(ParseConfig(Nested(limits::kConfigDepth)).has_value());
  EXPECT_EQ(ParseConfig(Nested(limits::kConfigDepth + 1)).error().code, Errc::kLimit);
  EXPECT_EQ(ParseConfig(Nested(200'000)).error().code, Errc::kLimit);
  std::string block;
  for (size_t i = 0; i <= limits::kConfigDepth; ++i) block += std::string(i, ' ') + "a:\n";
  EXPECT_EQ(ParseConfig(block).error().code, Errc::kLimit);
  std::string sequence;
  for (size_t i = 0; i <= limits::kConfigDepth; ++i) sequence += "- ";
  EXPECT_EQ(ParseConfig(sequence).error().code, Errc::kLimit);
}

TEST(ParseConfig, SizeAtTheLimitIsReadAndOneAboveIsNot) {
  std::string text = "a: \"";
  text += std::string(limits::kConfigBytes - text.size() - 1, 'x') + "\"";
  EXPECT_TRUE(ParseConfig(text).has_value());
  EXPECT_EQ(ParseConfig(text + "\n").error().code, Errc::kLimit);
}

// "Cut at byte n": no prefix of a file crashes the reader.
TEST(ParseConfig, EveryPrefixIsReadOrRefused) {
  const std::string text =
      "apiVersion: v1\nclusters:\n- cluster: {server: \"https://[::1]:6443\", x: 'y'}\n"
      "  name: |-\n    a\n    b\nusers: >\n  folded\n? k\n: v\n";
  ASSERT_TRUE(ParseConfig(text)) << Json(text);
  for (size_t n = 0; n < text.size(); ++n) {
    const auto value = ParseConfig(text.substr(0, n));
    EXPECT_TRUE(value || value.error().code == Errc::kInvalidArgument) << n;
  }
}

}  // namespace
}  // namespace dunlin::yaml
