// The files of one commit, out of a mirror, one after the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hub/git/libgit2.h"
#include "hub/git/worker_protocol.h"

namespace dunlin::git {

// Called for each file in Git's order. `bytes` is empty unless they were asked for.
using EntrySink = std::function<Status(const TreeEntry& entry, BytesView bytes)>;

// What was asked for and is not there. kNotFound: the commit; kInvalidArgument: a name that no tree
// should hold (tree_path.h); kLimit: limits::kGitTreeFiles, kGitTreeDepth, request.max_bytes.
Result<std::vector<std::string>> ReadTree(const WorkerRequest& request, const EntrySink& sink);

}  // namespace dunlin::git
