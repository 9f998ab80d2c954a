// Writes and removes the parent ConfigMaps of apps (the ApplySets' parents), in the agent's own
// namespace. A ConfigMap of that name that is not an ApplySet parent of ours is somebody else's: it
// is neither changed nor deleted (merge.md section 11).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/kube/kube.h"
#include "agent/sync/event.h"
#include "protocol/net/task.h"

namespace dunlin::app {

class ParentObjects {
 public:
  // The refusal, or nothing.
  using Outcome = std::optional<sync::ApiFailure>;

  explicit ParentObjects(kube::Kube& kube) : kube_(kube) {}

  // POST; where the name is taken, look whose it is and PATCH what is ours, by its UID. The UID is
  // remembered, so that a later write is one PATCH. A missing namespace is made.
  Task<Outcome> Write(object::Value config_map);
  // DELETE by UID. Nothing happens to one that is not ours; that is no failure.
  Task<Outcome> Remove(sync::RemoveParent parent);

 private:
  Task<Outcome> Create(object::ResourceKey key, Bytes body);
  Task<Outcome> Patch(object::ResourceKey key, object::Value config_map);
  Task<sync::ApiAnswer> Send(sync::Request request);

  kube::Kube& kube_;
  std::map<std::string, std::string> uids_;  // of ours, by name
};

// A request or connection without answer, as a failure with http 0.
sync::ApiFailure LostAnswer(const Error& error);

}  // namespace dunlin::app
