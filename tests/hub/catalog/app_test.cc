// App, Cluster and Source of dunlin.dev/v1.
#include "documents.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::catalog {
namespace {

TEST(App, ReadsTheWholeExampleOfTheDesign) {
  const App app = MustParseApp(R"({
    'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':'boutique'},
    'spec':{
      'source':{'repo':'https://git.example/shop.git','revision':'main',
                'path':'overlays/{{cluster.region}}'},
      'render':{'kind':'auto'},'namespace':'boutique','serviceAccount':'boutique/deployer',
      'dependsOn':['base'],
      'clusters':{'matchLabels':{'tier':'edge'},'regions':['eu-west-1'],'names':[]},
      'priority':'critical',
      'sync':{'prune':true,'selfHeal':true,'allowEmpty':false,'apply':'merge3',
              'adopt':'adopt-if-unowned','retry':{'limit':5,'backoff':'100ms'},
              'ignore':[{'kind':'Deployment','paths':['/spec/replicas'],'managers':[]}]},
      'rollout':{'order':['eu-west-1','us-east-1','*'],'maxUnavailable':'10%','soak':'2m',
                 'approval':'none'}}})");
  EXPECT_EQ(app.name.str(), "boutique");
  EXPECT_EQ(app.revision, "main");
  EXPECT_EQ(app.path, "overlays/{{cluster.region}}");
  EXPECT_EQ(app.namespace_, "boutique");
  EXPECT_EQ(app.service_account, "boutique/deployer");
  EXPECT_EQ(app.depends_on, std::vector<AppName>{AppName("base")});
  EXPECT_EQ(app.clusters.match_labels, (StringMap{{"tier", "edge"}}));
  EXPECT_EQ(app.priority, "critical");
  ASSERT_EQ(app.sync.ignore.size(), 1u);
  EXPECT_EQ(app.sync.ignore[0].paths, std::vector<std::string>{"/spec/replicas"});
  ASSERT_TRUE(app.rollout.has_value());
  EXPECT_EQ(app.rollout->soak, Millis{120000});
  EXPECT_EQ(app.warnings.size(), 1u);  // waves are not enforced yet, and the app says so
}

TEST(App, HasTheDefaultsOfTheDesign) {
  const App app = MustParseApp(AppText("a"));
  EXPECT_EQ(app.revision, "HEAD");
  EXPECT_EQ(app.priority, "normal");
  EXPECT_TRUE(app.sync.automatic);
  EXPECT_TRUE(app.sync.prune);
  EXPECT_TRUE(app.sync.self_heal);
  EXPECT_FALSE(app.sync.allow_empty);
  EXPECT_TRUE(app.sync.create_namespace);
  EXPECT_EQ(app.sync.apply, ApplyMode::kMerge3);
  EXPECT_EQ(app.sync.retry.limit, 5);
  EXPECT_TRUE(app.warnings.empty());
}

struct Broken {
  const char* spec;     // members of spec besides source
  const char* message;  // part of the error
  Errc code = Errc::kInvalidArgument;
};

TEST(App, AMistakeIsNamedWithItsFieldPath) {
  const Broken cases[] = {
      {"'namespaces':'x'", "spec.namespaces: unknown field, did you mean \"namespace\"?"},
      {"'sync':{'prun':true}", "spec.sync.prun: unknown field, did you mean \"prune\"?"},
      {"'sync':{'prune':'yes'}", "spec.sync.prune: must be true or false"},
      {"'sync':{'apply':'sse'}", "did you mean \"ssa\"?"},
      {"'sync':{'retry':{'backoff':5}}", "spec.sync.retry.backoff: must be text"},
      {"'sync':{'retry':{'backoff':'5'}}", "spec.sync.retry.backoff: must be a duration"},
      {"'sync':{'ignore':[{'kind':'X'}]}", "spec.sync.ignore[0]: ignores nothing"},
      {"'sync':{'ignore':[{'kind':'X','paths':['spec']}]}", "spec.sync.ignore[0].paths"},
      {"'namespace':'A b'", "spec.namespace"},
      {"'namespace':7", "spec.namespace: must be text: put it in quotes"},
      {"'serviceAccount':'x'", "must be namespace/name"},
      {"'dependsOn':['a']", "cannot depend on itself"},
      {"'dependsOn':'b'", "spec.dependsOn: must be a list"},
      {"'clusters':{'matchlabels':{}}", "did you mean \"matchLabels\"?"},
      {"'clusters':{'matchLabels':{'a':1}}", "spec.clusters.matchLabels.a"},
      {"'render':{'kind':'kustomise'}", "did you mean \"kustomize\"?"},
      {"'render':{'kind':'helm','valuesFiles':[]}", "did you mean \"valueFiles\"?"},
      {"'render':{'kind':'helm','valueFiles':['../x']}", "spec.render.valueFiles"},
      {"'render':{'kind':'helm','values':[1]}", "spec.render.values"},
      {"'render':{'kind':'plain','helm':{}}", "has no effect"},
      {"'render':{'kind':'helm','values':{'a':'{{cluster.nam}}'}}", "{{cluster.nam}}"},
      {"'rollout':{'maxUnavailable':'0%'}", "spec.rollout.maxUnavailable"},
      {"'rollout':{'approval':'two'}", "spec.rollout.approval", Errc::kUnsupported},
      {"'render':{'kind':'helm','valueFiles':['https://x/y']}", "URL", Errc::kUnsupported},
  };
  for (const Broken& c : cases) {
    const Error error = MustFail(AppText("a", c.spec));
    EXPECT_NE(error.message.find(c.message), std::string::npos) << error.message;
    EXPECT_EQ(error.code, c.code) << c.spec;
  }
}

TEST(App, PathsStayInTheRepository) {
  for (const char* path : {"../x", "/etc", "a/../../b", "{{cluster.regio}}", "{{.x}}"}) {
    EXPECT_NE(MustFail(AppText("a", "", path)).message.find("spec.source.path"), std::string::npos);
  }
}

TEST(App, AllMistakesComeAtOnceUpToALimit) {
  const auto said = [](size_t mistakes) {
    std::string more = "'namespace':'A b'";
    for (size_t i = 1; i < mistakes; ++i) more += ",'mistake-" + std::to_string(i) + "':1";
    return MustFail(AppText("a", more)).message;
  };
  EXPECT_NE(said(1).find("spec.namespace"), std::string::npos);
  EXPECT_EQ(said(limits::kCatalogueProblems).find(" more"), std::string::npos);
  EXPECT_NE(said(limits::kCatalogueProblems + 1).find("; and 1 more"), std::string::npos);
}

TEST(App, ARevisionAtItsLimitIsTakenAndOneAboveIsNot) {
  const auto text = [](size_t size) {
    return "{'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':'a'},'spec':{'source':{"
           "'repo':'https://git.example/shop.git','path':'apps','revision':'" +
           std::string(size, 'r') + "'}}}";
  };
  EXPECT_EQ(MustParseApp(text(limits::kRevisionBytes)).revision.size(), limits::kRevisionBytes);
  EXPECT_NE(MustFail(text(limits::kRevisionBytes + 1)).message.find("spec.source.revision"),
            std::string::npos);
}

TEST(App, RendererOptionsStandBesideTheKindOrInABlock) {
  const char* expected =
      R"({"helm":{"releaseName":"r","valueFiles":["v.yaml","/shared.yaml"],"values":{"a":1}}})";
  const std::string options =
      "'releaseName':'r','valueFiles':['v.yaml','/shared.yaml'],'values':{'a':1}";
  for (const std::string& render :
       {"{'kind':'helm'," + options + "}", "{'kind':'helm','helm':{" + options + "}}",
        "{'helm':{" + options + "}}"}) {
    const App app = MustParseApp(AppText("a", "'render':" + render));
    EXPECT_EQ(app.render.kind, RenderKind::kHelm);
    EXPECT_EQ(object::CanonicalJson(app.render.options), expected);
  }
}

TEST(App, JsonnetVariablesAreAMappingOrAList) {
  const App app =
      MustParseApp(AppText("a",
                           "'render':{'kind':'jsonnet','tlas':{'region':'{{cluster.region}}'},"
                           "'extVars':[{'name':'n','value':'1+1','code':true}],'libs':['lib']}"));
  EXPECT_EQ(object::CanonicalJson(app.render.options),
            R"({"jsonnet":{"extVars":[{"code":true,"name":"n","value":"1+1"}],"libs":["lib"],)"
            R"("tlas":[{"name":"region","value":"{{cluster.region}}"}]}})");
}

TEST(App, NeedsASourceWithAUsableUrl) {
  EXPECT_NE(MustFail("{'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':'a'},"
                     "'spec':{}}")
                .message.find("spec.source: is missing"),
            std::string::npos);
  const Error error = MustFail(
      "{'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':'a'},"
      "'spec':{'source':{'repo':'file:///x'}}}");
  EXPECT_EQ(error.code, Errc::kUnsupported);
  EXPECT_NE(error.message.find("spec.source.repo"), std::string::npos);
}

TEST(Cluster, IsReadWithItsServer) {
  const auto parsed = ParseObject(
      Json(ClusterText("store-1", "eu", "{'tier':'edge'}", "'server':'https://10.0.0.1:6443/'")));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  const Cluster& cluster = *std::get<std::shared_ptr<const Cluster>>(*parsed);
  EXPECT_EQ(cluster.server, "https://10.0.0.1:6443");
  EXPECT_EQ(cluster.channel, "default");
  EXPECT_EQ(cluster.labels, (StringMap{{"tier", "edge"}}));
}

TEST(Cluster, RegionsAndLabelsCannotChangeAPath) {
  MustFail(ClusterText("c", ".."));
  MustFail(ClusterText("c", "a/b"));
  MustFail(ClusterText("c", "eu", "{'tier':'../x'}"));
}

TEST(Source, NamesFilesAndNeverHoldsSecrets) {
  const auto parsed = ParseObject(
      Json(SourceText("s", "git@git.example:shop.git",
                      "'poll':'30s','credentials':{'sshKeyFile':'key','knownHostsFile':'known'}")));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(std::get<std::shared_ptr<const Source>>(*parsed)->poll, Millis{30000});
  MustFail(SourceText("s", "https://h/x", "'credentials':{'password':'hunter2'}"));
  MustFail(SourceText("s", "https://h/x", "'credentials':{'passwordFile':'../../etc/shadow'}"));
  EXPECT_EQ(MustFail(SourceText("s", "https://h/x", "'signature':{'mode':'head'}")).code,
            Errc::kUnsupported);
  EXPECT_EQ(MustFail(SourceText("s", "https://h/x", "'webhook':{}")).code, Errc::kUnsupported);
}

TEST(Ids, AreFoundHoweverBrokenTheRestIs) {
  const auto id =
      IdOf(Json("{'apiVersion':'dunlin.dev/v1','kind':'App',"
                "'metadata':{'name':'a'},'spec':7}"));
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->Text(), "App a");
  for (const char* bad :
       {"{}", "[]", "7", "{'apiVersion':'dunlin.dev/v1'}", "{'apiVersion':'v1','kind':'Secret'}",
        "{'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':'A'}}",
        "{'apiVersion':'dunlin.dev/v1','kind':'App','metadata':{'name':7}}",
        "{'apiVersion':'dunlin.dev/v1','kind':'Apps','metadata':{'name':'a'}}"}) {
    EXPECT_FALSE(IdOf(Json(bad)).has_value()) << bad;
  }
}

}  // namespace
}  // namespace dunlin::catalog
