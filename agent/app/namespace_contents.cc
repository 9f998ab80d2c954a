#include "agent/app/namespace_contents.h"

#include <utility>

#include "agent/app/parent_objects.h"
#include "agent/plan/namespace_contents.h"
#include "protocol/base/limits.h"

namespace dunlin::app {

namespace {

kube::Selection SelectionOf(const sync::LookInto& action, const plan::ListedKind& kind) {
  kube::Selection out;
  out.group = kind.kind.group;
  out.version = kind.version;
  out.plural = kind.plural;
  out.label.clear();
  out.namespace_ = action.namespace_;
  out.limit = limits::kForeignPageObjects;
  out.metadata_only = true;
  return out;
}

void Take(const sync::LookInto& action, const plan::ListedKind& kind, const kube::ListPage& page,
          const plan::KindTable& kinds, sync::LookedInto& out) {
  for (const object::Value& item : page.items) {
    const object::Value* metadata = object::Find(item, {"metadata"});
    if (metadata == nullptr) continue;
    const object::ResourceKey key{kind.kind.group, kind.kind.kind, action.namespace_,
                                  std::string(object::FindString(*metadata, {"name"}))};
    if (plan::GoesWithItsNamespace(key, *metadata, kinds)) continue;
    if (out.found.size() < limits::kNamedForeignObjects) out.found.push_back(key);
  }
}

sync::ApiFailure Unknown(Error error) {
  error.message = "discover: " + error.message;
  return LostAnswer(error);
}

}  // namespace

Task<sync::LookedInto> LookInto(kube::Kube& kube, sync::LookInto action) {
  sync::LookedInto out;
  out.id = action.id;
  // Of now: a kind that another team has added since nobody told us may be what the namespace
  // holds.
  auto facts = co_await kube.Discover();
  if (!facts) {
    out.failure = Unknown(facts.error());
    co_return out;
  }
  auto kinds = plan::KindsInNamespaces(facts->kinds);
  // None at all is another cluster that has taken the address.
  if (kinds && kinds->empty()) kinds = MakeError(Errc::kUnavailable, "the cluster names no kinds");
  if (!kinds) {
    out.failure = Unknown(kinds.error());
    co_return out;
  }
  for (const plan::ListedKind& kind : *kinds) {
    std::string more;
    do {
      kube::Selection selection = SelectionOf(action, kind);
      auto answer = co_await kube.List(std::move(selection), more);
      std::optional<sync::ApiFailure> failure;
      if (!answer) {
        failure = LostAnswer(answer.error());
      } else if (auto* refused = std::get_if<sync::ApiFailure>(&*answer)) {
        failure = std::move(*refused);
      }
      if (failure && failure->http == 404) break;  // its CRD has just gone, and its objects with it
      if (failure) {
        failure->message = "list " + kind.kind.Text() + ": " + failure->message;
        out.failure = std::move(failure);
        co_return out;
      }
      const kube::ListPage& page = std::get<kube::ListPage>(*answer);
      Take(action, kind, page, facts->kinds, out);
      more = page.more;
    } while (!more.empty() && out.found.size() < limits::kNamedForeignObjects);
    if (out.found.size() >= limits::kNamedForeignObjects) break;
  }
  co_return out;
}

}  // namespace dunlin::app
