// libgit2 behind owning pointers and our errors; for the worker's own files only.
#pragma once

#include <git2.h>

#include <memory>
#include <optional>
#include <string>

#include "hub/git/worker_protocol.h"
#include "protocol/base/result.h"

namespace dunlin::git {

template <auto Free>
struct GitFree {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using RepositoryPtr = std::unique_ptr<git_repository, GitFree<git_repository_free>>;
using RemotePtr = std::unique_ptr<git_remote, GitFree<git_remote_free>>;
using ReferencePtr = std::unique_ptr<git_reference, GitFree<git_reference_free>>;
using IteratorPtr = std::unique_ptr<git_reference_iterator, GitFree<git_reference_iterator_free>>;
using ObjectPtr = std::unique_ptr<git_object, GitFree<git_object_free>>;
using CommitPtr = std::unique_ptr<git_commit, GitFree<git_commit_free>>;
using TreePtr = std::unique_ptr<git_tree, GitFree<git_tree_free>>;
using BlobPtr = std::unique_ptr<git_blob, GitFree<git_blob_free>>;
using OdbPtr = std::unique_ptr<git_odb, GitFree<git_odb_free>>;

// Starts the library with the settings of security.md 1.3: no configuration but the mirror's own,
// limits on packs, time-outs, the ssh transport and the socket of this directory.
Status StartLibrary(const WorkerRequest& request);

// What went wrong inside a callback of ours: libgit2 only carries an int through. The first one
// wins; LastError() prefers it to libgit2's own words. One request per process, so it is one place.
void SetCallbackError(Error error);

// The failure of the last call, which returned `code`: mapped to what the caller should do.
Error LastError(const std::string& what, int code);

std::string IdText(const git_oid& id);

}  // namespace dunlin::git
