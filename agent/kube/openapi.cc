#include "agent/kube/openapi.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/crypto/crypto.h"
#include "protocol/store/files.h"

namespace dunlin::kube {

namespace {

constexpr std::string_view kSuffix = ".schema";

// "api/v1", "apis/apps/v1"; other paths of the index ("version", "openid/v1/jwks") are no versions.
std::optional<object::GroupVersion> VersionOfPath(std::string_view path) {
  if (path.substr(0, 4) == "api/") {
    const std::string_view version = path.substr(4);
    if (version.empty() || version.find('/') != std::string_view::npos) return std::nullopt;
    return object::GroupVersion{"", std::string(version)};
  }
  if (path.substr(0, 5) != "apis/") return std::nullopt;
  const std::string_view rest = path.substr(5);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size() ||
      rest.find('/', slash + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return object::GroupVersion{std::string(rest.substr(0, slash)),
                              std::string(rest.substr(slash + 1))};
}

}  // namespace

Result<OpenApiIndex> ParseOpenApiIndex(const object::Value& document) {
  const object::Object* paths = object::FindObject(document, {"paths"});
  if (paths == nullptr) {
    return MakeError(Errc::kCorrupt, "the apiserver's OpenAPI index has no paths");
  }
  OpenApiIndex out;
  for (const auto& member : *paths) {
    const auto version = VersionOfPath(std::string_view(member.key().data(), member.key().size()));
    const std::string_view url = object::FindString(member.value(), {"serverRelativeURL"});
    if (version && !url.empty() && url.front() == '/') out[*version] = url;
  }
  return out;
}

std::string SchemaCache::PathOf(const std::string& url) const {
  return dir_ + "/" + crypto::Sha256(url).Hex() + std::string(kSuffix);
}

std::optional<merge::Schema> SchemaCache::Load(const std::string& url) const {
  if (dir_.empty()) return std::nullopt;
  auto bytes = ReadFile(PathOf(url), limits::kSchemaTableBytes);
  if (!bytes) return std::nullopt;
  auto schema = merge::Schema::FromBytes(*bytes);
  if (!schema) return std::nullopt;
  return std::move(*schema);
}

Status SchemaCache::Store(const std::string& url, const merge::Schema& schema) const {
  if (dir_.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(dir_, error);
  if (error) return MakeError(Errc::kIo, "make " + dir_ + ": " + error.message());
  return WriteFileDurably(PathOf(url), schema.ToBytes(), 0600);
}

void SchemaCache::Prune(const OpenApiIndex& index) const {
  if (dir_.empty()) return;
  std::set<std::string> wanted;
  for (const auto& [version, url] : index) wanted.insert(PathOf(url));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir_, error)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(kSuffix) || wanted.contains(path)) continue;
    std::error_code ignored;  // the next start tries again
    std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace dunlin::kube
