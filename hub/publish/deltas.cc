#include "hub/publish/deltas.h"

#include "protocol/bundle/codec.h"

namespace dunlin::hub {

namespace {

constexpr size_t kEntryBytes = 512;  // keys, nodes and allocation of an entry, generously

size_t SizeOf(const Delta& delta) { return delta.blob.size() + kEntryBytes; }

// A bundle that cannot be read is no failure here: whoever needs it is told when it is served.
Delta Make(BundleStore& bundles, const DeltaKey& key) {
  Delta made;
  made.key = key;
  const auto from = bundles.GetRaw(key.from);
  const auto whole = bundles.Get(key.to);
  const auto to = bundles.GetRaw(key.to);
  if (!from || !whole || !to) return made;
  made.raw_bytes = to->size();
  auto blob = bundle::EncodeDelta(*from, *to);
  if (blob && blob->size() < whole->blob.size()) made.blob = std::move(*blob);
  return made;
}

}  // namespace

std::function<Result<std::vector<Delta>>()> DeltaWork(BundleStore& bundles,
                                                      std::vector<DeltaKey> keys) {
  return [&bundles, keys = std::move(keys)]() -> Result<std::vector<Delta>> {
    std::vector<Delta> made;
    for (const DeltaKey& key : keys) made.push_back(Make(bundles, key));
    return made;
  };
}

void DeltaCache::Take(std::vector<Delta> made) {
  for (Delta& delta : made) {
    if (deltas_.contains(delta.key)) continue;
    bytes_ += SizeOf(delta);
    order_.push_back(delta.key);
    deltas_.emplace(order_.back(), std::move(delta));
  }
  while (bytes_ > max_bytes_) {
    const auto oldest = deltas_.find(order_.front());
    bytes_ -= SizeOf(oldest->second);
    deltas_.erase(oldest);
    order_.pop_front();
  }
}

const Delta* DeltaCache::Find(const DeltaKey& key) const {
  const auto found = deltas_.find(key);
  return found == deltas_.end() ? nullptr : &found->second;
}

}  // namespace dunlin::hub
