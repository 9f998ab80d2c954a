#include "hub/git/url.h"

namespace dunlin::git {

bool IsUnder(std::string_view path, const std::vector<std::string>& roots) {
  for (std::string_view root : roots) {
    while (root.size() > 1 && root.back() == '/') root.remove_suffix(1);
    if (root.empty() || path.substr(0, root.size()) != root) continue;
    if (root == "/" || path.size() == root.size() || path[root.size()] == '/') return true;
  }
  return false;
}

Result<catalog::RepoUrl> CheckUrl(std::string_view text, const UrlPolicy& policy) {
  TRY(catalog::RepoUrl url, catalog::ParseRepoUrl(text));
  switch (url.scheme) {
    case catalog::RepoUrl::Scheme::kHttps:
    case catalog::RepoUrl::Scheme::kSsh:
      return url;
    case catalog::RepoUrl::Scheme::kHttp:
      if (policy.allow_insecure_http) return url;
      return MakeError(Errc::kPermission,
                       "http is not allowed, because anybody on the way can change what is "
                       "deployed; use https");
    case catalog::RepoUrl::Scheme::kLocal:
      if (!policy.local_roots.empty()) return url;
      return MakeError(Errc::kPermission,
                       "no local repositories are allowed; list their directory in git.localRoots "
                       "of the hub's configuration");
  }
  return MakeError(Errc::kInternal, "unknown scheme");
}

}  // namespace dunlin::git
