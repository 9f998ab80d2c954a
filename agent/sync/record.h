// What the agent keeps of one object that it applied, and of one bundle. The compressed form is the
// resident one: a thousand last-applied documents as JSON trees would cost 15 MB.
#pragma once

#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/object/resource_key.h"

namespace dunlin::sync {

struct StoredBundle {
  BundleDigest digest;
  uint64_t raw_bytes = 0;
  Bytes blob;  // one zstd frame
  bool operator==(const StoredBundle&) const = default;
};

// A bundle whose objects may have been sent, written ahead with the statement that lists it, until
// the app's run under that statement or a later one has ended well.
struct Announcement {
  std::string app;
  int64_t seq = 0;  // of the statement
  BundleDigest bundle;
  bool operator==(const Announcement&) const = default;
};

// One row of the inventory. A row without hash is a write-ahead mark: the object may exist.
struct Record {
  object::ResourceKey key;
  std::string app;
  std::string api_version;
  std::string uid;
  std::string desired_hash;
  std::string observed_rv;
  uint64_t last_applied_bytes = 0;  // uncompressed
  Bytes last_applied;               // zstd of the canonical JSON; empty: never applied
  Bytes memo;                       // merge::ObservedMemo::Text(); empty: none
  std::string last_error;
  int64_t seq = 0;  // of the statement that last_applied is of: older announcements are settled
  bool operator==(const Record&) const = default;
};

}  // namespace dunlin::sync
