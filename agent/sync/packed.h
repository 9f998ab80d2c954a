// Documents in memory and in the database are zstd frames (protocol/bundle's codec).
#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::sync {

struct Packed {
  uint64_t raw_bytes = 0;
  Bytes blob;
};

Result<Packed> Pack(BytesView raw);
Result<Bytes> Unpack(const Packed& packed);  // kCorrupt, kLimit

}  // namespace dunlin::sync
