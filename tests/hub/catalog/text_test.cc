#include <gtest/gtest.h>

#include "hub/catalog/names.h"
#include "hub/catalog/path.h"
#include "hub/catalog/template.h"
#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

TEST(Names, FollowRfc1123) {
  for (const char* good : {"a", "shop", "store-0142", "a.b", "0x"}) EXPECT_TRUE(IsDnsName(good));
  for (const char* bad : {"", "-a", "a-", "A", "a_b", "a..b", "a/b", "..", "a\n", "a\x80"}) {
    EXPECT_FALSE(IsDnsName(bad)) << bad;
  }
  const std::string label(50, 'a');
  std::string name = label + "." + label + "." + label + "." + label.substr(0, 47);
  ASSERT_EQ(name.size(), limits::kCatalogueNameBytes);
  EXPECT_TRUE(IsDnsName(name));
  EXPECT_FALSE(IsDnsName(name + "a"));
}

TEST(Names, LabelValuesCanStandInAPath) {
  EXPECT_TRUE(IsLabelValue("eu-west_1.a"));
  EXPECT_TRUE(IsLabelValue(std::string(63, 'a')));
  for (const std::string& bad : {std::string(".."), std::string("a/b"), std::string(64, 'a')}) {
    EXPECT_FALSE(IsLabelValue(bad));
  }
}

TEST(Paths, AreCleanedAndStayInTheTree) {
  EXPECT_EQ(CleanPath("").value(), "");
  EXPECT_EQ(CleanPath(".").value(), "");
  EXPECT_EQ(CleanPath("./a//b/./c/").value(), "a/b/c");
  EXPECT_EQ(CleanPath("a..b/...").value(), "a..b/...");
  for (const char* bad : {"/etc", "..", "a/../b", "a/..", "a\nb", "a\\b", "../x"}) {
    EXPECT_FALSE(CleanPath(bad).has_value()) << bad;
  }
}

TEST(Paths, HaveALimit) {
  EXPECT_TRUE(CleanPath(std::string(limits::kTreePathBytes, 'a')).has_value());
  EXPECT_EQ(CleanPath(std::string(limits::kTreePathBytes + 1, 'a')).error().code, Errc::kLimit);
}

TEST(Templates, AreFilledInPlainly) {
  const StringMap variables = {{"cluster.region", "eu"}, {"cluster.labels.a/b", "x"}};
  EXPECT_EQ(
      FillTemplate("o/{{cluster.region}}/{{ cluster.labels.a/b }}", variables, TemplateUse::kPath)
          .value(),
      "o/eu/x");
  EXPECT_EQ(FillTemplate("plain } {", variables, TemplateUse::kPath).value(), "plain } {");
}

TEST(Templates, AnUnknownVariableNamesTheNearest) {
  const StringMap variables = {{"cluster.region", "eu"}};
  const auto result = FillTemplate("{{cluster.regoin}}", variables, TemplateUse::kValue);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("did you mean \"cluster.region\"?"), std::string::npos);
}

TEST(Templates, LeaveHelmTemplatesInValuesAlone) {
  for (const char* text : {"{{ .Values.x }}", "{{- include \"a.b\" . }}", "{{ end }}", "{{", "{{}}",
                           "{{ $x.y }}", "a {{ .x | quote }} b"}) {
    EXPECT_EQ(FillTemplate(text, {}, TemplateUse::kValue).value(), text);
    EXPECT_FALSE(FillTemplate(text, {}, TemplateUse::kPath).has_value()) << text;
  }
}

TEST(Templates, AnEmptyValueNeverShortensAPath) {
  const StringMap variables = {{"cluster.region", ""}};
  EXPECT_FALSE(
      FillTemplate("overlays/{{cluster.region}}", variables, TemplateUse::kPath).has_value());
  EXPECT_EQ(FillTemplate("[{{cluster.region}}]", variables, TemplateUse::kValue).value(), "[]");
}

TEST(Templates, AreCheckedBeforeAnyClusterExists) {
  EXPECT_TRUE(CheckTemplate("{{cluster.labels.tier}}/{{app.name}}", TemplateUse::kPath));
  EXPECT_FALSE(CheckTemplate("{{cluster.labels.}}", TemplateUse::kPath));
  EXPECT_FALSE(CheckTemplate("{{app.nam}}", TemplateUse::kPath));
}

}  // namespace
}  // namespace dunlin::catalog
