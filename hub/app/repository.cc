#include "hub/app/repository.h"

#include "hub/catalog/repo_url.h"

namespace dunlin::hub {

std::string RepoKeyOf(const std::string& repo) {
  const auto url = catalog::ParseRepoUrl(repo);
  return url ? catalog::RepoKey(*url) : repo;
}

git::Repository RepositoryOf(const std::string& repo, const catalog::Catalogue& catalogue) {
  git::Repository repository;
  repository.url = repo;
  if (const auto source = catalogue.SourceFor(RepoKeyOf(repo))) {
    repository.url = source->repo;
    repository.username = source->username;
    repository.password_file = source->password_file;
    repository.ssh_key_file = source->ssh_key_file;
    repository.known_hosts_file = source->known_hosts_file;
    repository.ca_file = source->ca_file;
  }
  return repository;
}

}  // namespace dunlin::hub
