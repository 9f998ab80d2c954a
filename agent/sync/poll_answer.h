// The frames of a poll answer, sorted into what the trust module judges and what the bundle codec
// decodes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/sync/record.h"
#include "protocol/base/result.h"
#include "protocol/trust/verify.h"
#include "protocol/wire/frame.h"

namespace dunlin::sync {

struct PollContent {
  bool has_head = false;
  trust::Offer offer;
  std::vector<wire::BundlePayload> bundles;
  bool empty() const { return !has_head && bundles.empty(); }
};

// `held_statement`: what a statement delta is against. kCorrupt, kLimit, kNotFound (a delta against
// a statement that we do not hold).
Result<PollContent> ParsePollAnswer(BytesView answer, BytesView held_statement);

// Bundles by digest, compressed.
using BundlePool = std::map<BundleDigest, StoredBundle>;

// Decodes one bundle as it travelled (a delta needs its base in the pool), checks size and digest,
// and gives it back as a frame of its own. Steps 11 of security design 2.4.
Result<StoredBundle> AcceptBundle(const wire::BundlePayload& payload, const BundlePool& pool);

}  // namespace dunlin::sync
