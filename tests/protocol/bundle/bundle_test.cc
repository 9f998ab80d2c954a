#include "protocol/bundle/bundle.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::bundle {
namespace {

object::Value ConfigMap(const std::string& name, const std::string& data = "x") {
  return object::Object{{"apiVersion", "v1"},
                        {"kind", "ConfigMap"},
                        {"metadata", object::Object{{"name", name}, {"namespace", "shop"}}},
                        {"data", object::Object{{"key", data}}}};
}

Bundle Shop(std::vector<object::Value> objects) {
  Bundle bundle;
  bundle.app = "shop";
  bundle.objects = std::move(objects);
  return bundle;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// The digest is over these bytes: they must never change.
TEST(Bundle, HasTheseBytes) {
  Bundle bundle = Shop({ConfigMap("b"), ConfigMap("a")});
  bundle.cluster_scope = false;
  bundle.policy.prune = false;
  EXPECT_EQ(Canonical(bundle).value(),
            R"({"app":"shop","cluster_scope":false,"format":1,"objects":[)"
            R"({"apiVersion":"v1","data":{"key":"x"},"kind":"ConfigMap","metadata":{"name":"a",)"
            R"("namespace":"shop"}},)"
            R"({"apiVersion":"v1","data":{"key":"x"},"kind":"ConfigMap","metadata":{"name":"b",)"
            R"("namespace":"shop"}}],"policy":{"prune":false}})");
  EXPECT_EQ(Canonical(Shop({})).value(),
            R"({"app":"shop","cluster_scope":true,"format":1,"objects":[],"policy":{}})");
}

TEST(Bundle, TheOrderOfTheInputDoesNotMatter) {
  object::Value service = ConfigMap("a");
  service.get_object()["kind"] = "Service";
  object::Value deployment = ConfigMap("a");
  deployment.get_object()["kind"] = "Deployment";
  deployment.get_object()["apiVersion"] = "apps/v1";
  const Bytes one = Canonical(Shop({ConfigMap("z"), service, deployment, ConfigMap("a")})).value();
  const Bytes other =
      Canonical(Shop({deployment, ConfigMap("a"), ConfigMap("z"), service})).value();
  EXPECT_EQ(one, other);
}

TEST(Bundle, ComesBack) {
  Bundle bundle = Shop({ConfigMap("a", "<b>\n\xc3\xa9"), ConfigMap("b")});
  bundle.policy.depends_on = {"base"};
  const Bytes raw = Canonical(bundle).value();
  Bundle back = ParseCanonical(raw).value();
  EXPECT_EQ(back.app, "shop");
  EXPECT_EQ(back.policy, bundle.policy);
  EXPECT_EQ(back.objects, bundle.objects);
  EXPECT_EQ(Canonical(std::move(back)).value(), raw);
}

// R11.
TEST(Bundle, OneKeyTwiceIsRefusedOnBothSides) {
  object::Value beta = ConfigMap("a");
  beta.get_object()["apiVersion"] = "v1beta1";
  const auto twice = Canonical(Shop({ConfigMap("a"), ConfigMap("b"), beta}));
  EXPECT_EQ(twice.error().code, Errc::kInvalidArgument);
  EXPECT_NE(twice.error().message.find("ConfigMap shop/a"), std::string::npos);
  const Bytes raw = Canonical(Shop({ConfigMap("a"), ConfigMap("b")})).value();
  EXPECT_EQ(ParseCanonical(Replaced(raw, "\"b\"", "\"a\"")).error().code, Errc::kCorrupt);
}

TEST(Bundle, ObjectsOutOfOrderAreRefused) {
  const Bytes raw = Canonical(Shop({ConfigMap("a"), ConfigMap("b")})).value();
  EXPECT_EQ(ParseCanonical(Replaced(raw, "\"name\":\"a\"", "\"name\":\"c\"")).error().code,
            Errc::kCorrupt);
}

TEST(Bundle, ObjectsWithoutIdentityOrWithAnUnusableNameAreRefused) {
  object::Value nameless = ConfigMap("a");
  nameless.at("metadata").get_object().erase("name");
  EXPECT_EQ(Canonical(Shop({nameless})).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Canonical(Shop({object::Value("text")})).error().code, Errc::kInvalidArgument);
  for (const std::string& name :
       {std::string("a/b"), std::string(".."), std::string("."), std::string("a b"),
        std::string("a%2e"), std::string("a\x1b[31m"), std::string(254, 'a')}) {
    EXPECT_EQ(Canonical(Shop({ConfigMap(name)})).error().code, Errc::kInvalidArgument) << name;
  }
  EXPECT_TRUE(Canonical(Shop({ConfigMap(std::string(253, 'a'))})));
}

// The mark of ownership is ours: a manifest that brings it could take over another app's objects.
TEST(Bundle, TheMarkOfOwnershipIsRefusedInAManifest) {
  object::Value marked = ConfigMap("a");
  marked.at("metadata").get_object()["labels"] =
      object::Object{{"applyset.kubernetes.io/part-of", "dunlin-other"}};
  EXPECT_EQ(Canonical(Shop({marked})).error().code, Errc::kInvalidArgument);
}

// Y4.
TEST(Bundle, AnObjectAtItsSizeLimitIsTakenAndOneAboveIsNot) {
  const size_t around = object::CanonicalJson(ConfigMap("a", "")).size();
  const std::string data(limits::kObjectBytes - around, 'x');
  const Bytes raw = Canonical(Shop({ConfigMap("a", data)})).value();
  EXPECT_TRUE(ParseCanonical(raw));
  EXPECT_EQ(Canonical(Shop({ConfigMap("a", data + "x")})).error().code, Errc::kLimit);
  EXPECT_EQ(ParseCanonical(Replaced(raw, "xxx", "xxxx")).error().code, Errc::kLimit);
}

object::Value Nested(int depth) {
  object::Value value = object::Array();
  for (int i = 1; i < depth; ++i) value = object::Array{std::move(value)};
  return value;
}

// Y1.
TEST(Bundle, AnObjectAtItsDepthLimitIsTakenAndOneAboveIsNot) {
  object::Value deep = ConfigMap("a");
  deep.get_object()["data"] = Nested(limits::kBundleObjectDepth - 1);
  const Bytes raw = Canonical(Shop({deep})).value();
  EXPECT_TRUE(ParseCanonical(raw));
  deep.get_object()["data"] = Nested(limits::kBundleObjectDepth);
  EXPECT_EQ(Canonical(Shop({deep})).error().code, Errc::kLimit);
  EXPECT_EQ(ParseCanonical(Replaced(raw, "[[[", "[[[[")).error().code, Errc::kLimit);
}

TEST(Bundle, TheNumberOfObjectsHasALimit) {
  std::vector<object::Value> objects;
  for (size_t i = 0; i < limits::kBundleObjects; ++i)
    objects.push_back(ConfigMap(std::to_string(i)));
  EXPECT_TRUE(Canonical(Shop(objects)));
  objects.push_back(ConfigMap("one-more"));
  EXPECT_EQ(Canonical(Shop(std::move(objects))).error().code, Errc::kLimit);
}

TEST(Bundle, TheWholeHasALimit) {
  std::vector<object::Value> objects;
  const std::string data(limits::kMiB, 'x');
  for (int i = 0; i < 33; ++i) objects.push_back(ConfigMap(std::to_string(i), data));
  EXPECT_EQ(Canonical(Shop(std::move(objects))).error().code, Errc::kLimit);
  EXPECT_EQ(ParseCanonical(Bytes(limits::kBundleBytes + 1, ' ')).error().code, Errc::kLimit);
}

TEST(Bundle, RefusesWhatItDoesNotKnow) {
  const Bytes raw = Canonical(Shop({ConfigMap("a")})).value();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"policy\":{}", "\"policy\":{},\"more\":1"},
           {"\"policy\":{}", "\"other\":{}"},
           {"\"policy\":{}", "\"policy\":[]"},
           {"\"policy\":{}", "\"policy\":{\"run_as_root\":true}"},
           {"\"app\":\"shop\"", "\"app\":\"\""},
           {"\"app\":\"shop\"", "\"app\":1"},
           {"\"cluster_scope\":true", "\"cluster_scope\":1"},
           {"\"format\":1", "\"format\":2"},
           {"\"format\":1", "\"format\":1,\"format\":1"},
           {"\"objects\":[", "\"objects\":[1,"}}) {
    EXPECT_FALSE(ParseCanonical(Replaced(raw, from, to))) << to;
  }
  EXPECT_EQ(ParseCanonical(Replaced(raw, "\"format\":1", "\"format\":2")).error().code,
            Errc::kUnsupported);
  for (const char* text : {"", "[]", "null", "{}"}) EXPECT_FALSE(ParseCanonical(text)) << text;
}

}  // namespace
}  // namespace dunlin::bundle
