#include "agent/merge/normalize.h"

#include <string>
#include <string_view>

#include "agent/merge/errors.h"
#include "protocol/base/bytes.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Object;
using object::Value;

constexpr std::string_view kServerFields[] = {"managedFields", "resourceVersion",   "generation",
                                              "uid",           "creationTimestamp", "selfLink"};

// kubernetes#89938, #108008: the apiserver folds stringData into data and forgets it, so that a
// later three-way merge would blank the values.
Status FoldStringData(Object& secret) {
  const Value* strings = secret.if_contains("stringData");
  Object data;
  if (const Value* existing = secret.if_contains("data");
      existing != nullptr && existing->is_object()) {
    data = existing->get_object();
    for (auto& member : data) {
      if (member.value().is_null()) member.value() = "";
    }
  }
  const bool had_data = secret.contains("data");
  if (strings != nullptr && strings->is_object()) {
    for (const auto& member : strings->get_object()) {
      if (member.value().is_null()) {
        data[member.key()] = "";
      } else if (member.value().is_string()) {
        data[member.key()] = Base64Encode(object::View(member.value().get_string()));
      } else {
        return MakeMergeError(ErrorClass::kBadRequest, "/stringData/" + std::string(member.key()),
                              "a value of stringData is no string: quote it");
      }
    }
  }
  if (strings != nullptr) secret.erase("stringData");
  if (had_data || !data.empty()) secret["data"] = std::move(data);
  return {};
}

// A conversion webhook's CA that is only a placeholder for an injector ("Cg==") is rejected by
// apiservers of 1.31 on and would overwrite the injected one. A real certificate stays.
void DropPlaceholderCa(Object& crd) {
  Value* spec = crd.if_contains("spec");
  if (spec == nullptr) return;
  const Object* config = object::FindObject(*spec, {"conversion", "webhook", "clientConfig"});
  if (config == nullptr || !config->contains("caBundle")) return;
  const Value& bundle = config->at("caBundle");
  if (bundle.is_string()) {
    const Result<Bytes> decoded = Base64Decode(object::View(bundle.get_string()));
    if (decoded && decoded->find("-----BEGIN CERTIFICATE-----") != std::string::npos) return;
  }
  spec->get_object()["conversion"]
      .get_object()["webhook"]
      .get_object()["clientConfig"]
      .get_object()
      .erase("caBundle");
}

void FoldRules(Object& role) {
  if (role.contains("aggregationRule")) {
    role.erase("rules");  // the controller owns them
    return;
  }
  const auto it = role.find("rules");
  if (it != role.end() && it->value().is_array() && it->value().get_array().empty()) {
    it->value() = nullptr;
  }
}

std::string_view GroupOf(const Object& object) {
  const Value* api_version = object.if_contains("apiVersion");
  if (api_version == nullptr || !api_version->is_string()) return {};
  const std::string_view text = object::View(api_version->get_string());
  const size_t slash = text.find('/');
  return slash == std::string_view::npos ? std::string_view() : text.substr(0, slash);
}

}  // namespace

Result<Value> Normalize(const Value& object) {
  if (!object.is_object()) {
    return MakeMergeError(ErrorClass::kBadJson, "", "the document is not a JSON object");
  }
  Value result = object;
  Object& root = result.get_object();
  const Value* kind_value = root.if_contains("kind");
  const std::string kind(kind_value != nullptr && kind_value->is_string()
                             ? object::View(kind_value->get_string())
                             : std::string_view());
  const std::string group(GroupOf(root));
  const bool is_crd = group == "apiextensions.k8s.io" && kind == "CustomResourceDefinition";
  if (!is_crd) root.erase("status");
  if (Value* metadata = root.if_contains("metadata");
      metadata != nullptr && metadata->is_object()) {
    for (const std::string_view field : kServerFields) metadata->get_object().erase(field);
  }
  if (group.empty() && kind == "Secret") {
    TRY_VOID(FoldStringData(root));
  }
  if (is_crd) DropPlaceholderCa(root);
  if (group == "rbac.authorization.k8s.io" && (kind == "Role" || kind == "ClusterRole")) {
    FoldRules(root);
  }
  return result;
}

void StripNulls(Value& value) {
  if (Object* map = value.if_object(); map != nullptr) {
    for (auto it = map->begin(); it != map->end();) {
      if (it->value().is_null()) {
        it = map->erase(it);
      } else {
        StripNulls(it->value());
        ++it;
      }
    }
  } else if (Array* list = value.if_array(); list != nullptr) {
    for (Value& element : *list) StripNulls(element);
  }
}

}  // namespace dunlin::merge
