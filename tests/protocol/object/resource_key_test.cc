#include "protocol/object/resource_key.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"

namespace dunlin::object {
namespace {

TEST(GroupVersion, ReadsBothForms) {
  EXPECT_EQ(GroupVersion::Parse("v1").value(), (GroupVersion{"", "v1"}));
  EXPECT_EQ(GroupVersion::Parse("apps/v1").value(), (GroupVersion{"apps", "v1"}));
  for (const char* text : {"", "/v1", "apps/", "a/b/c"}) EXPECT_FALSE(GroupVersion::Parse(text));
  EXPECT_EQ((GroupVersion{"apps", "v1"}).ApiVersion(), "apps/v1");
  EXPECT_EQ((GroupVersion{"", "v1"}).ApiVersion(), "v1");
}

TEST(ResourceKey, DoesNotHoldTheVersion) {
  const auto key = [](const char* version) {
    return ResourceKey::Of(ParseJson(std::string(R"({"apiVersion":")") + version +
                                     R"(","kind":"Deployment","metadata":{"name":"cart",)"
                                     R"("namespace":"shop"}})")
                               .value())
        .value();
  };
  EXPECT_EQ(key("apps/v1"), key("apps/v1beta1"));
  EXPECT_EQ(key("apps/v1").Text(), "Deployment.apps shop/cart");
  EXPECT_EQ((ResourceKey{"", "Namespace", "", "shop"}).Text(), "Namespace shop");
}

TEST(ResourceKey, SaysWhatIsMissing) {
  for (const auto& [json, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({})", "apiVersion"},
           {R"({"apiVersion":1})", "apiVersion"},
           {R"({"apiVersion":"v1"})", "kind"},
           {R"({"apiVersion":"v1","kind":"Pod"})", "metadata.name"},
           {R"({"apiVersion":"v1","kind":"Pod","metadata":[]})", "metadata.name"},
           {R"("text")", "apiVersion"}}) {
    const auto key = ResourceKey::Of(ParseJson(json).value());
    ASSERT_FALSE(key) << json;
    EXPECT_EQ(key.error().code, Errc::kInvalidArgument);
    EXPECT_NE(key.error().message.find(field), std::string::npos) << json;
  }
}

TEST(ResourceKey, OrdersByGroupKindNamespaceName) {
  const std::vector<ResourceKey> ordered = {
      {"", "ConfigMap", "", "z"},   {"", "ConfigMap", "a", "a"},    {"", "ConfigMap", "a", "b"},
      {"", "Service", "a", "a"},    {"apps", "DaemonSet", "", "a"}, {"apps", "Deployment", "", "a"},
      {"batch", "CronJob", "", "a"}};
  for (size_t i = 1; i < ordered.size(); ++i) EXPECT_LT(ordered[i - 1], ordered[i]) << i;
}

}  // namespace
}  // namespace dunlin::object
