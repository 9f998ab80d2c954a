// Upkeep of a mirror. Every fetch that brings something adds a pack, and looking an object up costs
// one search in each.
#pragma once

#include <cstddef>
#include <string>

#include "hub/git/libgit2.h"

namespace dunlin::git {

// When a mirror has at least `many` packs, makes one of all but the largest. Cheap in the long run:
// what is copied is small against what stays. Killed at any point it leaves every object readable;
// the objects of a half-written pack are only there twice.
Status JoinPacks(git_repository* repository, size_t many);

}  // namespace dunlin::git
