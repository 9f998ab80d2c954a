#include "agent/app/parent_objects.h"

#include <utility>

#include "protocol/object/json.h"

namespace dunlin::app {

namespace {

using Outcome = std::optional<sync::ApiFailure>;

sync::Request ForConfigMap(sync::Verb verb, const object::ResourceKey& key) {
  sync::Request out;
  out.verb = verb;
  out.key = key;
  out.api_version = "v1";
  out.plural = "configmaps";
  return out;
}

sync::Request ForNamespace(const std::string& name) {
  sync::Request out;
  out.verb = sync::Verb::kCreate;
  out.key = {"", "Namespace", "", name};
  out.api_version = "v1";
  out.plural = "namespaces";
  out.namespaced = false;
  out.body = object::CanonicalJson(object::Object{
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", object::Object{{"name", name}}}});
  return out;
}

Task<Outcome> Send(kube::Kube& kube, sync::Request request) {
  auto answer = co_await kube.Send(std::move(request));
  if (!answer) co_return Outcome(LostAnswer(answer.error()));
  co_return std::move(answer->failure);
}

}  // namespace

sync::ApiFailure LostAnswer(const Error& error) {
  sync::ApiFailure out;
  out.code = error.code;
  out.message = error.message;
  return out;
}

Task<Outcome> WriteParent(kube::Kube& kube, object::Value config_map) {
  CO_TRY(const object::ResourceKey key, object::ResourceKey::Of(config_map));
  const Bytes body = object::CanonicalJson(config_map);
  sync::Request patch = ForConfigMap(sync::Verb::kPatch, key);
  patch.content_type = "application/merge-patch+json";
  patch.body = body;
  CO_TRY(Outcome refused, co_await Send(kube, std::move(patch)));
  if (!refused || refused->http != 404) co_return refused;

  sync::Request create = ForConfigMap(sync::Verb::kCreate, key);
  create.body = body;
  sync::Request again = create;
  CO_TRY(refused, co_await Send(kube, std::move(create)));
  if (!refused || refused->http != 404) co_return refused;

  sync::Request space = ForNamespace(key.namespace_);
  CO_TRY(refused, co_await Send(kube, std::move(space)));
  if (refused && refused->http != 409) co_return refused;
  co_return co_await Send(kube, std::move(again));
}

Task<Outcome> RemoveParent(kube::Kube& kube, std::string namespace_, std::string name) {
  object::ResourceKey key;
  key.kind = "ConfigMap";
  key.namespace_ = std::move(namespace_);
  key.name = std::move(name);
  sync::Request request = ForConfigMap(sync::Verb::kDelete, key);
  co_return co_await Send(kube, std::move(request));
}

}  // namespace dunlin::app
