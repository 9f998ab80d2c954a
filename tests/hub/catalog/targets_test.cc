#include "hub/catalog/targets.h"

#include "documents.h"

namespace dunlin::catalog {
namespace {

const std::map<std::string, ClusterId> kIds = {{"c1", ClusterId("uuid-1")}};

Catalogue Fleet(const std::vector<std::string>& texts) {
  std::vector<Document> documents;
  int line = 0;
  for (const std::string& text : texts) documents.push_back(Doc("f.yaml", ++line, text));
  Catalogue catalogue;
  (void)catalogue.ReplaceFleet(std::move(documents));
  EXPECT_TRUE(catalogue.problems().empty())
      << (catalogue.problems().empty() ? "" : catalogue.problems()[0].error.message);
  return catalogue;
}

// "app@cluster path;…", then "! app@cluster message;…"
std::string Text(const Resolution& resolution) {
  std::string text;
  for (const TargetSpec& t : resolution.targets) {
    text += t.app.str() + "@" + t.cluster + " " + t.path + ";";
  }
  for (const TargetError& e : resolution.errors) {
    text += "! " + e.app.str() + "@" + e.cluster + " " + e.error.message + ";";
  }
  return text;
}

TEST(Targets, LabelsRegionsAndNamesHoldTogether) {
  const Catalogue catalogue = Fleet({
      ClusterText("c1", "eu", "{'tier':'edge'}"),
      ClusterText("c2", "us", "{'tier':'edge'}"),
      ClusterText("c3", "eu"),
      AppText("all"),
      AppText("edge", "'clusters':{'matchLabels':{'tier':'edge'}}"),
      AppText("eu-edge", "'clusters':{'matchLabels':{'tier':'edge'},'regions':['eu']}"),
      AppText("one", "'clusters':{'names':['c3']}"),
      AppText("none", "'clusters':{'names':['c3'],'regions':['us']}"),
  });
  EXPECT_EQ(Text(ResolveTargets(catalogue, kIds)),
            "all@c1 apps;all@c2 apps;all@c3 apps;edge@c1 apps;edge@c2 apps;eu-edge@c1 apps;"
            "one@c3 apps;");
}

TEST(Targets, VariablesAreFilledIntoPathAndOptions) {
  const Catalogue catalogue = Fleet({
      ClusterText("c1", "eu", "{'tier':'edge'}"),
      AppText("a",
              "'render':{'kind':'helm','valueFiles':['{{cluster.region}}.yaml'],"
              "'values':{'id':'{{cluster.uuid}}','list':['{{app.name}}'],"
              "'tpl':'{{ .Values.x }}'}}",
              "o/{{cluster.labels.tier}}/{{cluster.name}}"),
  });
  const Resolution resolution = ResolveTargets(catalogue, kIds);
  ASSERT_EQ(resolution.targets.size(), 1u) << Text(resolution);
  EXPECT_EQ(resolution.targets[0].path, "o/edge/c1");
  EXPECT_EQ(object::CanonicalJson(resolution.targets[0].options),
            R"({"helm":{"releaseName":"a","valueFiles":["eu.yaml"],"values":{"id":"uuid-1",)"
            R"("list":["a"],"tpl":"{{ .Values.x }}"}}})");
}

TEST(Targets, AnErrorBelongsToOneTarget) {
  const Catalogue catalogue = Fleet({
      ClusterText("c1", "eu", "{'tier':'edge'}"),
      ClusterText("c2", "eu"),
      AppText("a", "", "o/{{cluster.labels.tier}}"),
      AppText("b", "'render':{'kind':'helm','values':{'id':'{{cluster.uuid}}'}}"),
  });
  EXPECT_EQ(Text(ResolveTargets(catalogue, kIds)),
            "a@c1 o/edge;b@c1 apps;"
            "! a@c2 spec.source.path: the cluster has no label \"tier\", which "
            "{{cluster.labels.tier}} needs;"
            "! b@c2 {{cluster.uuid}} is known once cluster c2 has enrolled;");
}

TEST(Targets, AnEmptyVariableIsNoPath) {
  const Catalogue catalogue =
      Fleet({ClusterText("c1", ""), AppText("a", "", "overlays/{{cluster.region}}")});
  EXPECT_EQ(Text(ResolveTargets(catalogue, {})),
            "! a@c1 spec.source.path: {{cluster.region}} is empty for this cluster;");
}

TEST(Targets, AnApplicationFindsItsClusterByNameOrServer) {
  const std::string cluster = ClusterText("c1", "eu", "{}", "'server':'https://10.0.0.1:6443'");
  for (const char* destination :
       {"'destination':{'name':'c1'}", "'destination':{'server':'https://10.0.0.1:6443/'}"}) {
    const Catalogue catalogue =
        Fleet({cluster, ClusterText("c2"), ApplicationText("'path':'x{{y'", destination)});
    EXPECT_EQ(Text(ResolveTargets(catalogue, {})), "web@c1 x{{y;");
  }
}

TEST(Targets, ADestinationThatDoesNotExistIsAnError) {
  EXPECT_EQ(Text(ResolveTargets(Fleet({ClusterText("store-1"),
                                       ApplicationText("", "'destination':{'name':'stor-1'}")}),
                                {})),
            "! web@ there is no cluster \"stor-1\", did you mean \"store-1\"?;");
  EXPECT_EQ(
      Text(ResolveTargets(
          Fleet({ClusterText("c1"), ApplicationText("", "'destination':{'server':'https://x'}")}),
          {})),
      "! web@ no Cluster has spec.server \"https://x\", which destination.server of web names;");
}

TEST(Targets, DependenciesMustExistInTheSameClusterAndHaveNoCycle) {
  const Catalogue catalogue = Fleet({
      ClusterText("c1", "eu"),
      ClusterText("c2", "us"),
      AppText("a", "'dependsOn':['base']"),
      AppText("base", "'clusters':{'regions':['eu']}"),
      AppText("lost", "'dependsOn':['nowhere'],'clusters':{'names':['c1']}"),
      AppText("x", "'dependsOn':['y']"),
      AppText("y", "'dependsOn':['z']"),
      AppText("z", "'dependsOn':['x']"),
  });
  EXPECT_EQ(Text(ResolveTargets(catalogue, {})),
            "a@c1 apps;base@c1 apps;"
            "! a@c2 dependsOn names the app base, which does not run in this cluster;"
            "! lost@c1 dependsOn names the app nowhere, which does not exist;"
            "! x@ dependsOn is a cycle;! y@ dependsOn is a cycle;! z@ dependsOn is a cycle;");
}

TEST(Targets, TheSourceOfARepositoryGivesUrlAndCredentials) {
  const Catalogue catalogue = Fleet({
      ClusterText("c1"),
      AppText("a"),
      SourceText("shop", "git@git.example:shop.git", "'credentials':{'sshKeyFile':'key'}"),
  });
  const Resolution resolution = ResolveTargets(catalogue, {});
  ASSERT_EQ(resolution.targets.size(), 1u);
  EXPECT_EQ(resolution.targets[0].source, "shop");
  EXPECT_EQ(resolution.targets[0].repo, "git@git.example:shop.git");
  EXPECT_EQ(resolution.targets[0].repo_key, "git.example/shop");
}

TEST(Targets, EqualTargetsAreRenderedOnce) {
  const Catalogue catalogue = Fleet({
      ClusterText("c1", "eu"),
      ClusterText("c2", "eu"),
      ClusterText("c3", "us"),
      AppText("a", "", "o/{{cluster.region}}"),
  });
  const auto targets = ResolveTargets(catalogue, {}).targets;
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(RenderKey(targets[0]), RenderKey(targets[1]));
  EXPECT_NE(RenderKey(targets[0]), RenderKey(targets[2]));
}

}  // namespace
}  // namespace dunlin::catalog
