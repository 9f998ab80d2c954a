// Which repositories the hub may fetch: https, ssh, and local directories under a root that the
// operator listed. The decision on the parsed URL; addresses (address.h) and the real path of a
// local directory are checked by the worker at the moment of use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hub/catalog/repo_url.h"
#include "protocol/base/result.h"

namespace dunlin::git {

struct UrlPolicy {
  std::vector<std::string> local_roots;  // absolute paths; empty: no local repositories
  bool allow_insecure_http = false;
};

// kPermission with what to configure, or what ParseRepoUrl says.
Result<catalog::RepoUrl> CheckUrl(std::string_view text, const UrlPolicy& policy);

// True when `path` is a root or lies below one; both without symbolic links and "..".
bool IsUnder(std::string_view path, const std::vector<std::string>& roots);

}  // namespace dunlin::git
