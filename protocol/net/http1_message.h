// Internal to protocol/net: texts of HTTP/1.1 answers. Pure.
#pragma once

#include "protocol/base/bytes.h"
#include "protocol/net/http.h"

namespace dunlin::net::internal {

enum class Framing { kLength, kChunked, kUntilClose };

struct Http1Head {
  int status = 200;
  Framing framing = Framing::kLength;
  size_t length = 0;  // of the body; for kLength
  bool keep_alive = true;
};

// Status line and header block; content-length, transfer-encoding and connection come from `head`.
// kInvalidArgument for a name or value that could break the framing (CR, LF, NUL, characters that
// are no token).
Result<Bytes> WriteHead(const Http1Head& head, const Headers& headers);

// One piece of a chunked body. REQUIRES: not empty (that would be the end).
Bytes Chunk(BytesView piece);
inline constexpr char kLastChunk[] = "0\r\n\r\n";

}  // namespace dunlin::net::internal
