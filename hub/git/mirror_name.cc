#include "hub/git/mirror_name.h"

#include "protocol/crypto/crypto.h"

namespace dunlin::git {

std::string MirrorName(std::string_view repo_key) {
  constexpr size_t kReadable = 60;
  constexpr size_t kHashDigits = 16;
  std::string name;
  for (const char c : repo_key.substr(0, kReadable)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '_';
    if (plain || (!name.empty() && name.back() != '-')) name += plain ? c : '-';
  }
  return name + "-" + crypto::Sha256(repo_key).Hex().substr(0, kHashDigits) + ".git";
}

}  // namespace dunlin::git
