#include "hub/catalog/path.h"

#include "protocol/base/limits.h"

namespace dunlin::catalog {

Result<std::string> CleanPath(std::string_view path) {
  if (path.size() > limits::kTreePathBytes) {
    return MakeError(Errc::kLimit, "the path is longer than " +
                                       std::to_string(limits::kTreePathBytes) + " bytes");
  }
  if (!path.empty() && path.front() == '/') {
    return MakeError(Errc::kInvalidArgument, "\"" + std::string(path) +
                                                 "\" is absolute; write it relative to the root "
                                                 "of the repository");
  }
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\') {
      return MakeError(Errc::kInvalidArgument, "the path holds a control character or a backslash");
    }
  }
  std::string clean;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return MakeError(Errc::kInvalidArgument,
                       "a path may not contain \"..\"; write it from the root of the repository");
    }
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

}  // namespace dunlin::catalog
