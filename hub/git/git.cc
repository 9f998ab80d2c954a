#include "hub/git/git.h"

#include <algorithm>

namespace dunlin::git {

const TreeEntry* Tree::Find(std::string_view path) const {
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [path](const TreeEntry& e) { return e.path == path; });
  return entry == entries.end() ? nullptr : &*entry;
}

}  // namespace dunlin::git
