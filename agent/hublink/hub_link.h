// The hub, as the agent sees it: held polls, bundles, reports over mTLS; enrolment and renewal on
// the public port (enroll.h). Errors carry the hub's own code, message and hint where it gave some.
#pragma once

#include <optional>

#include "protocol/base/ids.h"
#include "protocol/net/task.h"
#include "protocol/wire/enroll.h"
#include "protocol/wire/frame.h"
#include "protocol/wire/poll.h"
#include "protocol/wire/report.h"

namespace dunlin::hublink {

class HubLink {
 public:
  virtual ~HubLink() = default;
  // Held up to wire::kHoldSeconds; the raw frames (empty: nothing new, ask again).
  virtual Task<Bytes> Poll(wire::PollRequest request) = 0;
  virtual Task<wire::BundlePayload> Fetch(BundleDigest digest,
                                          std::optional<BundleDigest> from) = 0;
  virtual TaskVoid Report(wire::Report report) = 0;
};

}  // namespace dunlin::hublink
