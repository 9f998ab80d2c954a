#include "agent/merge/batch.h"

#include "agent/merge/apply.h"
#include "agent/merge/errors.h"
#include "agent/merge/merge.h"
#include "agent/merge/normalize.h"
#include "agent/merge/quantity.h"
#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::merge {
namespace {

using object::Object;
using object::Value;

Error Bad(std::string_view message) { return MakeMergeError(ErrorClass::kBadRequest, "", message); }

// One request while it is answered.
class Request {
 public:
  Request(const Object& request, const SchemaSource& schemas, const HealthRule& health)
      : request_(request), schemas_(schemas), health_(health) {}

  // Fills `answer` with what belongs to the op.
  Status Answer(Object& answer) {
    TRY(const std::string_view op, Text("op"));
    using Handler = Status (Request::*)(Object&);
    struct Row {
      std::string_view op;
      Handler handler;
    };
    static constexpr Row kRows[] = {
        {"merge3", &Request::Merge3},         {"jsonmerge3", &Request::JsonMerge3},
        {"diff2", &Request::TwoWay},          {"patch", &Request::Patch},
        {"mergepatch", &Request::MergePatch}, {"sortlists", &Request::Sorted},
        {"normalize", &Request::Normalized},  {"health", &Request::Health},
        {"quantity", &Request::Quantity},
    };
    for (const Row& row : kRows) {
      if (row.op == op) return (this->*row.handler)(answer);
    }
    return Bad("op \"" + std::string(op) + "\" is unknown");
  }

 private:
  Status Merge3(Object& answer) {
    TRY(const ResolvedSchema schema, Schema());
    if (!schema.ref) return Bad("merge3 needs a schema or a gvk; without one there is jsonmerge3");
    return ThreeWay(schema, answer);
  }
  Status JsonMerge3(Object& answer) {
    TRY(ResolvedSchema schema, Schema());
    schema.strategic = false;
    return ThreeWay(schema, answer);
  }
  Status ThreeWay(const ResolvedSchema& schema, Object& answer) {
    TRY(Value original, Document("original"));
    TRY(Value modified, Document("modified"));
    TRY(const Value current, Document("current"));
    TRY(const bool overwrite, Flag("overwrite", true));
    TRY(const bool native, IsNative());
    if (native) {
      TRY(original, Normalize(original));
      TRY(modified, Normalize(modified));
    }
    MergeInput input;
    input.last = &original;
    input.desired = &modified;
    input.live = &current;
    input.schema = schema.ref;
    input.strategic = schema.strategic;
    input.compat = native ? Compat::kNative : Compat::kKubectl;
    input.overwrite = overwrite;
    TRY(MergeOutcome outcome, Merge(input));
    answer["patch"] = outcome.kind == MergeKind::kNone ? Value(Object()) : std::move(outcome.body);
    object::Array pointers(outcome.conflicts.begin(), outcome.conflicts.end());
    const bool refused = !native && !overwrite && !pointers.empty();
    if (!pointers.empty()) answer["conflicts"] = std::move(pointers);
    if (!refused) return {};
    return MakeMergeError(ErrorClass::kConflict, outcome.conflicts.front(),
                          "the field was changed by somebody else");
  }
  Status TwoWay(Object& answer) {
    TRY(const ResolvedSchema schema, Schema());
    TRY(const Value original, Document("original"));
    TRY(const Value modified, Document("modified"));
    TRY(answer["patch"], Diff2(original, modified, schema.ref));
    return {};
  }
  Status Patch(Object& answer) {
    TRY(const ResolvedSchema schema, Schema());
    return Applied(PatchType::kStrategic, schema.ref, answer);
  }
  Status MergePatch(Object& answer) { return Applied(PatchType::kMerge, {}, answer); }
  Status Applied(PatchType type, SchemaRef schema, Object& answer) {
    TRY(const Value current, Document("current"));
    TRY(const Value patch, Document("patch"));
    TRY(answer["result"], Apply(current, patch, type, schema));
    return {};
  }
  Status Sorted(Object& answer) {
    TRY(const ResolvedSchema schema, Schema());
    TRY(const Value object, Document("object"));
    TRY(answer["result"], SortLists(object, schema.ref));
    return {};
  }
  Status Normalized(Object& answer) {
    TRY(const Value object, Document("object"));
    TRY(answer["result"], Normalize(object));
    return {};
  }
  Status Health(Object& answer) {
    if (!health_) return Bad("op \"health\" is not available here");
    TRY(const Value object, Document("object"));
    std::string_view now;
    if (request_.contains("now")) {
      TRY(now, Text("now"));
    }
    TRY(answer["health"], health_(object, now));
    return {};
  }
  Status Quantity(Object& answer) {
    TRY(const std::string_view a, Text("a"));
    TRY(const std::string_view b, Text("b"));
    TRY(const int order, CompareQuantities(a, b));
    answer["equal"] = order == 0;
    return {};
  }

  Result<std::string_view> Text(std::string_view key) const {
    const Value* value = request_.if_contains(key);
    if (value == nullptr || !value->is_string()) {
      return Bad("\"" + std::string(key) + "\" is missing or no string");
    }
    return object::View(value->get_string());
  }
  Result<bool> Flag(std::string_view key, bool fallback) const {
    const Value* value = request_.if_contains(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (!value->is_bool()) return Bad("\"" + std::string(key) + "\" is neither true nor false");
    return value->get_bool();
  }
  Result<bool> IsNative() const {
    if (!request_.contains("compat")) return false;
    TRY(const std::string_view compat, Text("compat"));
    if (compat != "native" && compat != "kubectl") return Bad("compat is native or kubectl");
    return compat == "native";
  }
  // An absent or empty document counts as {}.
  Result<Value> Document(std::string_view key) const {
    const Value* value = request_.if_contains(key);
    if (value == nullptr || (value->is_string() && value->get_string().empty())) {
      return Value(Object());
    }
    if (!value->is_object()) {
      return MakeMergeError(ErrorClass::kBadJson, "",
                            "\"" + std::string(key) + "\" is not a JSON object");
    }
    return *value;
  }
  Result<ResolvedSchema> Schema() const {
    SchemaQuery query;
    if (const Value* schema = request_.if_contains("schema"); schema != nullptr) {
      query.file = object::FindString(*schema, {"file"});
      query.type = object::FindString(*schema, {"type"});
    } else if (request_.contains("gvk")) {
      TRY(query.gvk, Text("gvk"));
    } else {
      return ResolvedSchema{};
    }
    return schemas_(query);
  }

  const Object& request_;
  const SchemaSource& schemas_;
  const HealthRule& health_;
};

Object ErrorOf(const Error& error) {
  ErrorParts parts = Split(error);
  if (parts.error_class.empty()) {
    const bool json = error.code == Errc::kCorrupt || error.code == Errc::kLimit;
    parts.error_class = Name(json ? ErrorClass::kBadJson : ErrorClass::kBadRequest);
  }
  return {{"class", parts.error_class}, {"path", parts.pointer}, {"message", parts.message}};
}

}  // namespace

std::string AnswerLine(std::string_view line, const SchemaSource& schemas,
                       const HealthRule& health) {
  // Two levels more than the documents: the request itself and its members.
  const object::ParseOptions options{limits::kMergeDocumentDepth + 2, limits::kBatchLineBytes};
  const Result<Value> parsed = object::ParseJson(line, options);
  Object answer;
  answer["id"] = nullptr;
  if (!parsed || !parsed->is_object()) {
    answer["ok"] = false;
    answer["error"] = ErrorOf(
        parsed ? MakeMergeError(ErrorClass::kBadJson, "", "the request is not a JSON object")
               : parsed.error());
    return object::CanonicalJson(answer);
  }
  const Object& request = parsed->get_object();
  if (const Value* id = request.if_contains("id"); id != nullptr) answer["id"] = *id;
  const Status status = Request(request, schemas, health).Answer(answer);
  answer["ok"] = status.has_value();
  if (!status) answer["error"] = ErrorOf(status.error());
  return object::CanonicalJson(answer);
}

}  // namespace dunlin::merge
