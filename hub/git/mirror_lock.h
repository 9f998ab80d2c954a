// One writer for a mirror, across processes, and nothing left of one that was killed.
//
// libgit2 replaces a ref through a file <ref>.lock and refuses to while one is there. A worker that
// is killed in between leaves it for ever. Who holds the MirrorLock is the only writer, so whatever
// lies there is left over, and goes.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace dunlin::git {

class MirrorLock {
 public:
  // Blocks while another process fetches into the mirror (its own deadline ends it). The lock is
  // the file <mirror>.lock beside the directory, which need not exist. kIo.
  static Result<MirrorLock> Take(const std::string& mirror);
  MirrorLock(MirrorLock&& other) noexcept;
  MirrorLock& operator=(MirrorLock&&) = delete;
  ~MirrorLock();

 private:
  explicit MirrorLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace dunlin::git
