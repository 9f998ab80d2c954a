#include "agent/app/parent_objects.h"

#include <utility>

#include "agent/plan/stamp.h"
#include "protocol/object/json.h"

namespace dunlin::app {

namespace {

using Outcome = ParentObjects::Outcome;

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

std::string UidOf(const object::Value& object) {
  return std::string(object::FindString(object, {"metadata", "uid"}));
}

sync::ApiFailure Foreign(const object::ResourceKey& key) {
  sync::ApiFailure out;
  out.http = 409;
  out.code = Errc::kConflict;
  out.reason = sync::kForeignParent;
  out.message = key.Text() + " exists and was not made by Dunlin";
  return out;
}

}  // namespace

sync::ApiFailure LostAnswer(const Error& error) {
  sync::ApiFailure out;
  out.code = error.code;
  out.message = error.message;
  return out;
}

Task<sync::ApiAnswer> ParentObjects::Send(sync::Request request) {
  auto answer = co_await kube_.Send(std::move(request));
  if (answer) co_return std::move(*answer);
  sync::ApiAnswer lost;
  lost.failure = LostAnswer(answer.error());
  co_return lost;
}

Task<Outcome> ParentObjects::Create(object::ResourceKey key, Bytes body) {
  sync::Request create = ForConfigMap(sync::Verb::kCreate, key);
  create.body = std::move(body);
  sync::Request again = create;
  CO_TRY(sync::ApiAnswer answer, co_await Send(std::move(create)));
  if (!answer.ok() && answer.failure->http == 404) {
    sync::Request space = ForNamespace(key.namespace_);
    CO_TRY(sync::ApiAnswer made, co_await Send(std::move(space)));
    if (!made.ok() && made.failure->http != 409) co_return std::move(made.failure);
    CO_TRY(answer, co_await Send(std::move(again)));
  }
  if (answer.ok()) uids_[key.name] = UidOf(answer.object);
  co_return std::move(answer.failure);
}

Task<Outcome> ParentObjects::Patch(object::ResourceKey key, object::Value config_map) {
  // With another UID in it the apiserver refuses the patch: 409.
  config_map.as_object()["metadata"].as_object()["uid"] = uids_[key.name];
  sync::Request patch = ForConfigMap(sync::Verb::kPatch, key);
  patch.content_type = "application/merge-patch+json";
  patch.body = object::CanonicalJson(config_map);
  CO_TRY(sync::ApiAnswer answer, co_await Send(std::move(patch)));
  co_return std::move(answer.failure);
}

Task<Outcome> ParentObjects::Write(object::Value config_map) {
  CO_TRY(const object::ResourceKey key, object::ResourceKey::Of(config_map));
  if (uids_.contains(key.name)) {
    CO_TRY(Outcome refused, co_await Patch(key, config_map));
    const bool another = refused && (refused->http == 404 || refused->http == 409);
    if (!another) co_return refused;
    uids_.erase(key.name);
  }
  Bytes body = object::CanonicalJson(config_map);
  CO_TRY(Outcome refused, co_await Create(key, std::move(body)));
  if (!refused || refused->http != 409) co_return refused;

  sync::Request get = ForConfigMap(sync::Verb::kGet, key);
  CO_TRY(sync::ApiAnswer there, co_await Send(std::move(get)));
  if (!there.ok()) co_return std::move(there.failure);
  const std::string id(
      object::FindString(config_map, {"metadata", "labels", plan::kApplySetIdLabel}));
  if (!plan::IsParent(there.object, id)) co_return Outcome(Foreign(key));
  uids_[key.name] = UidOf(there.object);
  co_return co_await Patch(key, std::move(config_map));
}

Task<Outcome> ParentObjects::Remove(sync::RemoveParent parent) {
  const object::ResourceKey key{"", "ConfigMap", parent.namespace_, parent.name};
  sync::Request get = ForConfigMap(sync::Verb::kGet, key);
  CO_TRY(sync::ApiAnswer there, co_await Send(std::move(get)));
  if (!there.ok()) co_return std::move(there.failure);
  uids_.erase(key.name);
  if (!plan::IsParent(there.object, plan::ApplySetId(parent.app, parent.namespace_))) {
    co_return Outcome();
  }
  sync::Request request = ForConfigMap(sync::Verb::kDelete, key);
  request.body = object::CanonicalJson(
      object::Object{{"apiVersion", "v1"},
                     {"kind", "DeleteOptions"},
                     {"preconditions", object::Object{{"uid", UidOf(there.object)}}}});
  CO_TRY(sync::ApiAnswer gone, co_await Send(std::move(request)));
  co_return std::move(gone.failure);
}

}  // namespace dunlin::app
