#include "agent/merge/normalize.h"

#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

struct Row {
  const char* rule;
  const char* object;
  const char* normal;
};

TEST(Normalize, Rules) {
  const Row rows[] = {
      {"status and server metadata go",
       "{'kind':'X','metadata':{'name':'a','uid':'u','resourceVersion':'1','generation':1,"
       "'creationTimestamp':null,'selfLink':'s','managedFields':[]},'status':{'a':1}}",
       "{'kind':'X','metadata':{'name':'a'}}"},
      {"status of a CRD stays",
       "{'apiVersion':'apiextensions.k8s.io/"
       "v1','kind':'CustomResourceDefinition','status':{'a':1}}",
       "{'apiVersion':'apiextensions.k8s.io/"
       "v1','kind':'CustomResourceDefinition','status':{'a':1}}"},
      {"nulls stay", "{'kind':'X','spec':{'a':null}}", "{'kind':'X','spec':{'a':null}}"},
      {"stringData becomes data and wins",
       "{'apiVersion':'v1','kind':'Secret','data':{'a':'b2xk','n':null},'stringData':{'a':'new'}}",
       "{'apiVersion':'v1','kind':'Secret','data':{'a':'bmV3','n':''}}"},
      {"stringData of another kind is a field like any other",
       "{'apiVersion':'x.y/v1','kind':'Secret','stringData':{'a':'b'}}",
       "{'apiVersion':'x.y/v1','kind':'Secret','stringData':{'a':'b'}}"},
      {"empty rules equal null",
       "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'Role','rules':[]}",
       "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'Role','rules':null}"},
      {"aggregated rules are the controller's",
       "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','aggregationRule':{},"
       "'rules':[{'verbs':['get']}]}",
       "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','aggregationRule':{}}"},
      {"a placeholder caBundle goes",
       "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','spec':{"
       "'conversion':{'webhook':{'clientConfig':{'caBundle':'Cg==','url':'u'}}}}}",
       "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','spec':{"
       "'conversion':{'webhook':{'clientConfig':{'url':'u'}}}}}"},
  };
  for (const Row& row : rows) {
    const Result<object::Value> once = Normalize(Json(row.object));
    ASSERT_TRUE(once.has_value()) << row.rule;
    EXPECT_EQ(Text(*once), Text(Json(row.normal))) << row.rule;
    const Result<object::Value> twice = Normalize(*once);
    ASSERT_TRUE(twice.has_value()) << row.rule;
    EXPECT_EQ(Text(*twice), Text(*once)) << row.rule;
  }
}

TEST(Normalize, RefusesWhatIsNoObject) { EXPECT_FALSE(Normalize(Json("[]")).has_value()); }

TEST(Normalize, StringDataHoldsTexts) {
  EXPECT_FALSE(
      Normalize(Json("{'apiVersion':'v1','kind':'Secret','stringData':{'a':1}}")).has_value());
}

}  // namespace
}  // namespace dunlin::merge
