#include "agent/merge/batch.h"

#include "protocol/base/limits.h"
#include "tests/agent/merge/documents.h"

namespace dunlin::merge {
namespace {

Result<ResolvedSchema> Find(const SchemaQuery& query) {
  if (query.file == "toy") return ResolvedSchema{ToyType(query.type), true};
  if (query.gvk == "v1/Service") return ResolvedSchema{KubernetesType(query.gvk), true};
  return MakeError(Errc::kNotFound, "no such schema: name a file that exists");
}

std::string Ask(const std::string& line) { return AnswerLine(DoubleQuoted(line), Find); }

std::string Answer(const char* text) { return Text(Json(text)); }

TEST(Batch, EveryOperation) {
  const std::pair<const char*, const char*> rows[] = {
      {"{'id':1,'op':'merge3','schema':{'file':'toy','type':'toy.Node'},'original':{'name':'a'},"
       "'modified':{'count':2},'current':{'name':'a','count':1}}",
       "{'id':1,'ok':true,'patch':{'count':2,'name':null}}"},
      {"{'id':'x','op':'jsonmerge3','modified':{'a':{}},'current':{'b':1}}",
       "{'id':'x','ok':true,'patch':{'a':{}}}"},
      {"{'id':2,'op':'diff2','schema':{'file':'toy','type':'toy.Node'},'original':{'words':['a']},"
       "'modified':{'words':['a','b']}}",
       "{'id':2,'ok':true,'patch':{'words':['b'],'$setElementOrder/words':['a','b']}}"},
      {"{'id':3,'op':'patch','schema':{'file':'toy','type':'toy.Node'},"
       "'current':{'words':['a']},'patch':{'words':['b']}}",
       "{'id':3,'ok':true,'result':{'words':['b','a']}}"},
      {"{'id':4,'op':'mergepatch','current':{'a':1,'b':2},'patch':{'a':null}}",
       "{'id':4,'ok':true,'result':{'b':2}}"},
      {"{'id':5,'op':'sortlists','schema':{'file':'toy','type':'toy.Node'},"
       "'object':{'words':['b','a','b'],'byName':[{'name':'b'},{'name':'a'}]}}",
       "{'id':5,'ok':true,'result':{'words':['a','b'],'byName':[{'name':'a'},{'name':'b'}]}}"},
      {"{'id':6,'op':'normalize','object':{'kind':'X','status':{}}}",
       "{'id':6,'ok':true,'result':{'kind':'X'}}"},
      {"{'id':7,'op':'quantity','a':'1','b':'1000m'}", "{'id':7,'ok':true,'equal':true}"},
      {"{'id':8,'op':'merge3','gvk':'v1/Service','compat':'native',"
       "'modified':{'spec':{'type':'NodePort'}},'current':{'spec':{'type':'ClusterIP'}}}",
       "{'id':8,'ok':true,'patch':{'spec':{'type':'NodePort'}}}"},
  };
  for (const auto& [request, answer] : rows) EXPECT_EQ(Ask(request), Answer(answer)) << request;
}

TEST(Batch, ConflictsWithoutOverwrite) {
  const std::string documents =
      "'schema':{'file':'toy','type':'toy.Node'},'overwrite':false,'original':{'name':'a'},"
      "'modified':{'name':'b','count':1},'current':{'name':'c'}}";
  const object::Value kubectl = *object::ParseJson(Ask("{'id':1,'op':'merge3'," + documents));
  EXPECT_EQ(object::FindBool(kubectl, {"ok"}), false);
  EXPECT_EQ(object::FindString(kubectl, {"error", "class"}), "Conflict");
  EXPECT_EQ(Text(*object::Find(kubectl, {"conflicts"})), "[\"/name\"]");
  EXPECT_EQ(Ask("{'id':1,'op':'merge3','compat':'native'," + documents),
            Answer("{'id':1,'ok':true,'patch':{'count':1},'conflicts':['/name']}"));
}

TEST(Batch, BadRequestsAreAnswered) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "BadJson"},
      {"{", "BadJson"},
      {"[]", "BadJson"},
      {"{'op':'merge3','original':1,'schema':{'file':'toy','type':'toy.Node'}}", "BadJson"},
      {"{}", "BadRequest"},
      {"{'op':'what'}", "BadRequest"},
      {"{'op':1}", "BadRequest"},
      {"{'op':'merge3'}", "BadRequest"},
      {"{'op':'diff2'}", "BadRequest"},
      {"{'op':'merge3','schema':{'file':'none'}}", "BadRequest"},
      {"{'op':'merge3','gvk':1}", "BadRequest"},
      {"{'op':'jsonmerge3','overwrite':1}", "BadRequest"},
      {"{'op':'jsonmerge3','compat':'x'}", "BadRequest"},
      {"{'op':'quantity','a':'x','b':'1'}", "BadRequest"},
      {"{'op':'health','object':{}}", "BadRequest"},
  };
  for (const auto& [request, error_class] : rows) {
    const Result<object::Value> answer = object::ParseJson(Ask(request));
    ASSERT_TRUE(answer.has_value()) << request;
    EXPECT_EQ(object::FindBool(*answer, {"ok"}), false) << request;
    EXPECT_EQ(object::FindString(*answer, {"error", "class"}), error_class) << request;
    EXPECT_TRUE(object::Find(*answer, {"id"})->is_null()) << request;
  }
}

TEST(Batch, ALineAtTheLimitIsReadAndOneAboveIsNot) {
  std::string line = R"({"id":7,"op":"quantity","a":"1","b":"1000m"})";
  line.insert(1, limits::kBatchLineBytes - line.size(), ' ');
  EXPECT_EQ(AnswerLine(line, Find), Answer("{'id':7,'ok':true,'equal':true}"));
  const Result<object::Value> above = object::ParseJson(AnswerLine(line + " ", Find));
  ASSERT_TRUE(above.has_value());
  EXPECT_EQ(object::FindBool(*above, {"ok"}), false);
  EXPECT_EQ(object::FindString(*above, {"error", "class"}), "BadJson");
}

TEST(Batch, HealthIsAnsweredByTheRuleOfTheCaller) {
  const HealthRule rule = [](const object::Value&, std::string_view now) -> Result<object::Value> {
    return object::Value{{"status", "Current"}, {"message", now}};
  };
  EXPECT_EQ(AnswerLine(R"({"id":1,"op":"health","object":{},"now":"t"})", Find, rule),
            Answer("{'id':1,'ok':true,'health':{'status':'Current','message':'t'}}"));
}

}  // namespace
}  // namespace dunlin::merge
