// How the hub reaches a repository: its address, and what a Source of the catalogue says of it.
#pragma once

#include <string>

#include "hub/catalog/catalogue.h"
#include "hub/git/git.h"

namespace dunlin::hub {

// The name under which a repository is followed; the text itself when it is no URL.
std::string RepoKeyOf(const std::string& repo);
git::Repository RepositoryOf(const std::string& repo, const catalog::Catalogue& catalogue);

}  // namespace dunlin::hub
