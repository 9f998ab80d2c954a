// A directory of this machine as the renderer wants it: the files of the tree around it, and where
// in that tree it is. What `dunlin-hub render` reads in the place of a commit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hub/render/renderer.h"
#include "protocol/base/limits.h"
#include "protocol/base/result.h"

namespace dunlin::hub {

struct LocalTree {
  std::string root;  // absolute; "/x" in value files and imports starts here
  std::string path;  // the directory to render, relative to root; empty: the root itself
  std::vector<render::TreeFile> files;  // without .git
  std::string note;  // why files above root are not in the tree; empty: root is as it should be
};

// The root is the Git work tree around `directory` (its nearest ancestor, or itself, with a
// `.git`), as bases and imports may be anywhere in it. A work tree beyond `bytes` (as a tar) or
// `files` gives way to its largest part around `directory` that fits; without a work tree the root
// is `directory`. kNotFound: no such directory; kLimit: not even `directory`
// fits; kIo names the file.
Result<LocalTree> ReadLocalTree(const std::string& directory,
                                uint64_t bytes = limits::kRenderTarBytes,
                                uint64_t files = limits::kRenderTreeFiles);

// The name ("/path from the root") under which the render finds `file`, a path of this machine. A
// file that is not in the tree is added to it below kAddedFiles. kNotFound, kIo, kConflict (the
// tree has a directory of that name).
inline constexpr char kAddedFiles[] = ".dunlin-added";
Result<std::string> NameInTree(const std::string& file, LocalTree& tree);

}  // namespace dunlin::hub
