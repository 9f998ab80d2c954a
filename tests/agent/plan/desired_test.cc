#include "agent/plan/desired.h"

#include <gtest/gtest.h>

#include "protocol/object/json.h"
#include "tests/agent/plan/scene.h"

namespace dunlin::plan {
namespace {

constexpr std::string_view kWidgetCrd =
    R"({"spec":{"group":"example.com","scope":"Cluster","names":{"kind":"Widget"},
        "versions":[{"name":"v1","served":true},{"name":"v1beta1","served":false}]}})";

std::vector<std::string> Codes(const PreparedApp& app) {
  std::vector<std::string> out;
  for (const Problem& problem : app.problems) out.push_back(problem.code);
  return out;
}

std::vector<std::string> Keys(const PreparedApp& app) {
  std::vector<std::string> out;
  for (const DesiredPtr& item : app.objects) out.push_back(item->key.Text());
  return out;
}

TEST(Prepare, NamespacedObjectsGetTheDefaultNamespace) {
  Scene scene;
  scene.policies["shop"].default_namespace = "web";
  scene.Want("shop", Json(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}})"));
  scene.Want("base", Json(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}})"));
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Keys(set.apps[1]), (std::vector<std::string>{"Secret web/a"}));
  EXPECT_EQ(object::FindString(set.apps[1].objects[0]->object, {"metadata", "namespace"}), "web");
  EXPECT_EQ(Keys(set.apps[0]), (std::vector<std::string>{"Secret default/a"}));
}

TEST(Prepare, AClusterScopedObjectLosesItsNamespace) {
  Scene scene;
  scene.Want("shop", Manifest("rbac.authorization.k8s.io/v1", "ClusterRole", "a",
                              R"({"metadata":{"namespace":"shop"}})"));
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Keys(set.apps[0]),
            (std::vector<std::string>{"ClusterRole.rbac.authorization.k8s.io a"}));
  EXPECT_EQ(object::Find(set.apps[0].objects[0]->object, {"metadata", "namespace"}), nullptr);
}

TEST(Prepare, AKindThatOnlyACrdOfTheStatementDefinesTakesItsScope) {
  Scene scene;
  scene.Want("crds", Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition",
                              "widgets.example.com", kWidgetCrd));
  scene.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  EXPECT_EQ(Keys(scene.Prepared().apps[1]), (std::vector<std::string>{"Widget.example.com w"}));
}

TEST(Prepare, AnUnknownKindIsLeftOutAndProtectedFromPruning) {
  Scene scene;
  scene.Want("shop", Manifest("example.com/v1", "Widget", "w"));
  scene.Want("shop", ConfigMap("a"));
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Codes(set.apps[0]), (std::vector<std::string>{"kind_unknown"}));
  EXPECT_EQ(Keys(set.apps[0]), (std::vector<std::string>{"ConfigMap shop/a"}));
  EXPECT_EQ(set.apps[0].keys.count(Key("example.com", "Widget", "w", "shop")), 1u);
  EXPECT_EQ(set.apps[0].keys.count(Key("example.com", "Widget", "w", "")), 1u);
  EXPECT_TRUE(set.apps[0].complete);
}

TEST(Prepare, AVersionThatIsNotServedNamesTheServedOnes) {
  Scene scene;
  scene.Want("crds", Manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition",
                              "widgets.example.com", kWidgetCrd));
  scene.Want("shop", Manifest("apps/v1beta1", "Deployment", "d"));
  scene.Want("shop", Manifest("example.com/v1beta1", "Widget", "w"));
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Codes(set.apps[1]), (std::vector<std::string>{"version_not_served", "kind_unknown"}));
  EXPECT_NE(set.apps[1].problems[0].message.find("versions v1"), std::string::npos);
}

TEST(Prepare, HooksAreNoObjectsAndKeepTheirKeys) {
  Scene scene;
  scene.Want("shop",
             Manifest("v1", "ConfigMap", "pre",
                      R"({"metadata":{"annotations":{"argocd.argoproj.io/hook":"PreSync"}}})"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "check",
                              R"({"metadata":{"annotations":{"helm.sh/hook":"test"}}})"));
  const DesiredSet set = scene.Prepared();
  EXPECT_TRUE(set.apps[0].objects.empty());
  EXPECT_TRUE(set.apps[0].problems.empty());
  ASSERT_EQ(set.apps[0].hooks.size(), 1u);
  EXPECT_EQ(set.apps[0].hooks[0]->key, ConfigMapKey("pre"));
  EXPECT_EQ(set.apps[0].keys.count(ConfigMapKey("pre")), 1u) << "it is not pruned";
  EXPECT_EQ(set.apps[0].keys.count(ConfigMapKey("check")), 1u);
}

TEST(Prepare, AHookThatIsLeftOutHoldsTheObjectsOfItsApp) {
  Scene scene;
  scene.Want("shop", ConfigMap("settings"));
  scene.Want("shop",
             Manifest("argoproj.io/v1alpha1", "Workflow", "pre",
                      R"({"metadata":{"annotations":{"argocd.argoproj.io/hook":"PreSync"}}})"));
  EXPECT_NE(scene.Prepared().apps[0].held.find("Workflow"), std::string::npos);
  EXPECT_TRUE(scene.MakeFor("shop").stages.empty());
}

TEST(Prepare, OptionsAreHandedOverAndTheOthersAreNamed) {
  Scene scene;
  scene.Want("shop", Manifest("v1", "ConfigMap", "a", R"({"metadata":{"annotations":{
      "argocd.argoproj.io/sync-options":"ServerSideApply=true,Replace=true,PruneLast=true"}}})"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "b",
                              R"({"metadata":{"annotations":{"dunlin.dev/apply":"merge3"}}})"));
  const DesiredSet set = scene.Prepared();
  ASSERT_EQ(set.apps[0].objects.size(), 2u);
  EXPECT_EQ(set.apps[0].objects[0]->apply_mode, ApplyMode::kServerSide);
  EXPECT_EQ(set.apps[0].objects[1]->apply_mode, ApplyMode::kMerge3);
  EXPECT_EQ(Codes(set.apps[0]), (std::vector<std::string>{"option_ignored", "option_ignored"}));
  EXPECT_NE(set.apps[0].problems[0].message.find("Replace=true"), std::string::npos);
}

TEST(Prepare, TheContentIsThatOfTheObjectsNotOfThePolicy) {
  const auto content = [](const std::string& value, bool prune) {
    Scene scene;
    scene.policies["shop"].prune = prune;
    scene.Want("shop", ConfigMap("settings", value));
    scene.Want("shop",
               Manifest("v1", "ConfigMap", "pre",
                        R"({"metadata":{"annotations":{"argocd.argoproj.io/hook":"PreSync"}}})"));
    return scene.Prepared().apps[0].content;
  };
  EXPECT_EQ(content("a", true), content("a", false));
  EXPECT_NE(content("a", true), content("b", true));
}

TEST(Prepare, Permissions) {
  Scene scene;
  scene.policies["a"].allowed_namespaces = {"web"};
  scene.policies["b"].cluster_scope_allowed = false;
  scene.policies["c"].allowed_kinds = {{"", "Secret"}};
  scene.Want("a", ConfigMap("x"));
  scene.Want("b", Manifest("v1", "Namespace", "web"));
  scene.Want("c", ConfigMap("x2"));
  scene.Want("c", Manifest("v1", "Secret", "s"));
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Codes(set.apps[0]), (std::vector<std::string>{"namespace_forbidden"}));
  EXPECT_EQ(Codes(set.apps[1]), (std::vector<std::string>{"cluster_scope_forbidden"}));
  EXPECT_EQ(Codes(set.apps[2]), (std::vector<std::string>{"kind_forbidden"}));
  EXPECT_EQ(Keys(set.apps[2]), (std::vector<std::string>{"Secret shop/s"}));
}

TEST(Prepare, OneBadObjectDoesNotHarmTheOthers) {
  Scene scene;
  scene.Want("shop", ConfigMap("good"));
  scene.Want("shop", Manifest("v1", "Secret", "bad", R"({"stringData":{"n":1}})"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "marked",
                              R"({"metadata":{"labels":{"applyset.kubernetes.io/part-of":"x"}}})"));
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Keys(set.apps[0]), (std::vector<std::string>{"ConfigMap shop/good"}));
  EXPECT_EQ(Codes(set.apps[0]), (std::vector<std::string>{"part_of_label", "object_invalid"}));
  EXPECT_TRUE(set.apps[0].complete);
}

// Taken over by an app, the parent of another one would be changed, and removed with that app.
TEST(Prepare, AParentOfAnAppIsNobodysManifest) {
  Scene scene;
  scene.Want("shop", Manifest("v1", "ConfigMap", "dunlin-other",
                              R"({"metadata":{"namespace":"dunlin-system"}})"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "dunlin",
                              R"({"metadata":{"namespace":"dunlin-system"}})"));
  scene.Want("shop", ConfigMap("dunlin-other"));  // elsewhere
  const DesiredSet set = scene.Prepared();
  EXPECT_EQ(Codes(set.apps[0]), (std::vector<std::string>{"object_invalid"}));
  EXPECT_EQ(Keys(set.apps[0]).size(), 2u);
}

TEST(Prepare, AnObjectWithoutIdentityMakesTheAppIncomplete) {
  Scene scene;
  scene.Want("shop", Json(R"({"apiVersion":"v1","kind":"Secret","metadata":{}})"));
  scene.Want("shop", Json("7"));
  EXPECT_FALSE(scene.Prepared().apps[0].complete);
}

TEST(Prepare, ARepeatedObjectIsNotAppliedAtAll) {
  Scene scene;
  scene.policies["shop"].default_namespace = "shop";
  scene.Want("shop", ConfigMap("a", "one"));
  scene.Want("shop", Json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})"));
  const DesiredSet set = scene.Prepared();
  EXPECT_TRUE(set.apps[0].objects.empty());
  EXPECT_EQ(Codes(set.apps[0]), (std::vector<std::string>{"object_duplicate"}));
}

TEST(Prepare, FewerObjectsThanTheStatementSaysIsIncomplete) {
  const auto manifest = ConfigMap("a");
  Scene scene;
  const DesiredSet set = Prepare({{"shop", {}, {&manifest}, 2, true}}, scene.kinds, "");
  EXPECT_FALSE(set.apps[0].complete);
  EXPECT_EQ(set.apps[0].objects.size(), 1u);
}

TEST(Prepare, ObjectsComeInApplyOrder) {
  Scene scene;
  scene.Want("shop", Manifest("apps/v1", "Deployment", "d"));
  scene.Want("shop", Manifest("v1", "Service", "s"));
  scene.Want("shop", Manifest("v1", "ConfigMap", "late",
                              R"({"metadata":{"annotations":{"dunlin.dev/wave":"1"}}})"));
  scene.Want("shop", Manifest("v1", "Namespace", "shop"));
  scene.Want("shop", ConfigMap("b"));
  scene.Want("shop", ConfigMap("a"));
  EXPECT_EQ(Keys(scene.Prepared().apps[0]),
            (std::vector<std::string>{"Namespace shop", "ConfigMap shop/a", "ConfigMap shop/b",
                                      "Service shop/s", "Deployment.apps shop/d",
                                      "ConfigMap shop/late"}));
}

TEST(Prepare, SharedObjectsNameTheirApps) {
  Scene scene;
  scene.Want("b", ConfigMap("x"));
  scene.Want("a", ConfigMap("x"));
  scene.Want("a", ConfigMap("y"));
  const DesiredSet set = scene.Prepared();
  ASSERT_EQ(set.shared.size(), 1u);
  EXPECT_EQ(set.shared.at(ConfigMapKey("x")), (std::vector<std::string>{"a", "b"}));
}

class CreateNamespace : public testing::Test {
 protected:
  CreateNamespace() {
    scene_.policies["shop"].default_namespace = "shop";
    scene_.policies["shop"].create_namespace = true;
  }
  Scene scene_;
};

TEST_F(CreateNamespace, CarriesItsMetadataAndIsKeptAllTheSame) {
  scene_.policies["shop"].namespace_labels = {{"team", "shop"}};
  scene_.policies["shop"].namespace_annotations = {{"note", "ours"},
                                                   {"dunlin.dev/prune", "enabled"}};
  scene_.Want("shop", ConfigMap("a"));
  const object::Value made = scene_.Prepared().apps[0].objects[0]->object;
  EXPECT_EQ(object::FindString(made, {"metadata", "labels", "team"}), "shop");
  EXPECT_EQ(object::FindString(made, {"metadata", "annotations", "note"}), "ours");
  EXPECT_EQ(object::FindString(made, {"metadata", "annotations", "dunlin.dev/prune"}), "disabled");
}

TEST_F(CreateNamespace, ComesFirstAndIsKeptOnRemoval) {
  scene_.Want("shop", Manifest("v1", "ConfigMap", "a",
                               R"({"metadata":{"annotations":{"dunlin.dev/wave":"-5"}}})"));
  const DesiredSet set = scene_.Prepared();
  ASSERT_EQ(Keys(set.apps[0]), (std::vector<std::string>{"Namespace shop", "ConfigMap shop/a"}));
  EXPECT_EQ(set.apps[0].objects[0]->wave, -5) << "no wave of its own";
  EXPECT_EQ(object::FindString(set.apps[0].objects[0]->object,
                               {"metadata", "annotations", "dunlin.dev/prune"}),
            "disabled");
  EXPECT_TRUE(set.apps[0].complete);
}

TEST_F(CreateNamespace, NotWhenAManifestNamesIt) {
  scene_.Want("shop", ConfigMap("a"));
  scene_.Want("base", Manifest("v1", "Namespace", "shop"));
  EXPECT_EQ(Keys(scene_.Prepared().apps[1]), (std::vector<std::string>{"ConfigMap shop/a"}));
}

TEST_F(CreateNamespace, OnceForAllApps) {
  scene_.policies["base"] = scene_.policies["shop"];
  scene_.Want("shop", ConfigMap("a"));
  scene_.Want("base", ConfigMap("b"));
  const DesiredSet set = scene_.Prepared();
  EXPECT_EQ(Keys(set.apps[0]), (std::vector<std::string>{"Namespace shop", "ConfigMap shop/b"}));
  EXPECT_EQ(Keys(set.apps[1]), (std::vector<std::string>{"ConfigMap shop/a"}));
  EXPECT_TRUE(set.shared.empty());
}

TEST_F(CreateNamespace, NeverForTheClustersOwn) {
  for (const std::string name : {"default", "kube-system"}) {
    scene_.policies["shop"].default_namespace = name;
    scene_.App("shop");
    EXPECT_TRUE(scene_.Prepared().apps[0].objects.empty()) << name;
  }
}

TEST_F(CreateNamespace, AnEmptyBundleStaysEmpty) {
  scene_.App("shop");
  EXPECT_TRUE(scene_.Prepared().apps[0].empty);
}

}  // namespace
}  // namespace dunlin::plan
