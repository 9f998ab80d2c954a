#include "hub/render/job_codec.h"

#include <map>
#include <set>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"

namespace dunlin::render {
namespace {

constexpr object::ParseOptions kAnswerJson{.max_depth = limits::kBundleObjectDepth + 10,
                                           .max_bytes = limits::kRenderOutputBytes};

Error Corrupt(const std::string& what) {
  return MakeError(Errc::kCorrupt, "the render worker answers " + what);
}

object::Array ListOf(const std::vector<std::string>& texts) {
  object::Array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

std::vector<std::string> Strings(const object::Value& value, std::string_view name) {
  std::vector<std::string> texts;
  const object::Array* list = object::FindArray(value, {name});
  if (list == nullptr) return texts;
  for (const object::Value& item : *list) {
    if (item.is_string()) texts.emplace_back(object::View(item.get_string()));
  }
  return texts;
}

Result<object::Value> TargetJson(const RenderTarget& target) {
  object::Object json;
  json["id"] = target.id;
  json["path"] = target.path;
  json["kind"] = target.kind;
  json["namespace"] = target.namespace_;
  json["kubeVersion"] = target.kube_version;
  json["apiVersions"] = ListOf(target.api_versions);
  if (!target.options.empty()) {
    TRY(object::Value options,
        object::ParseJson(target.options, {.max_depth = limits::kRenderOptionsDepth}));
    if (!options.is_object()) {
      return MakeError(Errc::kInvalidArgument, "the render options are no JSON object");
    }
    json["options"] = std::move(options);
  }
  return object::Value(std::move(json));
}

RenderFault FaultOf(const object::Value& error) {
  RenderFault fault;
  fault.code = object::FindString(error, {"code"});
  fault.message = object::FindString(error, {"message"});
  fault.path = object::FindString(error, {"path"});
  fault.line = static_cast<int>(object::FindInt(error, {"line"}).value_or(0));
  return fault;
}

Result<CatalogDocument> DocumentOf(object::Value& item) {
  CatalogDocument document;
  document.file = object::FindString(item, {"file"});
  document.line = static_cast<int>(object::FindInt(item, {"line"}).value_or(0));
  if (const object::Value* error = object::Find(item, {"error"})) {
    document.fault = FaultOf(*error);
    return document;
  }
  object::Object* fields = item.if_object();
  object::Value* object = fields == nullptr ? nullptr : fields->if_contains("object");
  if (object == nullptr) return Corrupt("a document without an object");
  document.object = std::move(*object);
  return document;
}

Result<TargetAnswer> AnswerOf(object::Value line) {
  TargetAnswer answer;
  answer.id = object::FindString(line, {"id"});
  answer.kind = object::FindString(line, {"kind"});
  answer.warnings = Strings(line, "warnings");
  answer.read = Strings(line, "read");
  answer.missing = Strings(line, "missing");
  answer.uses_api_versions = answer.kind == "helm";
  if (const object::Value* error = object::Find(line, {"error"})) {
    answer.fault = FaultOf(*error);
    return answer;
  }
  object::Object& fields = line.get_object();  // it has an id, so it is an object
  const bool is_catalog = answer.kind == "catalog";
  object::Value* list = fields.if_contains(is_catalog ? "documents" : "objects");
  if (list == nullptr || !list->is_array()) return Corrupt("neither objects nor an error");
  for (object::Value& item : list->get_array()) {
    if (is_catalog) {
      TRY(CatalogDocument document, DocumentOf(item));
      answer.documents.push_back(std::move(document));
      continue;
    }
    if (!item.is_object()) return Corrupt("something that is no object");
    answer.objects.push_back(std::move(item));
  }
  return answer;
}

Errc CodeOf(std::string_view code) {
  if (code == kFaultLost) return Errc::kUnavailable;
  if (code == "REQUEST_INVALID" || code == "RENDER_CRASH") return Errc::kInternal;
  if (code == "RENDER_MISSING") return Errc::kNotFound;
  if (code == "RENDER_REMOTE" || code == "RENDER_PLUGIN") return Errc::kUnsupported;
  if (code == "SOURCE_LIMIT" || code == "YAML_LIMIT" || code == kFaultLimit ||
      code == kFaultTimeout || code == kFaultMemory) {
    return Errc::kLimit;
  }
  return Errc::kInvalidArgument;
}

}  // namespace

Error RenderFault::ToError() const {
  std::string text = code + ": ";
  if (!path.empty()) text += path + (line > 0 ? ":" + std::to_string(line) : "") + ": ";
  return MakeError(CodeOf(code), text + message);
}

Result<std::string> EncodeJob(const std::vector<RenderTarget>& targets, const JobLimits& limits) {
  object::Array list;
  std::set<std::string_view> ids;
  for (const RenderTarget& target : targets) {
    if (target.id.empty() || !ids.insert(target.id).second) {
      return MakeError(Errc::kInvalidArgument, "a render target's id is empty or not unique");
    }
    auto json = TargetJson(target).WithContext("render target " + target.id);
    if (!json) return json.error();
    list.push_back(std::move(*json));
  }
  object::Object job;
  job["limits"] = {{"memoryBytes", limits.memory_bytes}, {"timeoutMs", limits.time.count()}};
  job["targets"] = std::move(list);
  std::string line = object::CanonicalJson(object::Value(std::move(job))) + "\n";
  if (line.size() > limits::kRenderRequestBytes) {
    return MakeError(Errc::kLimit, "the render options of all targets together are too large");
  }
  return line;
}

Status CheckReadyLine(std::string_view line) {
  const auto json = object::ParseJson(line, {.max_depth = 4, .max_bytes = limits::kReadyLineBytes});
  if (!json || !object::FindBool(*json, {"ready"}).value_or(false)) {
    return Corrupt("\"" + std::string(line.substr(0, 200)) + "\" when it should be ready");
  }
  const int64_t protocol = object::FindInt(*json, {"protocol"}).value_or(0);
  if (protocol == kWorkerProtocol) return {};
  return MakeError(Errc::kUnsupported, "dunlin-render speaks protocol " + std::to_string(protocol) +
                                           ", the hub speaks " + std::to_string(kWorkerProtocol) +
                                           "; install both from one release");
}

Result<RenderAnswer> DecodeAnswers(std::string_view output,
                                   const std::vector<RenderTarget>& targets,
                                   const RenderFault& lost) {
  RenderAnswer answers;
  while (!output.empty()) {
    const size_t end = output.find('\n');
    if (end == std::string_view::npos) break;  // the worker was stopped in the middle of a line
    TRY(object::Value line, object::ParseJson(output.substr(0, end), kAnswerJson));
    output.remove_prefix(end + 1);
    if (const object::Value* fatal = object::Find(line, {"fatal"}))
      return FaultOf(*fatal).ToError();
    const size_t next = answers.targets.size();
    if (next >= targets.size() || object::FindString(line, {"id"}) != targets[next].id) {
      return Corrupt("a target that was not asked for");
    }
    TRY(TargetAnswer answer, AnswerOf(std::move(line)));
    answers.targets.push_back(std::move(answer));
  }
  for (size_t i = answers.targets.size(); i < targets.size(); ++i) {
    TargetAnswer answer;
    answer.id = targets[i].id;
    answer.fault = lost;
    answers.targets.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace dunlin::render
