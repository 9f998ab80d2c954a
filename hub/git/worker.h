// The git-worker child: the only code of the hub that runs libgit2 and so parses packs, refs and
// trees from anywhere (security.md 1.3). worker_protocol.h says what it reads and writes.
#pragma once

namespace dunlin::git {

// `dunlin-hub git-worker`: one request from stdin, its answer to stdout, then the exit status. Dies
// with its parent. REQUIRES: a process of its own with nothing done before.
int RunGitWorker();

}  // namespace dunlin::git
