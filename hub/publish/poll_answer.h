// What one poll is answered with: nothing yet (hold it), a renewed head, or a newer statement with
// the bundles that this agent lacks, as deltas where it has a base. Pure; frames are built from the
// plan by the publisher.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/trust/documents.h"
#include "protocol/wire/poll.h"

namespace dunlin::hub {

struct CurrentState {
  int64_t head_number = 0;
  int64_t seq = 0;
  Digest statement_digest;
  const trust::Statement* statement = nullptr;  // parsed; REQUIRES: not null
};

struct BundleChoice {
  BundleDigest digest;
  std::optional<BundleDigest> from;  // a delta against this one
  bool operator==(const BundleChoice&) const = default;
};

struct AnswerPlan {
  bool head = false;       // head, signatures, proof
  bool statement = false;  // the statement too: it is newer than the agent's
  std::vector<BundleChoice> bundles;
  bool empty() const { return !head && bundles.empty(); }
};

// `held`: the statement that the agent says it holds, when the hub still knows it; else null.
// `head_life`: a renewed head alone is worth an answer once the agent's is past half of it.
AnswerPlan PlanAnswer(const CurrentState& current, const wire::PollRequest& request,
                      const trust::Statement* held, Millis head_life, TimePoint now);

}  // namespace dunlin::hub
