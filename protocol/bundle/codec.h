// zstd transport of canonical bytes: whole blobs and prefix deltas.
//
// A blob is exactly one zstd frame with its content size, window at most 2^limits::kZstdWindowLog,
// no dictionary id, no skippable frame, nothing behind it. Decoding follows one order: size limit,
// bounded decompression, digest; parsing comes after (bundle.h). Measured: one image tag in 80 KB
// is a delta of 35 to 89 bytes.
#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace dunlin::bundle {

// Level 3. kLimit above limits::kBundleBytes.
Result<Bytes> Encode(BytesView raw);
// Level 9 against `from` as prefix; useful when `to` is close to it.
Result<Bytes> EncodeDelta(BytesView from, BytesView to);

struct BlobInfo {
  uint64_t raw_bytes = 0;  // what the statement promises
  BundleDigest digest;     // SHA-256 of the raw bytes
};

// kLimit: larger than allowed; kCorrupt: not such a frame, another size, another digest.
Result<Bytes> Decode(BytesView blob, const BlobInfo& expected);
// `from` is the prefix the delta was made against.
Result<Bytes> DecodeDelta(BytesView blob, BytesView from, const BlobInfo& expected);
// The same without a digest, for bytes that somebody else checks: a statement (its digest is in the
// proof), rows of our own database. `from` empty: a whole blob.
Result<Bytes> DecodeUnnamed(BytesView blob, BytesView from, uint64_t raw_bytes);

}  // namespace dunlin::bundle
