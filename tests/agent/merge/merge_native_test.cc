// The native three-way merge of the agent, one rule a test (merge.md section 8.2).
#include "agent/merge/apply.h"
#include "agent/merge/merge.h"
#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

constexpr const char* kDesired =
    "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web','namespace':'shop',"
    "'labels':{'app':'web'}},'spec':{'replicas':2,'selector':{'matchLabels':{'app':'web'}},"
    "'template':{'metadata':{'creationTimestamp':null,'labels':{'app':'web'}},'spec':{'containers':"
    "["
    "{'name':'web','image':'web:1','ports':[{'containerPort':80}],"
    "'resources':{'requests':{'cpu':'1000m','memory':'1024Mi'}},"
    "'readinessProbe':{'httpGet':{'path':'/','port':80}}},"
    "{'name':'log','image':'log:1','env':[{'name':'A','value':'1'},{'name':'B','value':'2'}]}],"
    "'volumes':[{'name':'tmp','emptyDir':{}}]}}}}";

constexpr const char* kLive =
    "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web','namespace':'shop',"
    "'labels':{'app':'web'},'annotations':{'deployment.kubernetes.io/revision':'1'},'uid':'u1',"
    "'resourceVersion':'77','generation':1,'creationTimestamp':'2026-01-01T00:00:00Z',"
    "'managedFields':[{'manager':'x'}]},'spec':{'progressDeadlineSeconds':600,'replicas':2,"
    "'revisionHistoryLimit':10,'selector':{'matchLabels':{'app':'web'}},'strategy':{"
    "'rollingUpdate':{'maxSurge':'25%','maxUnavailable':'25%'},'type':'RollingUpdate'},"
    "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':["
    "{'name':'web','image':'web:1','imagePullPolicy':'IfNotPresent','ports':[{'containerPort':80,"
    "'protocol':'TCP'}],'resources':{'requests':{'cpu':'1','memory':'1Gi'}},'readinessProbe':{"
    "'failureThreshold':3,'httpGet':{'path':'/','port':80,'scheme':'HTTP'},'periodSeconds':10,"
    "'successThreshold':1,'timeoutSeconds':1},'terminationMessagePath':'/dev/termination-log'},"
    "{'name':'log','image':'log:1','env':[{'name':'A','value':'1'},{'name':'B','value':'2'}],"
    "'resources':{},'imagePullPolicy':'IfNotPresent'}],'dnsPolicy':'ClusterFirst',"
    "'restartPolicy':'Always','schedulerName':'default-scheduler','securityContext':{},"
    "'volumes':[{'name':'tmp','emptyDir':{}}]}}},'status':{'replicas':2}}";

std::string Replace(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

Case Deployment(const std::string& last, const std::string& desired, const std::string& live) {
  return {"apps/v1/Deployment", last, desired, live};
}

std::string Containers(const char* elements, const char* more = "") {
  return Text(Json(std::string("{'spec':{'template':{'spec':{'containers':[") + elements + "]" +
                   more + "}}}}"));
}

TEST(NativeMerge, ServerDefaultsAreNoDifference) {
  EXPECT_EQ(Deployment(kDesired, kDesired, kLive).Patch(), "none");
}

TEST(NativeMerge, AdoptingAnEqualObjectSendsNothing) {
  EXPECT_EQ(Deployment("absent", kDesired, kLive).Patch(), "none");
}

TEST(NativeMerge, OneImageIsOneSmallPatch) {
  const std::string desired = Replace(kDesired, "web:1", "web:2");
  const Result<MergeOutcome> outcome = Deployment(kDesired, desired, kLive).Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, MergeKind::kStrategic);
  EXPECT_EQ(Text(outcome->body), Containers("{'name':'web','image':'web:2'}"));
  EXPECT_EQ(outcome->changed, std::vector<std::string>{"/spec/template/spec/containers/0/image"});
  EXPECT_TRUE(outcome->conflicts.empty());
  EXPECT_FALSE(outcome->needs_resource_version);
}

TEST(NativeMerge, RemovedFieldBecomesNull) {
  const std::string desired = Replace(kDesired, "'replicas':2,", "");
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(), Text(Json("{'spec':{'replicas':null}}")));
}

TEST(NativeMerge, RemovedFieldThatIsGoneAlreadyNeedsNothing) {
  const std::string desired = Replace(kDesired, "'replicas':2,", "");
  EXPECT_EQ(Deployment(kDesired, desired, Replace(kLive, "'replicas':2,", "")).Patch(), "none");
}

TEST(NativeMerge, RemovedStructGoesWithItsDefaults) {
  const std::string desired =
      Replace(kDesired, ",'readinessProbe':{'httpGet':{'path':'/','port':80}}", "");
  const Result<MergeOutcome> outcome = Deployment(kDesired, desired, kLive).Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(Text(outcome->body), Containers("{'name':'web','readinessProbe':null}"));
  EXPECT_TRUE(outcome->conflicts.empty());  // defaults are nobody's change
}

TEST(NativeMerge, RemovedLabelsKeepForeignOnes) {
  const std::string live =
      Replace(kLive, "'labels':{'app':'web'},'ann", "'labels':{'app':'web','their':'s'},'ann");
  const std::string desired = Replace(kDesired, ",'labels':{'app':'web'}},'spec'", "},'spec'");
  EXPECT_EQ(Deployment(kDesired, desired, live).Patch(),
            Text(Json("{'metadata':{'labels':{'app':null}}}")));
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(),
            Text(Json("{'metadata':{'labels':null}}")));
}

TEST(NativeMerge, RemovedListElementIsDeletedByKey) {
  const std::string desired = Replace(kDesired, ",{'name':'B','value':'2'}", "");
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(),
            Containers("{'name':'log','env':[{'name':'B','$patch':'delete'}]}"));
}

TEST(NativeMerge, RemovedListKeepsForeignElements) {
  const std::string desired =
      Replace(kDesired, ",'env':[{'name':'A','value':'1'},{'name':'B','value':'2'}]", "");
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(), Containers("{'name':'log','env':null}"));
  const std::string live = Replace(kLive, "{'name':'B','value':'2'}",
                                   "{'name':'B','value':'2'},{'name':'C','value':'3'}");
  EXPECT_EQ(Deployment(kDesired, desired, live).Patch(),
            Containers("{'name':'log','env':[{'name':'A','$patch':'delete'},"
                       "{'name':'B','$patch':'delete'}]}"));
}

TEST(NativeMerge, AddedElementSaysItsPlace) {
  const std::string desired = Replace(kDesired, "{'name':'B','value':'2'}",
                                      "{'name':'N','value':'0'},{'name':'B','value':'2'}");
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(),
            Containers("{'name':'log','env':[{'name':'N','value':'0'}],'$setElementOrder/env':["
                       "{'name':'A'},{'name':'N'},{'name':'B'}]}"));
}

TEST(NativeMerge, OrderIsRestored) {
  const std::string live = Replace(kLive, "[{'name':'A','value':'1'},{'name':'B','value':'2'}]",
                                   "[{'name':'B','value':'2'},{'name':'A','value':'1'}]");
  EXPECT_EQ(Deployment(kDesired, kDesired, live).Patch(),
            Containers("{'name':'log','$setElementOrder/env':[{'name':'A'},{'name':'B'}]}"));
}

TEST(NativeMerge, InjectedSidecarIsForeign) {
  for (const char* place : {"'containers':[", "'imagePullPolicy':'IfNotPresent'}]"}) {
    const bool front = place[1] == 'c';
    const std::string sidecar = "{'name':'proxy','image':'p'}";
    const std::string live = Replace(kLive, place,
                                     front ? "'containers':[" + sidecar + ","
                                           : "'imagePullPolicy':'IfNotPresent'}," + sidecar + "]");
    EXPECT_EQ(Deployment(kDesired, kDesired, live).Patch(), "none");
    EXPECT_EQ(Deployment(kDesired, Replace(kDesired, "web:1", "web:2"), live).Patch(),
              Containers("{'name':'web','image':'web:2'}"));
  }
}

TEST(NativeMerge, UnionIsSwitchedAsAWhole) {
  const std::string desired = Replace(kDesired, "'emptyDir':{}", "'configMap':{'name':'c'}");
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(),
            Text(Json("{'spec':{'template':{'spec':{'volumes':[{'name':'tmp','emptyDir':null,"
                      "'configMap':{'name':'c'},'$retainKeys':['configMap','name']}]}}}}")));
  const std::string recreate =
      Replace(kDesired, "'replicas':2,", "'replicas':2,'strategy':{'type':'Recreate'},");
  EXPECT_EQ(Deployment(kDesired, recreate, kLive).Patch(),
            Text(Json("{'spec':{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}}")));
}

TEST(NativeMerge, UnionThatIsRightIsNotTouched) {
  const std::string rolling =
      Replace(kDesired, "'replicas':2,", "'replicas':2,'strategy':{'type':'RollingUpdate'},");
  EXPECT_EQ(Deployment(rolling, rolling, kLive).Patch(), "none");
}

TEST(NativeMerge, EqualQuantitiesAreNotSent) {
  EXPECT_EQ(Deployment(kDesired, Replace(kDesired, "1024Mi", "1Gi"), kLive).Patch(), "none");
  EXPECT_EQ(Deployment(kDesired, Replace(kDesired, "1000m", "2"), kLive).Patch(),
            Containers("{'name':'web','resources':{'requests':{'cpu':'2'}}}"));
}

TEST(NativeMerge, StatusAndServerMetadataAreNeverSent) {
  const Case c{"v1/ConfigMap",
               "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','selfLink':'/x'},"
               "'status':{'x':1}}",
               "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','uid':'other',"
               "'resourceVersion':'1','generation':9,'creationTimestamp':'2020-01-01T00:00:00Z',"
               "'managedFields':[]},'data':{'a':'1'},'status':{'y':2}}",
               "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','uid':'u1',"
               "'selfLink':'/x','resourceVersion':'5','generation':1},'status':{'x':1}}"};
  EXPECT_EQ(c.Patch(), Text(Json("{'data':{'a':'1'}}")));
}

TEST(NativeMerge, ConflictsAreReportedAndSetBack) {
  const std::string live = Replace(kLive, "'replicas':2,'rev", "'replicas':5,'rev");
  const Result<MergeOutcome> outcome = Deployment(kDesired, kDesired, live).Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(Text(outcome->body), Text(Json("{'spec':{'replicas':2}}")));
  EXPECT_EQ(outcome->conflicts, std::vector<std::string>{"/spec/replicas"});
}

TEST(NativeMerge, ReportPolicySendsTheRestOnly) {
  const std::string live = Replace(kLive, "'replicas':2,'rev", "'replicas':5,'rev");
  const std::string desired = Replace(kDesired, "web:1", "web:2");
  const Result<MergeOutcome> outcome = Deployment(kDesired, desired, live).Run(false);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(Text(outcome->body), Containers("{'name':'web','image':'web:2'}"));
  EXPECT_EQ(outcome->conflicts, std::vector<std::string>{"/spec/replicas"});
  EXPECT_EQ(Deployment(kDesired, kDesired, live).Patch(false), "none");
}

TEST(NativeMerge, ExplicitNullRemovesAForeignValue) {
  const Case c{"", "absent", "{'spec':{'a':null,'b':null}}", "{'spec':{'a':1}}"};
  EXPECT_EQ(c.Patch(), Text(Json("{'spec':{'a':null}}")));
}

TEST(NativeMerge, JsonMergePatchWithoutSchema) {
  const Case c{"",
               "{'apiVersion':'x.y/v1','kind':'X','metadata':{'name':'a'},"
               "'spec':{'gone':1,'list':[1],'big':9007199254740993}}",
               "{'apiVersion':'x.y/v1','kind':'X','metadata':{'name':'a'},"
               "'spec':{'list':[1,2],'big':9007199254740994}}",
               "{'apiVersion':'x.y/v1','kind':'X','metadata':{'name':'a'},"
               "'spec':{'gone':1,'list':[1],'big':9007199254740993,'foreign':true},'status':{}}"};
  const Result<MergeOutcome> outcome = c.Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, MergeKind::kJsonMerge);
  EXPECT_EQ(Text(outcome->body),
            Text(Json("{'spec':{'gone':null,'list':[1,2],'big':9007199254740994}}")));
}

// kubernetes#39188: with a repeated merge key kubectl's patch of the last one leaves no port at
// all.
std::string Service(const char* ports) {
  return std::string(
             "{'apiVersion':'v1','kind':'Service','metadata':{'name':'dns'},'spec':{"
             "'ports':[") +
         ports + "]}}";
}
std::string LiveService(const char* ports) {
  return std::string(
             "{'apiVersion':'v1','kind':'Service','metadata':{'name':'dns','uid':'u',"
             "'resourceVersion':'9'},'spec':{'clusterIP':'10.0.0.1','ports':[") +
         ports + "]}}";
}
constexpr const char* kUdp = "{'name':'u','port':53,'protocol':'UDP'}";
constexpr const char* kBoth = "{'name':'u','port':53,'protocol':'UDP'},{'name':'t','port':53}";
constexpr const char* kLiveUdp =
    "{'name':'u','port':53,'protocol':'UDP','targetPort':53,'nodePort':30001}";
constexpr const char* kLiveBoth =
    "{'name':'u','port':53,'protocol':'UDP','targetPort':53,'nodePort':30001},"
    "{'name':'t','port':53,'protocol':'TCP','targetPort':53,'nodePort':30002}";

std::string Ports(const char* elements) {
  return Text(Json(std::string("{'metadata':{'resourceVersion':'9'},'spec':{'ports':["
                               "{'$patch':'replace'},") +
                   elements + "]}}"));
}

TEST(NativeMerge, PortWithTheSameNumberIsAdded) {
  const Case c{"v1/Service", Service(kUdp), Service(kBoth), LiveService(kLiveUdp)};
  const Result<MergeOutcome> outcome = c.Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->needs_resource_version);
  EXPECT_EQ(Text(outcome->body),
            Ports("{'name':'u','port':53,'protocol':'UDP','targetPort':53,'nodePort':30001},"
                  "{'name':'t','port':53}"));
}

TEST(NativeMerge, PortWithTheSameNumberIsRemoved) {
  const Case c{"v1/Service", Service(kBoth), Service(kUdp), LiveService(kLiveBoth)};
  EXPECT_EQ(c.Patch(), Ports(kLiveUdp));
}

TEST(NativeMerge, PortWithTheSameNumberIsRetargeted) {
  const Case c{"v1/Service", Service(kBoth),
               Service("{'name':'u','port':53,'protocol':'UDP'},"
                       "{'name':'t','port':53,'targetPort':5353}"),
               LiveService(kLiveBoth)};
  EXPECT_EQ(c.Patch(),
            Ports("{'name':'u','port':53,'protocol':'UDP','targetPort':53,'nodePort':30001},"
                  "{'name':'t','port':53,'protocol':'TCP','targetPort':5353,'nodePort':30002}"));
}

TEST(NativeMerge, RepeatedPortsThatAreRightNeedNothing) {
  EXPECT_EQ((Case{"v1/Service", Service(kBoth), Service(kBoth), LiveService(kLiveBoth)}).Patch(),
            "none");
  EXPECT_EQ((Case{"v1/Service", "absent", Service(kBoth), LiveService(kLiveBoth)}).Patch(), "none");
}

TEST(NativeMerge, ReplaceStrategyIsSentOnlyWhenDifferent) {
  const std::string pdb =
      "{'apiVersion':'policy/v1','kind':'PodDisruptionBudget','metadata':{'name':'a'},'spec':{"
      "'minAvailable':1,'selector':{'matchLabels':{'app':'web'}}}}";
  EXPECT_EQ((Case{"policy/v1/PodDisruptionBudget", pdb, pdb, pdb}).Patch(), "none");
  EXPECT_EQ(
      (Case{"policy/v1/PodDisruptionBudget", pdb, Replace(pdb, "'web'", "'db'"), pdb}).Patch(),
      Text(Json("{'spec':{'selector':{'matchLabels':{'app':'db'}}}}")));
}

TEST(NativeMerge, ElementWithoutItsMergeKeyCannotBeMerged) {
  const std::string desired = Replace(kDesired, "{'name':'A','value':'1'}", "{'value':'1'}");
  EXPECT_EQ(Deployment(kDesired, desired, kLive).Patch(), "error: NoMergeKey");
}

TEST(NativeMerge, MemoCoversWhatTheServerRewrote) {
  const std::string desired =
      "{'apiVersion':'networking.k8s.io/v1','kind':'NetworkPolicy','metadata':{'name':'a',"
      "'annotations':{}},'spec':{'podSelector':{},'ingress':[{'ports':[{'port':80}]}]}}";
  const std::string answer =
      "{'apiVersion':'networking.k8s.io/v1','kind':'NetworkPolicy','metadata':{'name':'a',"
      "'uid':'u'},'spec':{'podSelector':{},'ingress':[{'ports':[{'port':80,'protocol':'TCP'}]}],"
      "'policyTypes':['Ingress']}}";
  const char* gvk = "networking.k8s.io/v1/NetworkPolicy";
  const ObservedMemo memo = ObservedMemo::Record(Json(desired), Json(answer), KubernetesType(gvk));
  EXPECT_NE((Case{gvk, desired, desired, answer}).Patch(), "none");
  EXPECT_EQ((Case{gvk, desired, desired, answer}).Patch(true, &memo), "none");
  // Drift and a change of desired still show.
  const std::string drifted = Replace(answer, "'port':80", "'port':81");
  EXPECT_NE((Case{gvk, desired, desired, drifted}).Patch(true, &memo), "none");
  const std::string changed = Replace(desired, "'port':80", "'port':81");
  EXPECT_NE((Case{gvk, desired, changed, answer}).Patch(true, &memo), "none");
}

TEST(NativeMerge, FinalizersOfOthersStay) {
  const char* base = "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'}}";
  const auto with = [](const char* finalizers) {
    return std::string(
               "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a',"
               "'finalizers':[") +
           finalizers + "]}}";
  };
  EXPECT_EQ((Case{"v1/ConfigMap", base, with("'x/1'"), with("'y/1'")}).Patch(),
            Text(Json("{'metadata':{'finalizers':['x/1']}}")));
  EXPECT_EQ((Case{"v1/ConfigMap", with("'x/1'"), base, with("'y/1','x/1'")}).Patch(),
            Text(Json("{'metadata':{'$deleteFromPrimitiveList/finalizers':['x/1']}}")));
}

// The patch, applied as the apiserver applies it, leaves nothing to do.
TEST(NativeMerge, IsIdempotent) {
  const std::string edits[][2] = {
      {"web:1", "web:2"},
      {"'replicas':2,", ""},
      {",{'name':'B','value':'2'}", ""},
      {"{'name':'A','value':'1'},", ""},
      {"[{'name':'A'", "[{'name':'Z','value':'z'},{'name':'A'"},
      {"'emptyDir':{}", "'configMap':{'name':'c'}"},
      {"'memory':'1024Mi'", "'memory':'2Gi'"},
      {"'volumes':[{'name':'tmp','emptyDir':{}}]", "'hostNetwork':true"}};
  for (const auto& edit : edits) {
    const std::string desired = Replace(kDesired, edit[0], edit[1]);
    const Result<MergeOutcome> outcome = Deployment(kDesired, desired, kLive).Run();
    ASSERT_TRUE(outcome.has_value()) << edit[0];
    ASSERT_EQ(outcome->kind, MergeKind::kStrategic) << edit[0];
    const Result<object::Value> applied = Apply(Json(kLive), outcome->body, PatchType::kStrategic,
                                                KubernetesType("apps/v1/Deployment"));
    ASSERT_TRUE(applied.has_value()) << applied.error().message;
    EXPECT_EQ(Deployment(desired, desired, Text(*applied)).Patch(), "none") << edit[0];
    EXPECT_EQ(Deployment(kDesired, desired, Text(*applied)).Patch(), "none") << edit[0];
  }
}

}  // namespace
}  // namespace dunlin::merge
