// POST /v1/poll: what an agent has, what it runs on. The hub holds the request until there is
// something newer (at most 55 s) and answers with frames (frame.h).
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace dunlin::wire {

// What the agent accepted last; zero digests and numbers before its first statement.
struct Have {
  int64_t epoch = 0;
  int64_t number = 0;  // of the head
  Digest head;         // SHA-256 of its raw bytes
  int64_t seq = 0;     // of the statement
  Digest statement;
  bool operator==(const Have&) const = default;
};

struct Facts {
  std::string agent_version;
  std::string kube_version;  // "v1.36.3"; empty while the apiserver is away
  std::vector<std::string>
      api_versions;  // "apps/v1", and "apps/v1/Deployment" for Helm's Capabilities; sorted
  bool operator==(const Facts&) const = default;
};

struct PollRequest {
  Have have;
  std::vector<BundleDigest>
      bundles;  // usable as delta bases; also everything still missing after an answer
  std::vector<BundleDigest> want;  // bundles of the held statement that the agent lost
  Facts facts;
  bool operator==(const PollRequest&) const = default;
};

Bytes Encode(const PollRequest& request);
Result<PollRequest> ParsePollRequest(BytesView json);  // <= limits::kPollRequestBytes

inline constexpr int kHoldSeconds = 55;

}  // namespace dunlin::wire
