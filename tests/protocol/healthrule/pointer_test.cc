#include "protocol/healthrule/pointer.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"

namespace dunlin::healthrule {
namespace {

TEST(Pointer, FollowsTheExamplesOfRfc6901) {
  const auto value = object::ParseJson(
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2," ":7,"m~n":8,"null":null,"map":{"0":9}})");
  ASSERT_TRUE(value);
  const auto at = [&](std::string_view text) {
    const auto pointer = ParsePointer(text);
    EXPECT_TRUE(pointer) << text;
    const object::Value* found = Follow(*pointer, *value);
    return found == nullptr ? std::string("nothing") : object::CanonicalJson(*found);
  };
  EXPECT_EQ(at(""), object::CanonicalJson(*value));
  EXPECT_EQ(at("/foo/0"), "\"bar\"");
  EXPECT_EQ(at("/foo/1"), "\"baz\"");
  EXPECT_EQ(at("/"), "0");
  EXPECT_EQ(at("/a~1b"), "1");
  EXPECT_EQ(at("/c%d"), "2");
  EXPECT_EQ(at("/ "), "7");
  EXPECT_EQ(at("/m~0n"), "8");
  EXPECT_EQ(at("/map/0"), "9");
  for (const char* nowhere :
       {"/null", "/foo/2", "/foo/01", "/foo/-", "/foo/x", "/foo/0/a", "/x/y"}) {
    EXPECT_EQ(at(nowhere), "nothing") << nowhere;
  }
}

TEST(Pointer, RefusesWhatIsNone) {
  for (const char* text : {"status", "#/status", "/a~", "/a~2", "/~/b"}) {
    const auto pointer = ParsePointer(text);
    ASSERT_FALSE(pointer) << text;
    EXPECT_EQ(pointer.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace dunlin::healthrule
