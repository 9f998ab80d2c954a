// Looks for what would be lost with a namespace: one kind after another, metadata only, until a few
// objects are found.
#pragma once

#include "agent/kube/kube.h"
#include "agent/sync/event.h"
#include "protocol/net/task.h"

namespace dunlin::app {

// Every failure is in the answer: the namespace is then not known to be empty.
Task<sync::LookedInto> LookInto(kube::Kube& kube, sync::LookInto action);

}  // namespace dunlin::app
