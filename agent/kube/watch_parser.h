// The watch stream of the apiserver: one JSON document {"type","object"} a line. Pure: bytes in any
// cuts, events out.
#pragma once

#include <string>
#include <vector>

#include "agent/sync/api_answer.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/object/value.h"

namespace dunlin::kube {

enum class WatchType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchType type = WatchType::kBookmark;
  object::Value object;  // without managedFields; of a bookmark: only its metadata
  std::string resource_version;
  sync::ApiFailure failure;  // of kError: 410 means list again
};

class WatchParser {
 public:
  // Complete lines of what came so far. kCorrupt: not JSON or no watch event; kLimit: a line above
  // limits::kWatchLineBytes. After an error the parser is dead.
  Result<std::vector<WatchEvent>> Feed(BytesView bytes);
  size_t buffered() const { return buffer_.size(); }

 private:
  Bytes buffer_;
};

}  // namespace dunlin::kube
