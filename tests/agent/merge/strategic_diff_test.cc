// Creation of strategic patches (merge.md section 4): one row a rule. The toy schema has every list
// strategy; tests/oracle compares many more cases with upstream.
#include "agent/merge/apply.h"
#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

struct Row {
  const char* rule;
  const char* original;
  const char* modified;
  const char* patch;  // or "error: CLASS"
};

std::string Outcome(const Result<object::Value>& result) {
  return result ? Text(*result) : "error: " + Split(result.error()).error_class;
}

// The patch as it is written in the row, in canonical form.
std::string Expected(const char* text) {
  return std::string_view(text).starts_with("error") ? text : Text(Json(text));
}

class Diff2Table : public testing::TestWithParam<Row> {};

TEST_P(Diff2Table, Row) {
  const Row& row = GetParam();
  EXPECT_EQ(Outcome(Diff2(Json(row.original), Json(row.modified), ToyType("toy.Node"))),
            Expected(row.patch))
      << row.rule;
}

INSTANTIATE_TEST_SUITE_P(
    Maps, Diff2Table,
    testing::ValuesIn(std::vector<Row>{
        {"equal documents have an empty patch", "{'name':'a','leaf':{'count':1}}",
         "{'leaf':{'count':1},'name':'a'}", "{}"},
        {"a new key comes with its value, nulls included", "{}", "{'name':null,'leaf':{'on':null}}",
         "{'name':null,'leaf':{'on':null}}"},
        {"a key that is gone becomes null", "{'name':'a','value':'b'}", "{'value':'b'}",
         "{'name':null}"},
        {"another JSON type replaces", "{'name':'a'}", "{'name':{'x':1}}", "{'name':{'x':1}}"},
        {"integer and double are two types", "{'count':1}", "{'count':1.5}", "{'count':1.5}"},
        {"a map recurses and is set only when something differs", "{'leaf':{'count':1,'on':true}}",
         "{'leaf':{'count':2,'on':true}}", "{'leaf':{'count':2}}"},
        {"strategy replace sends the map even when it is equal", "{'replaced':{'name':'a'}}",
         "{'replaced':{'name':'a'}}", "{'replaced':{'name':'a'}}"},
        {"retainKeys names what stays when something changed", "{'union':{'type':'l','left':{}}}",
         "{'union':{'type':'r','right':{}}}",
         "{'union':{'type':'r','right':{},'left':null,'$retainKeys':['right','type']}}"},
        {"retainKeys leaves out null values", "{'union':{'type':'l','third':'x'}}",
         "{'union':{'type':'r','third':null}}",
         "{'union':{'type':'r','third':null,'$retainKeys':['type']}}"},
        {"no retainKeys when nothing changed", "{'union':{'type':'l'}}", "{'union':{'type':'l'}}",
         "{}"},
        {"$patch on both sides: the new text", "{'leaf':{'$patch':'a'}}", "{'leaf':{'$patch':'b'}}",
         "{'leaf':{'$patch':'b'}}"},
        {"$patch that is no string", "{'leaf':{'$patch':1}}", "{'leaf':{'$patch':'b'}}",
         "error: BadPatchFormat"},
        {"an unknown map that is equal is skipped", "{'what':{'a':1}}", "{'what':{'a':1}}", "{}"},
        {"an unknown map that differs", "{'what':{'a':1}}", "{'what':{'a':2}}",
         "error: UnknownField"},
        {"an unknown list that differs", "{'what':[1]}", "{'what':[2]}", "error: UnknownField"},
        {"an unknown scalar needs no schema", "{'what':1}", "{'what':2}", "{'what':2}"},
        {"a $ref that leads nowhere", "{'dangling':{'a':1}}", "{'dangling':{'a':2}}",
         "error: UnknownField"},
        {"two strategies that exclude each other", "{'odd':[{'name':'a'}]}",
         "{'odd':[{'name':'a','on':true}]}", "error: BadPatchFormat"}}));

INSTANTIATE_TEST_SUITE_P(
    Lists, Diff2Table,
    testing::ValuesIn(std::vector<Row>{
        {"lists without strategy are replaced whole", "{'bareLeaves':[{'name':'a'},{'name':'b'}]}",
         "{'bareLeaves':[{'name':'a'}]}", "{'bareLeaves':[{'name':'a'}]}"},
        {"strategy replace replaces", "{'replacedList':[{'name':'a'}]}", "{'replacedList':[]}",
         "{'replacedList':[]}"},
        {"from an empty list: whole, without order", "{'byName':[]}", "{'byName':[{'name':'a'}]}",
         "{'byName':[{'name':'a'}]}"},
        {"a changed element is named by its key",
         "{'byName':[{'name':'a','value':'1'},{'name':'b'}]}",
         "{'byName':[{'name':'a','value':'2'},{'name':'b'}]}",
         "{'byName':[{'name':'a','value':'2'}],'$setElementOrder/"
         "byName':[{'name':'a'},{'name':'b'}]}"},
        {"deletions go last", "{'byName':[{'name':'a'},{'name':'b'}]}",
         "{'byName':[{'name':'c'},{'name':'b'}]}",
         "{'byName':[{'name':'c'},{'name':'a','$patch':'delete'}],"
         "'$setElementOrder/byName':[{'name':'c'},{'name':'b'}]}"},
        {"only the order differs", "{'byName':[{'name':'a'},{'name':'b'}]}",
         "{'byName':[{'name':'b'},{'name':'a'}]}",
         "{'$setElementOrder/byName':[{'name':'b'},{'name':'a'}]}"},
        {"an element without merge key", "{'byName':[{'name':'a'}]}", "{'byName':[{'value':'a'}]}",
         "error: NoMergeKey"},
        {"elements of two types", "{'byName':[{'name':'a'}]}", "{'byName':[{'name':'a'},1]}",
         "error: MixedTypes"},
        {"null elements", "{'byName':[null]}", "{'byName':[{'name':'a'}]}", "error: NullElement"},
        {"lists of lists", "{'words':[['a']]}", "{'words':[['b']]}", "error: ListOfLists"},
        {"retainKeys reaches into the elements", "{'keyedUnions':[{'name':'a','third':'x'}]}",
         "{'keyedUnions':[{'name':'a','type':'t'}]}",
         "{'keyedUnions':[{'name':'a','third':null,'type':'t','$retainKeys':['name','type']}],"
         "'$setElementOrder/keyedUnions':[{'name':'a'}]}"},
        {"scalars: additions, deletions, order", "{'words':['a','b']}", "{'words':['c','b']}",
         "{'words':['c'],'$deleteFromPrimitiveList/words':['a'],'$setElementOrder/"
         "words':['c','b']}"},
        {"scalars in another order than the sorted original", "{'words':['a','b']}",
         "{'words':['b','a']}", "{'$setElementOrder/words':['b','a']}"},
        {"the original is sorted before the comparison", "{'words':['b','a']}",
         "{'words':['a','b']}", "{}"},
        {"deleted scalars are named once", "{'words':['a','a','b']}", "{'words':['b']}",
         "{'$deleteFromPrimitiveList/words':['a'],'$setElementOrder/words':['b']}"}}));

TEST(StrategicThreeWay, ForeignFieldsStayAndRemovedOnesGo) {
  const Result<ThreeWay> three =
      StrategicThreeWay(Json("{'name':'a','value':'gone'}"), Json("{'name':'b'}"),
                        Json("{'name':'a','value':'gone','count':7}"), ToyType("toy.Node"), true);
  ASSERT_TRUE(three.has_value());
  EXPECT_EQ(Text(three->patch), Text(Json("{'name':'b','value':null}")));
}

struct ConflictRow {
  const char* rule;
  const char* original;
  const char* modified;
  const char* current;
  std::vector<std::string> conflicts;
};

class ConflictTable : public testing::TestWithParam<ConflictRow> {};

TEST_P(ConflictTable, Row) {
  const ConflictRow& row = GetParam();
  const Result<ThreeWay> three = StrategicThreeWay(Json(row.original), Json(row.modified),
                                                   Json(row.current), ToyType("toy.Node"), false);
  ASSERT_TRUE(three.has_value()) << row.rule << ": " << three.error().message;
  EXPECT_EQ(three->conflicts, row.conflicts) << row.rule;
}

INSTANTIATE_TEST_SUITE_P(
    Overlap, ConflictTable,
    testing::ValuesIn(std::vector<ConflictRow>{
        {"both sides changed one scalar",
         "{'name':'a'}",
         "{'name':'b'}",
         "{'name':'c'}",
         {"/name"}},
        {"both sides made the same change", "{'name':'a'}", "{'name':'b'}", "{'name':'b'}", {}},
        {"only they changed it: it is set back",
         "{'name':'a'}",
         "{'name':'a'}",
         "{'name':'c'}",
         {"/name"}},
        {"different fields",
         "{'name':'a','value':'x'}",
         "{'name':'b','value':'x'}",
         "{'name':'a','value':'x','count':1}",
         {}},
        {"all conflicts are found",
         "{'name':'a','leaf':{'count':1}}",
         "{'name':'b','leaf':{'count':2}}",
         "{'name':'c','leaf':{'count':3}}",
         {"/leaf/count", "/name"}},
        {"strategy replace never conflicts",
         "{'replaced':{'name':'a'}}",
         "{'replaced':{'name':'b'}}",
         "{'replaced':{'name':'c'}}",
         {}},
        {"merged scalars never conflict",
         "{'words':['a']}",
         "{'words':['a','b']}",
         "{'words':['a','c']}",
         {}},
        {"elements are paired by key",
         "{'byName':[{'name':'a','value':'1'},{'name':'b','value':'1'}]}",
         "{'byName':[{'name':'a','value':'2'},{'name':'b','value':'1'}]}",
         "{'byName':[{'name':'a','value':'3'},{'name':'b','value':'1'}]}",
         {"/byName/0/value"}},
        {"atomic lists of another length",
         "{'atomicWords':['a']}",
         "{'atomicWords':['b']}",
         "{'atomicWords':['c','d']}",
         {"/atomicWords"}},
        {"atomic lists of one length, element by element",
         "{'atomicWords':['a','x']}",
         "{'atomicWords':['b','x']}",
         "{'atomicWords':['c','x']}",
         {"/atomicWords/0"}},
        {"atomic scalars are compared sorted",
         "{'atomicWords':['a']}",
         "{'atomicWords':['b','c']}",
         "{'atomicWords':['c','b']}",
         {}},
        {"a map against a scalar",
         "{'leaf':{'count':1}}",
         "{'leaf':{'count':2}}",
         "{'leaf':'x'}",
         {"/leaf"}}}));

}  // namespace
}  // namespace dunlin::merge
