// The answer to a poll: a sequence of frames, so that signed bytes stay raw.
//
//   type (1 byte) | length (4 bytes, big endian) | payload
//
// Numbers in payloads are big endian. Unknown types are skipped. A frame above limits::kFrameBytes
// is kLimit before its payload is read. The sequence ends with kEnd; bytes after it, or a missing
// kEnd, are kCorrupt.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace dunlin::wire {

enum class FrameType : uint8_t {
  kRoot = 1,            // raw root document (one per hop)
  kHead = 2,            // raw head
  kSignatures = 3,      // repeated: SPKI-SHA256 32 B | length 2 B | DER
  kProof = 4,           // index 8 B | size 8 B | path, 32 B a hash
  kStatement = 5,       // seq 8 B | raw statement
  kStatementDelta = 6,  // from-SHA256 32 B | seq 8 B | raw length 8 B | zstd prefix delta
  kBundle = 7,          // digest 32 B | raw length 8 B | zstd blob
  kBundleDelta = 8,     // digest 32 B | from-digest 32 B | raw length 8 B | zstd prefix delta
  kTrace = 9,  // W3C traceparent of the change, text; beside the signed bytes, never inside
  kEnd = 15,   // empty
};

struct Frame {
  FrameType type = FrameType::kEnd;
  Bytes payload;
  bool operator==(const Frame&) const = default;
};

// A bundle as it travels; `from` is set for a delta.
struct BundlePayload {
  BundleDigest digest;
  std::optional<BundleDigest> from;
  uint64_t raw_bytes = 0;
  Bytes blob;
  bool operator==(const BundlePayload&) const = default;
};

// A statement as it travels. `seq` is that of the statement, in front of it because the proof is
// checked before the statement is parsed (security design 2.4, steps 8 and 9).
struct StatementPayload {
  int64_t seq = 0;
  Bytes raw;
  bool operator==(const StatementPayload&) const = default;
};

struct StatementDelta {
  Digest from;
  int64_t seq = 0;
  uint64_t raw_bytes = 0;
  Bytes blob;
  bool operator==(const StatementDelta&) const = default;
};

void AppendFrame(Bytes& out, FrameType type, BytesView payload);
Frame ToFrame(const BundlePayload& bundle);  // kBundle or kBundleDelta
Result<BundlePayload> ParseBundleFrame(const Frame& frame);
// Both parsers: kCorrupt for another type, a payload that is cut, no statement, a seq above int64.
Frame ToFrame(const StatementPayload& statement);
Result<StatementPayload> ParseStatement(const Frame& frame);
Frame ToFrame(const StatementDelta& delta);
Result<StatementDelta> ParseStatementDelta(const Frame& frame);

// The whole answer: frames before kEnd, in order, unknown types dropped.
Result<std::vector<Frame>> ParseFrames(BytesView answer);

}  // namespace dunlin::wire
