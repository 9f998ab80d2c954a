// Application of patches (merge.md sections 5 and 6, RFC 6902): one row a rule.
#include "agent/merge/apply.h"
#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

struct Row {
  const char* rule;
  const char* current;
  const char* patch;
  const char* result;  // or "error: CLASS"
};

void Check(const Row& row, PatchType type) {
  const Result<object::Value> result =
      Apply(Json(row.current), Json(row.patch), type, ToyType("toy.Node"));
  const bool fails = std::string_view(row.result).starts_with("error");
  EXPECT_EQ(result ? Text(*result) : "error: " + Split(result.error()).error_class,
            fails ? row.result : Text(Json(row.result)))
      << row.rule;
}

class StrategicTable : public testing::TestWithParam<Row> {};
TEST_P(StrategicTable, Row) { Check(GetParam(), PatchType::kStrategic); }

INSTANTIATE_TEST_SUITE_P(
    Maps, StrategicTable,
    testing::ValuesIn(std::vector<Row>{
        {"null deletes", "{'name':'a','value':'b'}", "{'name':null}", "{'value':'b'}"},
        {"an absent key is set without nested nulls and directives", "{}",
         "{'leaf':{'name':null,'on':true},'union':{'left':{'$patch':'delete'}}}",
         "{'leaf':{'on':true},'union':{}}"},
        {"null list elements stay", "{}", "{'anything':{'x':[null,{'y':null}]}}",
         "{'anything':{'x':[null,{}]}}"},
        {"another type replaces", "{'name':'a'}", "{'name':{'x':1}}", "{'name':{'x':1}}"},
        {"maps merge", "{'leaf':{'name':'a','on':true}}", "{'leaf':{'name':'b'}}",
         "{'leaf':{'name':'b','on':true}}"},
        {"strategy replace", "{'replaced':{'name':'a','on':true}}", "{'replaced':{'name':'b'}}",
         "{'replaced':{'name':'b'}}"},
        {"$patch replace", "{'leaf':{'name':'a','on':true}}",
         "{'leaf':{'$patch':'replace','name':'b'}}", "{'leaf':{'name':'b'}}"},
        {"$patch delete", "{'leaf':{'name':'a'}}", "{'leaf':{'$patch':'delete'}}", "{'leaf':{}}"},
        {"any other $patch", "{'leaf':{'name':'a'}}", "{'leaf':{'$patch':'merge'}}",
         "error: BadPatchFormat"},
        {"$retainKeys clears the rest", "{'union':{'type':'l','left':{'on':true}}}",
         "{'union':{'$retainKeys':['type'],'type':'r'}}", "{'union':{'type':'r'}}"},
        {"a set key that is not retained", "{'union':{}}",
         "{'union':{'$retainKeys':['type'],'third':'x'}}", "error: BadPatchFormat"},
        {"an unknown map on both sides", "{'what':{'a':1}}", "{'what':{'a':2}}",
         "error: UnknownField"},
        {"an unknown field that is new", "{}", "{'what':{'a':2}}", "{'what':{'a':2}}"}}));

INSTANTIATE_TEST_SUITE_P(
    Lists, StrategicTable,
    testing::ValuesIn(std::vector<Row>{
        {"lists without strategy are replaced", "{'bareLeaves':[{'name':'a'}]}",
         "{'bareLeaves':[{'name':'b'}]}", "{'bareLeaves':[{'name':'b'}]}"},
        {"elements merge by key", "{'byName':[{'name':'a','value':'1','on':true}]}",
         "{'byName':[{'name':'a','value':'2'}]}",
         "{'byName':[{'name':'a','value':'2','on':true}]}"},
        {"without order, new elements go first", "{'byName':[{'name':'a'}]}",
         "{'byName':[{'name':'b'}]}", "{'byName':[{'name':'b'},{'name':'a'}]}"},
        {"$setElementOrder places them, server-only elements keep their place",
         "{'byName':[{'name':'s'},{'name':'a'}]}",
         "{'byName':[{'name':'b'}],'$setElementOrder/byName':[{'name':'a'},{'name':'b'}]}",
         "{'byName':[{'name':'s'},{'name':'a'},{'name':'b'}]}"},
        {"order alone reorders", "{'byName':[{'name':'a'},{'name':'b'}]}",
         "{'$setElementOrder/byName':[{'name':'b'},{'name':'a'}]}",
         "{'byName':[{'name':'b'},{'name':'a'}]}"},
        {"order of a list that nobody has", "{}", "{'$setElementOrder/byName':[{'name':'b'}]}",
         "{}"},
        {"the patch list must follow the order", "{'byName':[]}",
         "{'byName':[{'name':'b'},{'name':'a'}],'$setElementOrder/"
         "byName':[{'name':'a'},{'name':'b'}]}",
         "error: BadPatchFormat"},
        {"delete takes every element of that key",
         "{'byName':[{'name':'a'},{'name':'b'},{'name':'a'}]}",
         "{'byName':[{'name':'a','$patch':'delete'}]}", "{'byName':[{'name':'b'}]}"},
        {"replace anywhere: exactly the other elements", "{'byName':[{'name':'a'},{'name':'b'}]}",
         "{'byName':[{'name':'c'},{'$patch':'replace'}]}", "{'byName':[{'name':'c'}]}"},
        {"merge as a list directive", "{'byName':[{'name':'a'}]}",
         "{'byName':[{'name':'a','$patch':'merge'}]}", "error: BadPatchFormat"},
        {"an element without merge key", "{'byName':[{'name':'a'}]}", "{'byName':[{'value':'a'}]}",
         "error: NoMergeKey"},
        {"scalars are added once", "{'words':['a','b']}", "{'words':['b','c']}",
         "{'words':['a','b','c']}"},
        {"$deleteFromPrimitiveList", "{'words':['a','b','a']}",
         "{'$deleteFromPrimitiveList/words':['a']}", "{'words':['b']}"},
        {"$deleteFromPrimitiveList works whatever the strategy", "{'atomicWords':['a','b']}",
         "{'$deleteFromPrimitiveList/atomicWords':['a']}", "{'atomicWords':['b']}"},
        {"deletions and additions of one list",
         "{'byName':[{'name':'a'},{'name':'b'},{'name':'c'}]}",
         "{'byName':[{'name':'d'},{'name':'a','$patch':'delete'}],"
         "'$setElementOrder/byName':[{'name':'b'},{'name':'d'},{'name':'c'}]}",
         "{'byName':[{'name':'b'},{'name':'d'},{'name':'c'}]}"}}));

class MergePatchTable : public testing::TestWithParam<Row> {};
TEST_P(MergePatchTable, Row) { Check(GetParam(), PatchType::kMerge); }

// RFC 7386, appendix A, as far as the documents are objects.
INSTANTIATE_TEST_SUITE_P(
    Rfc7386, MergePatchTable,
    testing::ValuesIn(std::vector<Row>{
        {"replace", "{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
        {"add", "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
        {"delete", "{'a':'b'}", "{'a':null}", "{}"},
        {"delete one of two", "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}"},
        {"list by scalar", "{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
        {"scalar by list", "{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
        {"nested", "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
        {"lists are replaced whole", "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
        {"null in the target stays", "{'e':null}", "{'a':1}", "{'e':null,'a':1}"},
        {"nulls in a new map are dropped", "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
        {"integers stay exact", "{'a':9007199254740993}", "{'b':9223372036854775807}",
         "{'a':9007199254740993,'b':9223372036854775807}"}}));

class JsonPatchTable : public testing::TestWithParam<Row> {};
TEST_P(JsonPatchTable, Row) { Check(GetParam(), PatchType::kJson); }

INSTANTIATE_TEST_SUITE_P(
    Rfc6902, JsonPatchTable,
    testing::ValuesIn(std::vector<Row>{
        {"add a member", "{'a':1}", "[{'op':'add','path':'/b','value':2}]", "{'a':1,'b':2}"},
        {"add into a list", "{'a':[1,3]}", "[{'op':'add','path':'/a/1','value':2}]",
         "{'a':[1,2,3]}"},
        {"add to the end", "{'a':[1]}", "[{'op':'add','path':'/a/-','value':2}]", "{'a':[1,2]}"},
        {"remove", "{'a':1,'b':2}", "[{'op':'remove','path':'/a'}]", "{'b':2}"},
        {"replace", "{'a':{'b':1}}", "[{'op':'replace','path':'/a/b','value':2}]", "{'a':{'b':2}}"},
        {"test that holds", "{'a':1}", "[{'op':'test','path':'/a','value':1}]", "{'a':1}"},
        {"test that fails", "{'a':1}", "[{'op':'test','path':'/a','value':2}]",
         "error: BadPatchFormat"},
        {"escaped names", "{'a/b':1,'c~d':2}",
         "[{'op':'remove','path':'/a~1b'},{'op':'remove','path':'/c~0d'}]", "{}"},
        {"a path that is not there", "{}", "[{'op':'remove','path':'/a'}]",
         "error: BadPatchFormat"},
        {"an index beyond the end", "{'a':[1]}", "[{'op':'replace','path':'/a/1','value':2}]",
         "error: BadPatchFormat"},
        {"an operation that is not supported", "{'a':1}", "[{'op':'move','path':'/b','from':'/a'}]",
         "error: BadRequest"},
        {"no list", "{}", "{}", "error: BadPatchFormat"}}));

TEST(Apply, DocumentsAreObjects) {
  const Result<object::Value> result =
      Apply(Json("[]"), Json("{}"), PatchType::kStrategic, ToyType("toy.Node"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(Split(result.error()).error_class, "BadJson");
}

TEST(Apply, StrategicNeedsASchema) {
  const Result<object::Value> result = Apply(Json("{}"), Json("{}"), PatchType::kStrategic, {});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(Split(result.error()).error_class, "BadRequest");
}

TEST(JsonThreeWay, AddsChangesAndRemovesOurs) {
  const Result<ThreeWay> three =
      JsonThreeWay(Json("{'gone':1,'same':1}"), Json("{'same':1,'new':{},'list':[1,2]}"),
                   Json("{'gone':1,'same':2,'list':[1],'theirs':1}"));
  ASSERT_TRUE(three.has_value());
  EXPECT_EQ(Text(three->patch), Text(Json("{'gone':null,'same':1,'new':{},'list':[1,2]}")));
}

}  // namespace
}  // namespace dunlin::merge
