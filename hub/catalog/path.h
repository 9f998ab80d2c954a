// Paths inside a source tree. They come from Git and from users, and name files that the renderer
// reads, so they may not leave the tree (security.md 4.3, R4).
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin::catalog {

// The path without "." parts, doubled and trailing slashes; "" and "." are the root, "". Refused
// (kInvalidArgument): an absolute path, a ".." part, control characters, a backslash, invalid
// length (limits::kTreePathBytes). ".." is refused even where it would stay inside the tree: a path
// with one is a mistake more often than a wish, and nobody has to compute where it ends.
Result<std::string> CleanPath(std::string_view path);

}  // namespace dunlin::catalog
