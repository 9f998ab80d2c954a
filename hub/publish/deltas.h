// Deltas between bundles, made before a publish and kept for the polls that it wakes. Making one
// reads and decompresses two bundles and compresses at level 9: some milliseconds for 80 KB, a
// second for the largest, so never on the io thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "hub/publish/bundle_store.h"
#include "protocol/base/limits.h"

namespace dunlin::hub {

struct DeltaKey {
  BundleDigest from, to;
  auto operator<=>(const DeltaKey&) const = default;
};

struct Delta {
  DeltaKey key;
  uint64_t raw_bytes = 0;  // of `to`, uncompressed
  Bytes blob;              // empty: the whole bundle is smaller, or one of the two cannot be read
};

// Work for the pool: one Delta for each key. REQUIRES: `bundles` outlives the work.
std::function<Result<std::vector<Delta>>()> DeltaWork(BundleStore& bundles,
                                                      std::vector<DeltaKey> keys);

// The newest deltas, within a budget of memory.
class DeltaCache {
 public:
  explicit DeltaCache(size_t max_bytes = limits::kDeltaCacheBytes) : max_bytes_(max_bytes) {}
  void Take(std::vector<Delta> made);
  // Null when it was never made, or is forgotten. Lives until the next Take.
  const Delta* Find(const DeltaKey& key) const;

 private:
  size_t max_bytes_;
  size_t bytes_ = 0;
  std::map<DeltaKey, Delta> deltas_;
  std::deque<DeltaKey> order_;  // oldest first
};

}  // namespace dunlin::hub
