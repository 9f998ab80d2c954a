#include <gtest/gtest.h>

#include "protocol/object/json.h"
#include "protocol/yaml/config_yaml.h"

namespace dunlin::yaml {
namespace {

object::Value Json(std::string_view text) { return object::ParseJson(text).value(); }

TEST(ToYaml, WritesBlockStyleWithSortedKeys) {
  EXPECT_EQ(ToYaml(Json(R"({"spec":{"ports":[{"port":80,"name":"http"},{"port":443}],
                            "empty":{},"none":[],"nested":[[1,2],[]]},"kind":"Service",
                            "ok":true,"nothing":null})")),
            "kind: Service\n"
            "nothing: null\n"
            "ok: true\n"
            "spec:\n"
            "  empty: {}\n"
            "  nested:\n"
            "  - - 1\n"
            "    - 2\n"
            "  - []\n"
            "  none: []\n"
            "  ports:\n"
            "  - name: http\n"
            "    port: 80\n"
            "  - port: 443\n");
}

TEST(ToYaml, WritesLinesAsALiteralBlockWhereThatIsExact) {
  EXPECT_EQ(ToYaml(Json(R"({"a":"x\n\n  y\n","b":["1\n2"]})")),
            "a: |\n"
            "  x\n"
            "\n"
            "    y\n"
            "b:\n"
            "- |-\n"
            "  1\n"
            "  2\n");
  EXPECT_EQ(ToYaml(Json(R"({"a":" x\ny"})")), "a: \" x\\ny\"\n");
  EXPECT_EQ(ToYaml(Json(R"({"a":"x\n\n"})")), "a: \"x\\n\\n\"\n");
  EXPECT_EQ(ToYaml(Json(R"({"a":"x\r\ny"})")), "a: \"x\\x0d\\ny\"\n");
}

TEST(ToYaml, WritesScalarsAndEmptyCollectionsAlone) {
  EXPECT_EQ(ToYaml(Json("null")), "null\n");
  EXPECT_EQ(ToYaml(Json("\"x\"")), "x\n");
  EXPECT_EQ(ToYaml(Json("[]")), "[]\n");
  EXPECT_EQ(ToYaml(Json("{}")), "{}\n");
  EXPECT_EQ(ToYaml(Json("[1.5]")), "- 1.5\n");
}

// YAML 1.1 or 1.2: what some reader takes for a boolean, null, number, time or syntax is quoted.
TEST(ToYaml, QuotesWhateverAnotherReaderCouldTakeForSomethingElse) {
  for (const char* text :
       {"",      "true", "True", "FALSE", "yes",        "No",
        "on",    "OFF",  "y",    "N",     "null",       "Null",
        "~",     "nan",  ".nan", ".inf",  "-.inf",      "inf",
        "1",     "-1",   "+1",   "0x1f",  "0o17",       "017",
        "1_000", "1e3",  "1.5",  ".5",    "12:30",      "1:30:00",
        "a: b",  "a:",   "a #b", "#a",    "- a",        "-",
        "---",   "...",  "? a",  "&a",    "*a",         "!a",
        "%a",    "@a",   "`a",   "{a}",   "[a]",        "a, b",
        "|",     ">",    "'a'",  "\"a",   " a",         "a ",
        "<<",    "=",    "a\tb", "\\",    "2026-11-24", "123e4567-e89b-12d3-a456-426614174000"}) {
    const std::string yaml = ToYaml(object::Value(text));
    EXPECT_EQ(yaml[0], '"') << text;
    const auto back = ParseConfig(yaml);
    ASSERT_TRUE(back) << yaml;
    EXPECT_EQ(*back, object::Value(text));
  }
  for (const char* text : {"nginx:1.27", "apps/v1", "a b", "/spec/replicas", "https://x.example/y",
                           "app.kubernetes.io/name", "trueish", "node-1"}) {
    EXPECT_EQ(ToYaml(object::Value(text)), std::string(text) + "\n");
  }
}

// Y10: what a terminal or a reader of YAML 1.1 acts on never stands there raw.
TEST(ToYaml, EscapesControlCharactersAndOddLineBreaks) {
  EXPECT_EQ(ToYaml(Json(R"("\u001b[31m\u0000\u007f\u0085\u2028\ufeff\u00e9")")),
            "\"\\x1b[31m\\x00\\x7f\\x85\\u2028\\ufeff\xc3\xa9\"\n");
}

TEST(ToYaml, ComesBackThroughParseConfig) {
  const std::string long_key(600, 'k');
  const std::vector<std::string> documents = {
      R"({"a":{"b":[{"c":[{"d":[]},{}]},[[["x"]]]]},"":"","t":"true","n":-9223372036854775808})",
      R"({"u":18446744073709551615,"s":"line\n","l":"a\nb\n\tc","k: y":{"- x":"#"}})",
      R"([[],{},[{}],"\n","\n\n"," \n ","a\n \nb","😀","\"quoted\" \\ 'single'"])",
      R"({"script.sh":"#!/bin/sh\nset -e\n\nif true; then\n  echo \"x\"\nfi\n"})",
      "{\"" + long_key + "\":{\"a\":1},\"z\":2}",
  };
  for (const std::string& json : documents) {
    const object::Value value = Json(json);
    const std::string yaml = ToYaml(value);
    const auto back = ParseConfig(yaml);
    ASSERT_TRUE(back) << back.error().message << "\n" << yaml;
    EXPECT_TRUE(object::Equal(*back, value)) << yaml;
  }
}

}  // namespace
}  // namespace dunlin::yaml
