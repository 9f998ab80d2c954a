// One bare mirror of a repository: what the worker fetches into and reads from. There is never a
// working tree; the only configuration is the mirror's own, which nobody but us writes.
#pragma once

#include <string>
#include <vector>

#include "hub/git/libgit2.h"
#include "hub/git/worker_protocol.h"

namespace dunlin::git {

// Everything a worker does on the network. Both ask the server for its refs first; Fetch then gets
// what is missing, takes away the refs that the server no longer has, and says what the revisions
// are. A mirror that cannot be opened is made anew.
Result<FetchResult> Fetch(const WorkerRequest& request);
Result<FetchResult> List(const WorkerRequest& request);

// Of the mirror as it is.
Result<FetchResult> Resolve(const WorkerRequest& request);

// kNotFound when nothing was fetched yet.
Result<RepositoryPtr> OpenMirror(const std::string& directory);

}  // namespace dunlin::git
