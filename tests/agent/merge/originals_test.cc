// Several documents that may have been applied, as one original.
#include "agent/merge/originals.h"

#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

std::string Joined(std::initializer_list<const char*> originals, const char* live,
                   const char* gvk = "") {
  std::vector<object::Value> documents;
  for (const char* text : originals) documents.push_back(Json(text));
  std::vector<const object::Value*> pointers;
  for (const object::Value& document : documents) pointers.push_back(&document);
  const SchemaRef schema = *gvk == '\0' ? SchemaRef{} : KubernetesType(gvk);
  return Text(JoinOriginals(pointers, Json(live), schema));
}

TEST(JoinOriginals, HasEveryFieldOfAll) {
  EXPECT_EQ(
      Joined({"{'data':{'a':'1'}}", "{'data':{'a':'1','b':'2'}}", "{'data':{'c':'3'}}"}, "{}"),
      Text(Json("{'data':{'a':'1','b':'2','c':'3'}}")));
}

TEST(JoinOriginals, OfDifferingValuesTheLiveOneIsOurs) {
  EXPECT_EQ(Joined({"{'a':1}", "{'a':2}", "{'a':3}"}, "{'a':2}"), Text(Json("{'a':2}")));
  EXPECT_EQ(Joined({"{'a':1}", "{'a':2}"}, "{'a':9}"), Text(Json("{'a':1}")));
  EXPECT_EQ(Joined({"{'a':null}", "{'a':2}"}, "{}"), Text(Json("{'a':2}")));
  EXPECT_EQ(Joined({"{'a':2}", "{'a':null}"}, "{}"), Text(Json("{'a':2}")));
}

TEST(JoinOriginals, ListsWithKeysAreJoinedByElement) {
  const char* one = "{'spec':{'template':{'spec':{'containers':[{'name':'a','image':'a:1'}]}}}}";
  const char* two =
      "{'spec':{'template':{'spec':{'containers':[{'name':'b','image':'b:1'},"
      "{'name':'a','image':'a:1','tty':true}]}}}}";
  EXPECT_EQ(Joined({one, two}, "{}", "apps/v1/Deployment"),
            Text(Json("{'spec':{'template':{'spec':{'containers':[{'name':'a','image':'a:1',"
                      "'tty':true},{'name':'b','image':'b:1'}]}}}}")));
}

TEST(JoinOriginals, SetsAreJoinedAndAtomicListsAreNot) {
  EXPECT_EQ(Joined({"{'metadata':{'finalizers':['a']}}", "{'metadata':{'finalizers':['b']}}"}, "{}",
                   "apps/v1/Deployment"),
            Text(Json("{'metadata':{'finalizers':['a','b']}}")));
  EXPECT_EQ(Joined({"{'list':[1]}", "{'list':[2]}"}, "{'list':[2]}"), Text(Json("{'list':[2]}")));
}

// The point of it: what any of them set goes when desired no longer has it.
TEST(JoinOriginals, AMergeRemovesWhatAnyOfThemHad) {
  const std::string last =
      Joined({"{'data':{'a':'1'}}", "{'data':{'a':'1','b':'2'}}"}, "{'data':{'a':'1','b':'2'}}");
  EXPECT_EQ(
      (Case{"", last, "{'data':{'a':'1'}}", "{'data':{'a':'1','b':'2','theirs':'x'}}"}).Patch(),
      Text(Json("{'data':{'b':null}}")));
}

}  // namespace
}  // namespace dunlin::merge
