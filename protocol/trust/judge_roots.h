// Internal to protocol/trust: step 2 of the verification, the walk over new root documents.
#pragma once

#include "protocol/trust/verify.h"

namespace dunlin::trust {

struct TrustedRoot {
  Root root;
  Bytes raw;
};

// Each new root is signed by a threshold of the one before and of its own keys, and its version is
// exactly the next. The last one must not have expired at `now`.
tl::expected<TrustedRoot, Rejection> WalkRoots(const TrustedState& trusted,
                                               const std::vector<SignedRoot>& roots, TimePoint now);

tl::unexpected<Rejection> Refuse(Refusal reason, Errc code, std::string message);

}  // namespace dunlin::trust
