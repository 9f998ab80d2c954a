#include "agent/merge/merge.h"
#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

constexpr const char* kConfigMap =
    "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','namespace':'n','uid':'u-1'},"
    "'data':{'k':'v'}}";

TEST(MergeCreate, AbsentLiveIsCreatedWithoutNulls) {
  const Case c{"v1/ConfigMap", "absent",
               "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','labels':null},"
               "'data':{'k':'v','gone':null}}",
               "absent"};
  const Result<MergeOutcome> outcome = c.Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, MergeKind::kCreate);
  EXPECT_EQ(Text(outcome->body), Text(Json("{'apiVersion':'v1','kind':'ConfigMap',"
                                           "'metadata':{'name':'a'},'data':{'k':'v'}}")));
}

TEST(MergeCreate, NullListElementsStay) {
  const Case c{"", "absent", "{'kind':'X','spec':{'list':[null,{'a':null}]}}", "absent"};
  EXPECT_EQ(c.Patch(), Text(Json("{'kind':'X','spec':{'list':[null,{}]}}")));
}

TEST(MergeDelete, AbsentDesiredIsDeletedByUid) {
  const Case c{"v1/ConfigMap", kConfigMap, "absent", kConfigMap};
  const Result<MergeOutcome> outcome = c.Run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->kind, MergeKind::kDelete);
  EXPECT_EQ(object::FindString(outcome->body, {"preconditions", "uid"}), "u-1");
  EXPECT_EQ(object::FindString(outcome->body, {"propagationPolicy"}), "Background");
}

TEST(MergeDelete, NothingToDeleteIsNothingToDo) {
  EXPECT_EQ((Case{"v1/ConfigMap", kConfigMap, "absent", "absent"}).Patch(), "none");
}

TEST(MergeDelete, WithoutUidItIsRefused) {
  const Case c{"v1/ConfigMap", "absent", "absent",
               "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'}}"};
  EXPECT_EQ(c.Patch(), "error: Precondition");
}

TEST(MergePreconditions, AnotherObjectIsRefused) {
  struct Row {
    const char* what;
    const char* desired;
  };
  const Row rows[] = {
      {"group", "{'apiVersion':'x.y/v1','kind':'ConfigMap','metadata':{'name':'a'}}"},
      {"kind", "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'}}"},
      {"name", "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'b'}}"},
      {"namespace",
       "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','namespace':'m'}}"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ((Case{"v1/ConfigMap", "absent", row.desired, kConfigMap}).Patch(),
              "error: Precondition")
        << row.what;
    EXPECT_EQ((Case{"v1/ConfigMap", kConfigMap, row.desired, "absent"}).Patch(),
              "error: Precondition")
        << row.what;
  }
}

TEST(MergePreconditions, AnotherVersionIsTheSameObject) {
  const Case c{"apps/v1/Deployment", "absent",
               "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'a'}}",
               "{'apiVersion':'apps/v1beta2','kind':'Deployment','metadata':{'name':'a'}}"};
  EXPECT_EQ(c.Patch(), "none");
}

TEST(MergePreconditions, DocumentsAreObjects) {
  for (const char* text : {"[]", "1", "null", "'x'"}) {
    EXPECT_EQ((Case{"", "absent", text, kConfigMap}).Patch(), "error: BadJson") << text;
    EXPECT_EQ((Case{"", text, kConfigMap, kConfigMap}).Patch(), "error: BadJson") << text;
    EXPECT_EQ((Case{"", "absent", kConfigMap, text}).Patch(), "error: BadJson") << text;
  }
}

TEST(MergeKinds, ContentTypes) {
  EXPECT_EQ(ContentType(MergeKind::kStrategic), "application/strategic-merge-patch+json");
  EXPECT_EQ(ContentType(MergeKind::kJsonMerge), "application/merge-patch+json");
  EXPECT_EQ(ContentType(MergeKind::kCreate), "");
}

}  // namespace
}  // namespace dunlin::merge
