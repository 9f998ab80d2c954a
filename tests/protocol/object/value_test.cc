#include "protocol/object/value.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"
#include "protocol/object/utf8.h"

namespace dunlin::object {
namespace {

TEST(Find, NeverThrowsAndNeverConverts) {
  const Value root = ParseJson(R"({"a":{"n":1,"t":"x","b":true,"l":[1],"o":{}}})").value();
  EXPECT_EQ(FindInt(root, {"a", "n"}), 1);
  EXPECT_EQ(FindString(root, {"a", "t"}), "x");
  EXPECT_EQ(FindBool(root, {"a", "b"}), true);
  EXPECT_NE(FindArray(root, {"a", "l"}), nullptr);
  EXPECT_NE(FindObject(root, {"a", "o"}), nullptr);
  EXPECT_EQ(Find(root, {}), &root);
  EXPECT_EQ(Find(root, {"a", "missing", "deeper"}), nullptr);
  EXPECT_EQ(Find(root, {"a", "l", "0"}), nullptr);
  EXPECT_EQ(FindInt(root, {"a", "t"}), std::nullopt);
  EXPECT_EQ(FindString(root, {"a", "n"}), "");
  EXPECT_EQ(FindBool(root, {"a"}), std::nullopt);
  EXPECT_EQ(FindArray(root, {"a"}), nullptr);
  EXPECT_EQ(FindObject(root, {"a", "l"}), nullptr);
}

TEST(Equal, IsTypedAndDeep) {
  const auto equal = [](const char* a, const char* b) {
    const bool forth = Equal(ParseJson(a).value(), ParseJson(b).value());
    EXPECT_EQ(forth, Equal(ParseJson(b).value(), ParseJson(a).value()));
    return forth;
  };
  EXPECT_TRUE(equal(R"({"a":1,"b":[{"c":null}]})", R"({"b":[{"c":null}],"a":1})"));
  EXPECT_FALSE(equal("1", "1.0"));
  EXPECT_FALSE(equal("1", "\"1\""));
  EXPECT_FALSE(equal("0", "false"));
  EXPECT_FALSE(equal("null", "{}"));
  EXPECT_FALSE(equal("[1,2]", "[2,1]"));
  EXPECT_FALSE(equal("[1]", "[1,1]"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"b":1})"));
  EXPECT_TRUE(Equal(Value(int64_t{7}), Value(uint64_t{7})));
  EXPECT_FALSE(Equal(Value(int64_t{-1}), Value(UINT64_MAX)));
}

TEST(Utf8, TakesWholeCharactersOnly) {
  std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(TakeCharacter(text), U'a');
  EXPECT_EQ(TakeCharacter(text), U'\u00e9');
  EXPECT_EQ(TakeCharacter(text), U'\u20ac');
  EXPECT_EQ(TakeCharacter(text), U'\U0001f600');
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(IsUtf8(std::string_view("\0a", 2)));
  EXPECT_TRUE(IsUtf8("\xf4\x8f\xbf\xbf"));
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok\xc3"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

}  // namespace
}  // namespace dunlin::object
