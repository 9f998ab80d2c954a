#include "hub/git/packs.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

namespace dunlin::git {
namespace {

namespace fs = std::filesystem;

using PackBuilderPtr = std::unique_ptr<git_packbuilder, GitFree<git_packbuilder_free>>;

struct Pack {
  fs::path pack;
  fs::path index;
  uintmax_t size = 0;
};

std::vector<Pack> FindPacks(const fs::path& directory) {
  std::vector<Pack> packs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    Pack pack;
    pack.index = entry.path();
    if (pack.index.extension() != ".idx") continue;
    pack.pack = fs::path(pack.index).replace_extension(".pack");
    pack.size = fs::file_size(pack.pack, error);
    if (!error) packs.push_back(std::move(pack));
  }
  const auto smaller = [](const Pack& a, const Pack& b) {
    return a.size != b.size ? a.size < b.size : a.index < b.index;
  };
  std::sort(packs.begin(), packs.end(), smaller);
  return packs;
}

// gitformat-pack(5), version 2: magic (4 bytes), version (4), 256 counts (4 each, big endian; the
// last is the number of objects), then the ids in order.
Result<std::vector<git_oid>> IdsOf(const fs::path& index) {
  constexpr size_t kLastCount = 8 + 255 * 4;
  const Error corrupt = MakeError(Errc::kCorrupt, index.string() + " is no pack index");
  std::ifstream file(index, std::ios::binary);
  unsigned char head[kLastCount + 4];
  if (!file.read(reinterpret_cast<char*>(head), sizeof head)) return corrupt;
  if (std::memcmp(head, "\377tOc\0\0\0\2", 8) != 0) return corrupt;
  const unsigned char* last = head + kLastCount;
  const size_t count = static_cast<size_t>(last[0]) << 24 | last[1] << 16 | last[2] << 8 | last[3];
  std::error_code error;
  if (count * GIT_OID_SHA1_SIZE > fs::file_size(index, error) || error) return corrupt;
  std::vector<git_oid> ids(count);
  for (git_oid& id : ids) {
    unsigned char raw[GIT_OID_SHA1_SIZE];
    if (!file.read(reinterpret_cast<char*>(raw), sizeof raw)) return corrupt;
    git_oid_fromraw(&id, raw);
  }
  return ids;
}

}  // namespace

Status JoinPacks(git_repository* repository, size_t many) {
  const fs::path directory = fs::path(git_repository_path(repository)) / "objects" / "pack";
  std::vector<Pack> packs = FindPacks(directory);
  if (packs.size() < std::max<size_t>(many, 3)) return {};
  packs.pop_back();
  git_packbuilder* raw = nullptr;
  int code = git_packbuilder_new(&raw, repository);
  const PackBuilderPtr builder(raw);
  if (code != 0) return LastError("cannot join packs", code);
  git_packbuilder_set_threads(builder.get(), 1);
  for (const Pack& pack : packs) {
    TRY(const std::vector<git_oid> ids, IdsOf(pack.index));
    for (const git_oid& id : ids) {
      code = git_packbuilder_insert(builder.get(), &id, nullptr);
      if (code != 0) return LastError("cannot join packs", code);
    }
  }
  code = git_packbuilder_write(builder.get(), directory.c_str(), 0, nullptr, nullptr);
  if (code != 0) return LastError("cannot join packs", code);
  const std::string made = std::string("pack-") + git_packbuilder_name(builder.get());
  for (const Pack& pack : packs) {
    if (pack.index.stem() == made) continue;
    // The index first: a pack without one is only garbage.
    std::error_code error;
    fs::remove(pack.index, error);
    if (!error) fs::remove(pack.pack, error);
    if (error) return MakeError(Errc::kIo, "cannot remove an old pack: " + error.message());
  }
  return {};
}

}  // namespace dunlin::git
