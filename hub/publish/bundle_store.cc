#include "hub/publish/bundle_store.h"

#include <filesystem>
#include <system_error>

#include "protocol/base/limits.h"
#include "protocol/bundle/codec.h"
#include "protocol/crypto/crypto.h"
#include "protocol/store/files.h"

namespace dunlin::hub {

namespace {

namespace fs = std::filesystem;

constexpr size_t kHeaderBytes = 8;
// A zstd frame is at most 1/256 larger than its content, and a little more for small ones.
constexpr size_t kMaxFileBytes = limits::kBundleBytes + limits::kBundleBytes / 128 + 1024;

Error FromCode(const std::string& what, const std::error_code& code) {
  return MakeError(Errc::kIo, what + ": " + code.message());
}

Bytes Header(uint64_t raw_bytes) {
  Bytes out;
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((raw_bytes >> shift) & 0xff));
  }
  return out;
}

class DirectoryBundleStore : public BundleStore {
 public:
  explicit DirectoryBundleStore(std::string directory) : directory_(std::move(directory)) {}

  Result<BundleDigest> Put(BytesView canonical) override {
    const BundleDigest digest = crypto::Sha256(canonical);
    // One that is there and sound. A damaged one was removed by this very look at it.
    if (GetRaw(digest)) return digest;
    TRY(const Bytes blob, bundle::Encode(canonical));
    const std::string folder = FolderOf(digest);
    std::error_code code;
    // The whole store may be gone under a running hub.
    const bool created = fs::create_directories(folder, code);
    if (code) return FromCode("create " + folder, code);
    if (created) {
      TRY_VOID(SyncDirectory(directory_));
    }
    TRY_VOID(WriteFileDurably(PathOf(digest), Header(canonical.size()) + blob, 0600));
    return digest;
  }

  Result<StoredBundle> Get(const BundleDigest& digest) override {
    const auto read = ReadFile(PathOf(digest), kMaxFileBytes);
    if (!read && read.error().code != Errc::kLimit) return read.error();
    if (!read || read->size() <= kHeaderBytes) return Damaged(digest);
    const Bytes& file = *read;
    StoredBundle out;
    for (size_t i = 0; i < kHeaderBytes; ++i) {
      out.raw_bytes = out.raw_bytes << 8 | static_cast<unsigned char>(file[i]);
    }
    out.blob = file.substr(kHeaderBytes);
    return out;
  }

  Result<Bytes> GetRaw(const BundleDigest& digest) override {
    TRY(const StoredBundle stored, Get(digest));
    auto raw = bundle::Decode(stored.blob, {stored.raw_bytes, digest});
    if (!raw) return Damaged(digest);
    return raw;
  }

  bool Has(const BundleDigest& digest) override {
    std::error_code code;
    // What cannot be looked at is not gone.
    return fs::exists(PathOf(digest), code) || code;
  }

  Result<std::vector<BundleDigest>> List() override {
    std::vector<BundleDigest> out;
    std::error_code code;
    fs::recursive_directory_iterator entry(directory_, code);
    for (; !code && entry != fs::recursive_directory_iterator(); entry.increment(code)) {
      // Temporary files of a write that was cut have longer names.
      const auto digest = Digest::FromHex(entry->path().filename().string());
      if (digest) out.push_back(*digest);
    }
    if (code) return FromCode("list " + directory_, code);
    return out;
  }

  Status Remove(const BundleDigest& digest) override {
    std::error_code code;
    fs::remove(PathOf(digest), code);
    if (code) return FromCode("remove " + PathOf(digest), code);
    return {};
  }

 private:
  std::string FolderOf(const BundleDigest& digest) const {
    return directory_ + "/" + digest.Hex().substr(0, 2);
  }
  std::string PathOf(const BundleDigest& digest) const {
    return FolderOf(digest) + "/" + digest.Hex();
  }

  // Removed so that whoever only looks whether it is there (Has) finds it lost.
  Error Damaged(const BundleDigest& digest) {
    const Status removed = Remove(digest);
    return MakeError(
        Errc::kCorrupt,
        "the stored bundle " + digest.Hex() + " is damaged" +
            (removed ? " and was removed" : ", and cannot be removed: " + removed.error().message));
  }

  std::string directory_;
};

}  // namespace

Result<std::unique_ptr<BundleStore>> OpenDirectoryBundleStore(const std::string& directory) {
  std::error_code code;
  fs::create_directories(directory, code);
  if (code) return FromCode("create " + directory, code);
  return std::unique_ptr<BundleStore>(std::make_unique<DirectoryBundleStore>(directory));
}

}  // namespace dunlin::hub
