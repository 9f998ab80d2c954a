// Bundles by content: a directory of zstd blobs named after the digest of their uncompressed bytes.
//
//   <dir>/ab/<64 hex>   raw length (8 bytes, big endian) | one zstd frame
//
// A file appears by rename after fsync, so a reader sees all of it or nothing. The name is the
// checksum: a damaged file is found when it is decoded, removed, and reported as kCorrupt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace dunlin::hub {

struct StoredBundle {
  Bytes blob;  // zstd frame
  uint64_t raw_bytes = 0;
};

// Thread-safe: all state is the file system's. Calls block.
class BundleStore {
 public:
  virtual ~BundleStore() = default;
  // Stores the canonical bytes under their digest; a bundle that is there already is not written
  // again.
  virtual Result<BundleDigest> Put(BytesView canonical) = 0;
  virtual Result<StoredBundle> Get(const BundleDigest& digest) = 0;  // kNotFound, kCorrupt, kIo
  virtual Result<Bytes> GetRaw(const BundleDigest& digest) = 0;      // decoded and checked
  virtual bool Has(const BundleDigest& digest) = 0;  // only looks whether its file is there
  virtual Result<std::vector<BundleDigest>> List() = 0;
  virtual Status Remove(const BundleDigest& digest) = 0;  // absent is success
};

Result<std::unique_ptr<BundleStore>> OpenDirectoryBundleStore(const std::string& directory);

}  // namespace dunlin::hub
