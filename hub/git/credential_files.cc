#include "hub/git/credential_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "protocol/base/limits.h"

namespace dunlin::git {
namespace {

bool IsPlainName(const std::string& name) {
  return name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

Result<std::string> CredentialFiles::Path(const std::string& name) const {
  if (name.empty()) return std::string();
  if (!IsPlainName(name)) {
    return MakeError(Errc::kInvalidArgument,
                     "a credentials file is named by letters, digits, '.', '_' and '-' only");
  }
  if (directory_.empty()) {
    return MakeError(Errc::kNotFound, "the hub has no credentials directory for \"" + name + "\"");
  }
  std::error_code error;
  const auto path = std::filesystem::absolute(directory_, error) / name;
  if (error || !std::filesystem::is_regular_file(path, error)) {
    return MakeError(Errc::kNotFound,
                     "there is no credentials file \"" + name + "\"; put it into " + directory_);
  }
  return path.string();
}

Result<Bytes> CredentialFiles::Read(const std::string& name) const {
  TRY(const std::string path, Path(name));
  if (path.empty()) return Bytes();
  std::ifstream file(path, std::ios::binary);
  Bytes content(limits::kCredentialBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || !file.is_open()) {
    return MakeError(Errc::kIo, "cannot read the credentials file \"" + name + "\"");
  }
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > limits::kCredentialBytes) {
    return MakeError(Errc::kLimit, "the credentials file \"" + name + "\" is too large");
  }
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) {
    content.pop_back();
  }
  return content;
}

}  // namespace dunlin::git
