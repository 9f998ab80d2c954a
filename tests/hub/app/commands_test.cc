// `dunlin-hub render` and `doctor` as programs: what a person types, and what is printed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "protocol/object/json.h"
#include "tests/support/assert_ok.h"
#include "tests/support/child.h"

namespace dunlin::hub {
namespace {

constexpr char kFleet[] = DUNLIN_SOURCE_DIR "/docs/examples/fleet";

class CommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(DUNLIN_BINARY_DIR "/bin/dunlin-render"))
        << "dunlin-render is not built: run scripts/setup";
    std::filesystem::copy(kFleet, dir_ + "/fleet", std::filesystem::copy_options::recursive);
    std::filesystem::create_directory(dir_ + "/fleet/.git");  // all that makes it a work tree here
  }

  support::Finished Hub(std::vector<std::string> arguments) {
    support::ChildOptions options;
    options.command = {DUNLIN_BINARY_DIR "/bin/dunlin-hub"};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.log = temp_ / "stderr";
    std::filesystem::remove(options.log);
    auto finished = support::Run(options);
    EXPECT_OK(finished);
    return finished ? *finished : support::Finished{-1, ""};
  }
  // Of the last Hub().
  std::string Stderr() const {
    std::ifstream in(temp_ / "stderr");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Renders below the fleet as JSON; null when that fails.
  object::Value Render(const std::string& path, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"render", "-o", "json"});
    arguments.push_back(dir_ + "/fleet/" + path);
    const support::Finished finished = Hub(std::move(arguments));
    EXPECT_EQ(finished.status, 0) << finished.out << Stderr();
    const auto document = object::ParseJson(finished.out);
    EXPECT_OK(document);
    return document ? *document : object::Value();
  }

  support::TempDir temp_;
  const std::string dir_ = temp_.path();
};

TEST_F(CommandsTest, AnOverlayFindsTheBaseOutsideOfItsDirectory) {
  const object::Value list = Render("apps/storefront/overlays/eu-west-1");
  EXPECT_EQ(object::FindString(list, {"kind"}), "List");
  EXPECT_GT(object::FindArray(list, {"items"})->size(), 4u);
}

TEST_F(CommandsTest, YamlIsAStreamOfDocuments) {
  const support::Finished finished =
      Hub({"render", dir_ + "/fleet/apps/storefront/overlays/eu-west-1", "-o", "yaml"});
  ASSERT_EQ(finished.status, 0) << Stderr();
  EXPECT_EQ(finished.out.rfind("---\napiVersion: ", 0), 0u) << finished.out.substr(0, 200);
  EXPECT_NE(finished.out.find("\n---\napiVersion: "), std::string::npos);
}

TEST_F(CommandsTest, ChartsTakeValuesFromAnywhereAndTheLastOneWins) {
  const std::string chart = dir_ + "/chart";
  std::filesystem::create_directories(chart + "/templates");
  std::ofstream(chart + "/Chart.yaml") << "apiVersion: v2\nname: c\nversion: 1.0.0\n";
  std::ofstream(chart + "/templates/cm.yaml")
      << "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
         "data: {a: {{ .Values.a | quote }}, b: {{ .Values.b | quote }}, c: {{ .Values.c | quote "
         "}}}\n";
  std::ofstream(dir_ + "/1.yaml") << "a: one\nb: one\nc: one\n";
  std::ofstream(dir_ + "/2.yaml") << "b: two\nc: two\n";
  const object::Value list =
      Render("../chart", {"--kind", "helm", "--values", dir_ + "/1.yaml", "--values",
                          std::filesystem::relative(dir_ + "/2.yaml").string(), "--set", "c=three",
                          "--set", "d=4"});
  const object::Array* items = object::FindArray(list, {"items"});
  ASSERT_TRUE(items != nullptr && items->size() == 1);
  EXPECT_EQ(object::FindString(items->at(0), {"metadata", "name"}), "chart");
  EXPECT_EQ(object::FindString(items->at(0), {"data", "a"}), "one");
  EXPECT_EQ(object::FindString(items->at(0), {"data", "b"}), "two");
  EXPECT_EQ(object::FindString(items->at(0), {"data", "c"}), "three");
}

TEST_F(CommandsTest, JsonnetTakesItsArguments) {
  const object::Value list = Render("apps/boarding", {"--tla", "region=eu-west-1"});
  EXPECT_NE(object::CanonicalJson(list).find("\"region\":\"eu-west-1\""), std::string::npos);
}

TEST_F(CommandsTest, AnOptionThatTheKindDoesNotReadIsRefused) {
  const support::Finished finished =
      Hub({"render", "--set", "a=1", dir_ + "/fleet/apps/storefront/overlays/eu-west-1"});
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(Stderr().find("for Helm charts"), std::string::npos) << Stderr();
}

TEST_F(CommandsTest, DoctorWithoutAConfigurationChecksTheMachine) {
  if (std::filesystem::exists("/etc/dunlin/hub.yaml")) GTEST_SKIP() << "this machine has a hub";
  const support::Finished finished = Hub({"doctor", "-o", "json"});
  const auto document = object::ParseJson(finished.out);
  ASSERT_OK(document);
  std::map<std::string, bool> checks;
  for (const object::Value& item : *object::FindArray(*document, {"items"})) {
    checks[std::string(object::FindString(item, {"name"}))] = *object::FindBool(item, {"ok"});
  }
  EXPECT_TRUE(checks.at("configuration"));
  EXPECT_TRUE(checks.at("render worker")) << finished.out;
  EXPECT_TRUE(checks.contains("sandbox"));
  EXPECT_FALSE(checks.contains("keys"));
  EXPECT_EQ(Hub({"doctor", "-o", "yaml"}).out.rfind("items:\n", 0), 0u);
}

TEST_F(CommandsTest, DoctorWithANamedConfigurationNeedsIt) {
  const support::Finished finished = Hub({"doctor", "--config", dir_ + "/none.yaml"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.out.find("FAIL configuration"), std::string::npos) << finished.out;
}

}  // namespace
}  // namespace dunlin::hub
