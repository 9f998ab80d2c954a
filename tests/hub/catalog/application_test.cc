// argoproj.io/v1alpha1 Application.
#include "documents.h"
#include "protocol/object/json.h"

namespace dunlin::catalog {
namespace {

const char* const kDestination = "'destination':{'name':'c1'}";

TEST(Application, IsReadAsItIs) {
  const App app = MustParseApp(R"({
    'apiVersion':'argoproj.io/v1alpha1','kind':'Application',
    'metadata':{'name':'guestbook','namespace':'argocd','finalizers':['x'],'labels':{'a':'b'}},
    'status':{'sync':{}},'operation':{},
    'spec':{'project':'default',
      'source':{'repoURL':'https://git.example/shop.git','targetRevision':'v1.2','path':'./guestbook/',
                'directory':{'recurse':true,'include':'*.yaml','exclude':'x*'}},
      'destination':{'server':'https://10.0.0.1:6443/','namespace':'guestbook'},
      'syncPolicy':{'automated':{'prune':true,'selfHeal':true,'allowEmpty':true},
        'syncOptions':['CreateNamespace=true','ServerSideApply=true','PruneLast=true'],
        'managedNamespaceMetadata':{'labels':{'a':'b'}},
        'retry':{'limit':3,'backoff':{'duration':'5s','factor':2,'maxDuration':'3m'}}},
      'ignoreDifferences':[{'group':'apps','kind':'Deployment','jsonPointers':['/spec/replicas'],
                            'managedFieldsManagers':['hpa']}],
      'info':[{'name':'url','value':'x'}],'revisionHistoryLimit':10}})");
  EXPECT_TRUE(app.application);
  EXPECT_EQ(app.path, "guestbook");
  EXPECT_EQ(app.revision, "v1.2");
  EXPECT_EQ(app.render.kind, RenderKind::kPlain);
  EXPECT_EQ(object::CanonicalJson(app.render.options),
            R"({"directory":{"exclude":"x*","include":"*.yaml","recurse":true}})");
  EXPECT_EQ(app.clusters.server, "https://10.0.0.1:6443");
  EXPECT_EQ(app.namespace_, "guestbook");
  EXPECT_TRUE(app.sync.automatic && app.sync.prune && app.sync.self_heal && app.sync.allow_empty);
  EXPECT_EQ(app.sync.apply, ApplyMode::kSsa);
  EXPECT_TRUE(app.sync.create_namespace);
  EXPECT_EQ(app.sync.namespace_labels, (StringMap{{"a", "b"}}));
  EXPECT_EQ(app.sync.retry.limit, 3);
  EXPECT_EQ(app.sync.retry.backoff, Millis{5000});
  ASSERT_EQ(app.sync.ignore.size(), 1u);
  EXPECT_EQ(app.sync.ignore[0].managers, std::vector<std::string>{"hpa"});
  EXPECT_TRUE(app.warnings.empty());
}

TEST(Application, WithoutAutomatedChangesNothingByItself) {
  const App app = MustParseApp(ApplicationText());
  EXPECT_FALSE(app.sync.automatic);
  EXPECT_FALSE(app.sync.prune);
  EXPECT_FALSE(app.sync.self_heal);
  EXPECT_EQ(app.revision, "HEAD");
  EXPECT_EQ(app.render.kind, RenderKind::kAuto);
}

TEST(Application, OnlyTheFinalizerLetsItsObjectsGoWithIt) {
  const auto keeps = [](const std::string& finalizers) {
    std::string text = ApplicationText();
    const std::string plain = ",'finalizers':['x']";
    text.replace(text.find(plain), plain.size(), finalizers);
    return MustParseApp(text).sync.keep_on_removal;
  };
  EXPECT_TRUE(keeps(""));
  EXPECT_TRUE(keeps(",'finalizers':null"));
  EXPECT_TRUE(keeps(",'finalizers':['foregroundDeletion']"));
  EXPECT_FALSE(keeps(",'finalizers':['x','resources-finalizer.argocd.argoproj.io']"));
  EXPECT_FALSE(keeps(",'finalizers':['resources-finalizer.argocd.argoproj.io/background']"));
  EXPECT_FALSE(MustParseApp(AppText("shop")).sync.keep_on_removal);
}

TEST(Application, HelmOptionsBecomeTheWorkers) {
  const App app = MustParseApp(ApplicationText(
      "'path':'chart','helm':{'releaseName':'r','valueFiles':['../common.yaml'],"
      "'values':'a: 1','parameters':[{'name':'x','value':'1,2'},{'name':'y','value':'{a,b}'},"
      "{'name':'z','value':'007','forceString':true}],'skipCrds':true,'kubeVersion':'1.30',"
      "'version':'v3','passCredentials':true}"));
  EXPECT_EQ(app.render.kind, RenderKind::kHelm);
  EXPECT_EQ(app.render.kube_version, "1.30");
  EXPECT_EQ(object::CanonicalJson(app.render.options),
            R"({"helm":{"releaseName":"r","set":["x=1\\,2","y={a,b}"],"setString":["z=007"],)"
            R"("skipCrds":true,"valueFiles":["../common.yaml"],"values":"a: 1"}})");
}

TEST(Application, ValuesObjectWinsOverValues) {
  const App app = MustParseApp(ApplicationText("'helm':{'values':'a: 1','valuesObject':{'a':2}}"));
  EXPECT_EQ(object::CanonicalJson(app.render.options), R"({"helm":{"values":{"a":2}}})");
}

TEST(Application, KustomizeOptionsBecomeTheWorkers) {
  const App app = MustParseApp(ApplicationText(
      "'kustomize':{'namePrefix':'p-','nameSuffix':'-s','images':['a=b:1'],"
      "'commonLabels':{'l':'1'},'commonAnnotations':{'n':'2'},'namespace':'ns',"
      "'replicas':[{'name':'web','count':3}],'components':['../c'],"
      "'patches':[{'patch':'x','target':{'kind':'Deployment'}}],'forceCommonLabels':false}"));
  EXPECT_EQ(app.render.kind, RenderKind::kKustomize);
  EXPECT_EQ(object::CanonicalJson(app.render.options),
            R"({"kustomize":{"commonAnnotations":{"n":"2"},"commonLabels":{"l":"1"},)"
            R"("components":["../c"],"images":["a=b:1"],"namePrefix":"p-","nameSuffix":"-s",)"
            R"("namespace":"ns","patches":[{"patch":"x","target":{"kind":"Deployment"}}],)"
            R"("replicas":[{"count":3,"name":"web"}]}})");
}

TEST(Application, JsonnetVariablesMakeItAJsonnetApp) {
  const App app = MustParseApp(
      ApplicationText("'directory':{'jsonnet':{'tlas':[{'name':'a','value':'b','code':false}],"
                      "'libs':['vendor']}}"));
  EXPECT_EQ(app.render.kind, RenderKind::kJsonnet);
  EXPECT_EQ(object::CanonicalJson(app.render.options),
            R"({"jsonnet":{"libs":["vendor"],"tlas":[{"name":"a","value":"b"}]}})");
}

TEST(Application, OneEntryOfSourcesIsASource) {
  const std::string head =
      "{'apiVersion':'argoproj.io/v1alpha1','kind':'Application','metadata':{'name':'web'},"
      "'spec':{'destination':{'name':'c1'},'sources':[";
  const std::string source = "{'repoURL':'https://git.example/a','path':'x'}";
  EXPECT_EQ(MustParseApp(head + source + "]}}").path, "x");
  const Error error = MustFail(head + source + "," + source + "]}}");
  EXPECT_EQ(error.code, Errc::kUnsupported);
  EXPECT_NE(error.message.find("app web has 2 sources"), std::string::npos);
}

TEST(Application, WhatIsNotDoneIsNamed) {
  const struct {
    const char* source;
    const char* field;
  } cases[] = {
      {"'chart':'nginx'", "spec.source.chart"},
      {"'plugin':{'name':'x'}", "spec.source.plugin"},
      {"'ref':'values'", "spec.source.ref"},
      {"'helm':{'fileParameters':[{'name':'a','path':'b'}]}", "spec.source.helm.fileParameters"},
      {"'helm':{'version':'v2'}", "spec.source.helm.version"},
      {"'helm':{'valueFiles':['$values/x.yaml']}", "spec.source.helm.valueFiles"},
      {"'helm':{'valueFiles':['https://h/x.yaml']}", "spec.source.helm.valueFiles"},
      {"'kustomize':{'version':'v4'}", "spec.source.kustomize.version"},
      {"'kustomize':{'labelWithoutSelector':true}", "spec.source.kustomize.labelWithoutSelector"},
      {"'kustomize':{'components':['https://h/x']}", "spec.source.kustomize.components"},
  };
  for (const auto& c : cases) {
    const Error error = MustFail(ApplicationText(c.source));
    EXPECT_EQ(error.code, Errc::kUnsupported) << c.source;
    EXPECT_NE(error.message.find(c.field), std::string::npos) << error.message;
  }
}

TEST(Application, MistakesAreNamed) {
  EXPECT_NE(MustFail(ApplicationText("'targetRevison':'x'"))
                .message.find("spec.source.targetRevison: unknown field, did you mean "
                              "\"targetRevision\"?"),
            std::string::npos);
  MustFail(ApplicationText("'helm':{},'kustomize':{}"));
  MustFail(ApplicationText("", "'destination':{}"));
  MustFail(ApplicationText("", "'destination':{'name':'a','server':'b'}"));
  MustFail(ApplicationText("'path':'../x'"));
  MustFail(
      ApplicationText("", std::string(kDestination) +
                              ",'ignoreDifferences':[{'kind':'X','jqPathExpressions':['.a']}]"));
}

TEST(Application, AnUnknownSyncOptionOrAProjectIsAWarning) {
  const App app = MustParseApp(ApplicationText(
      "", std::string(kDestination) + ",'syncPolicy':{'syncOptions':['CreateNamspace=true']}"));
  ASSERT_EQ(app.warnings.size(), 1u);
  EXPECT_NE(app.warnings[0].find("did you mean \"CreateNamespace\"?"), std::string::npos);
  EXPECT_FALSE(app.sync.create_namespace);
}

}  // namespace
}  // namespace dunlin::catalog
