// The directory name of a repository's mirror. Pure.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::git {

// Readable, and unique by a hash of the whole key: "git.example-shop-1a2b3c4d5e6f7a8b.git".
std::string MirrorName(std::string_view repo_key);

}  // namespace dunlin::git
