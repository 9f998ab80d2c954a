// The canonical form is what Go's encoding/json writes for the same value: the render worker makes
// the same digests. The expected texts were printed by Go 1.26.
#include <gtest/gtest.h>

#include <cmath>

#include "protocol/object/json.h"

namespace dunlin::object {
namespace {

TEST(CanonicalJson, SortsKeysBytewiseAndLeavesNoSpace) {
  Object object;
  for (const char* key : {"b", "a", "B", "aa", "", "\xc3\xa9", "a.b", "a-b", "a/b"}) {
    object[key] = 1;
  }
  EXPECT_EQ(
      CanonicalJson(object),
      "{\"\":1,\"B\":1,\"a\":1,\"a-b\":1,\"a.b\":1,\"a/b\":1,\"aa\":1,\"b\":1,\"\xc3\xa9\":1}");
  EXPECT_EQ(CanonicalJson(Array{1, "x", nullptr, true, Array{}, Object{}}),
            R"([1,"x",null,true,[],{}])");
}

TEST(CanonicalJson, EscapesAsGoDoes) {
  std::string low;
  for (char c = 0; c < 0x20; ++c) low.push_back(c);
  EXPECT_EQ(CanonicalJson(Value(low)),
            R"("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f)"
            R"(\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c)"
            R"(\u001d\u001e\u001f")");
  EXPECT_EQ(CanonicalJson(Value("\" \\ / < > & ' \x7f")),
            "\"\\\" \\\\ / \\u003c \\u003e \\u0026 ' \x7f\"");
  EXPECT_EQ(CanonicalJson(Value("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa")),
            "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"");
  EXPECT_EQ(CanonicalJson(Value("\xc3\xa9\xf0\x9f\x98\x80")), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

TEST(CanonicalJson, WritesDoublesAsGoDoes) {
  const struct {
    double value;
    const char* text;
  } cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {0.1, "0.1"},
      {1.0 / 3, "0.3333333333333333"},
      {100, "100"},
      {1e20, "100000000000000000000"},
      {123456789012345680000.0, "123456789012345680000"},
      {1e21, "1e+21"},
      {-1e21, "-1e+21"},
      {1.5e300, "1.5e+300"},
      {0.000001, "0.000001"},
      {0.0000015, "0.0000015"},
      {1e-7, "1e-7"},
      {1.5e-9, "1.5e-9"},
      {1e-10, "1e-10"},
      {-2.5e-100, "-2.5e-100"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {9007199254740993.0, "9007199254740992"},
  };
  for (const auto& c : cases) EXPECT_EQ(CanonicalJson(Value(c.value)), c.text);
}

TEST(CanonicalJson, WritesIntegersWhole) {
  EXPECT_EQ(CanonicalJson(Value(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(CanonicalJson(Value(UINT64_MAX)), "18446744073709551615");
}

TEST(CanonicalJson, IsAFixedPoint) {
  for (const char* text : {R"({"b":[1,2.50,1e3,{"z":"\u00e9\u2028","a":null}],"a":"<\/>"})", "[]",
                           "\"\"", "1e21", "-1.5e-8"}) {
    const std::string once = CanonicalJson(ParseJson(text).value());
    EXPECT_EQ(CanonicalJson(ParseJson(once).value()), once);
  }
}

}  // namespace
}  // namespace dunlin::object
