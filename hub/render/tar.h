// The tree of a commit as a tar stream for the render worker: POSIX ustar, with pax records where a
// name, a link or a size does not fit. Pure; equal input gives equal bytes (times and owners are
// 0).
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/limits.h"
#include "protocol/base/result.h"

namespace dunlin::render {

struct TreeFile {
  enum class Kind { kFile, kExecutable, kSymlink };
  std::string path;  // relative, '/' between components, as Git has it
  Kind kind = Kind::kFile;
  Bytes bytes;  // of a symbolic link: its target
};

// kInvalidArgument: a path that is empty, absolute, too long (limits::kTreePathBytes), or holds
// "..", "." or NUL; a link target with NUL. kLimit: more than limits::kRenderTreeFiles files or
// `max_bytes` bytes.
Result<Bytes> WriteTar(const std::vector<TreeFile>& files,
                       size_t max_bytes = limits::kRenderTarBytes);

}  // namespace dunlin::render
