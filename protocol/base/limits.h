// Every limit of the product, in one place. Each is tested at the limit and one above. Blocks
// belong to the module named in their heading. Sizes in bytes unless the name says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dunlin::limits {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

// protocol/object: documents that are merged, and objects of a bundle.
inline constexpr int kMergeDocumentDepth = 512;
inline constexpr int kBundleObjectDepth = 100;
inline constexpr size_t kMergeDocumentBytes = 4 * kMiB;
inline constexpr size_t kObjectBytes = 1536 * kKiB;

// protocol/bundle
inline constexpr size_t kBundleBytes = 32 * kMiB;  // uncompressed
inline constexpr size_t kBundleObjects = 20000;
inline constexpr int kZstdWindowLog = 23;  // 8 MiB window

// protocol/trust (sizes on the wire)
inline constexpr size_t kRootBytes = 64 * kKiB;
inline constexpr size_t kHeadBytes = 4 * kKiB;
inline constexpr size_t kProofBytes = 2 * kKiB;
inline constexpr size_t kStatementBytes = 1 * kMiB;
inline constexpr int kTrustDocumentDepth = 8;
inline constexpr int kRootHops = 1024;
inline constexpr int kMaxSignatures = 16;

// protocol/wire
inline constexpr size_t kPollRequestBytes = 256 * kKiB;
inline constexpr size_t kReportBytes = 1 * kMiB;
inline constexpr size_t kEnrollBytes = 16 * kKiB;
inline constexpr size_t kFrameBytes = 40 * kMiB;  // one frame of a poll answer
inline constexpr int kReportErrors = 20;          // errors kept per target

// protocol/h2 and protocol/net
inline constexpr uint32_t kH2StreamsPerConnection = 16;  // offered by the agent port
inline constexpr size_t kHeaderListBytes = 16 * kKiB;
inline constexpr size_t kRequestBodyBytes = 26 * kMiB;   // largest body a server reads into memory
inline constexpr size_t kResponseBodyBytes = 64 * kMiB;  // largest body a client reads into memory
inline constexpr int kConnectionsPerIdentity = 4;
inline constexpr int kConcurrentHandshakes = 256;

}  // namespace dunlin::limits
