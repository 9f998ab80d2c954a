// Writes and removes the parent ConfigMap of an app (the ApplySet's parent), in the agent's own
// namespace.
#pragma once

#include <optional>
#include <string>

#include "agent/kube/kube.h"
#include "agent/sync/event.h"
#include "protocol/net/task.h"

namespace dunlin::app {

// PATCH what is there; when it is not, POST it; when its namespace is not there either, make that
// first. The value: the refusal, or nothing.
Task<std::optional<sync::ApiFailure>> WriteParent(kube::Kube& kube, object::Value config_map);
Task<std::optional<sync::ApiFailure>> RemoveParent(kube::Kube& kube, std::string namespace_,
                                                   std::string name);

// A request or connection without answer, as a failure with http 0.
sync::ApiFailure LostAnswer(const Error& error);

}  // namespace dunlin::app
