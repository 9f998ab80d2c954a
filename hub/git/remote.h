// The other side of a fetch: connecting with the rules of the request, and the refs it announces.
#pragma once

#include <string>
#include <vector>

#include "hub/git/libgit2.h"
#include "hub/git/revision.h"

namespace dunlin::git {

struct RemoteRefs {
  RefMap refs;              // HEAD, branches and tags; tags peeled
  RefMap tips;              // the same, not peeled
  std::string head_target;  // full name of the default branch; empty: none, or HEAD is detached
};

class Remote {
 public:
  // Checks the URL and what it leads to. `repository` outlives it; null for a listing alone.
  static Result<std::unique_ptr<Remote>> Connect(const WorkerRequest& request,
                                                 git_repository* repository);

  const RemoteRefs& refs() const { return refs_; }
  // Downloads and stores the refspecs' refs.
  Status Fetch(std::vector<std::string> refspecs);
  uint64_t received_bytes() const { return received_bytes_; }

 private:
  explicit Remote(const WorkerRequest& request) : request_(request) {}
  Status ReadRefs();
  git_remote_callbacks Callbacks();
  git_proxy_options Proxy() const;
  static int OnCredentials(git_credential** out, const char* url, const char* user,
                           unsigned int allowed, void* self);
  static int OnProgress(const git_indexer_progress* progress, void* self);

  const WorkerRequest& request_;
  RemotePtr remote_;
  RemoteRefs refs_;
  uint64_t received_bytes_ = 0;
  bool credentials_given_ = false;
};

}  // namespace dunlin::git
