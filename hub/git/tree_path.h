// Names inside a Git tree (security.md 4.2, G3). Nothing is ever checked out, but the names become
// tar entries and file names of the renderer's in-memory tree.
#pragma once

#include <string_view>

#include "protocol/base/result.h"

namespace dunlin::git {

// One component. kInvalidArgument: empty, ".", "..", '/', control characters, invalid UTF-8,
// anything that a file system may read as ".git" (any case, "git~1", trailing dots and blanks,
// invisible characters).
Status CheckTreeName(std::string_view name);

}  // namespace dunlin::git
