// Repository addresses as users write them: https://, http://, ssh://, the scp form
// [user@]host:path, and a plain absolute path of a local directory. One strict parser for the whole
// hub, because the URL reaches an ssh command line (security.md 1.3): user, host and path are held
// to [A-Za-z0-9._~/+@-] after percent-decoding and never start with '-'. Everything else is refused
// here, before any library sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin::catalog {

struct RepoUrl {
  enum class Scheme { kHttps, kHttp, kSsh, kLocal };
  Scheme scheme = Scheme::kHttps;
  std::string user;           // ssh only; a user name in an https URL is dropped
  std::string host;           // lower case; an IPv6 address without its brackets
  uint16_t port = 0;          // 0: the scheme's own
  std::string path;           // decoded; with a leading '/' unless scp_relative
  bool scp_relative = false;  // scp form whose path starts at the login directory

  bool operator==(const RepoUrl&) const = default;
  // The address to fetch from; parses back to an equal value.
  std::string Text() const;
};

// kInvalidArgument: malformed or a character that is not on the list. kUnsupported: another scheme
// (ext::, file://, git://, …). kPermission: a password in the URL (it belongs into a Source, where
// no log and no screen shows it).
Result<RepoUrl> ParseRepoUrl(std::string_view text);

// The identity of a repository, for matching Apps, Sources and webhooks: "git.example/shop" for
// https://git.example/shop.git, http://git.example:80/shop/ and git@git.example:shop.git; a port
// other than the scheme's own is kept; the path itself for a local directory.
std::string RepoKey(const RepoUrl& url);

}  // namespace dunlin::catalog
