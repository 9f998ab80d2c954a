#include "protocol/base/backoff.h"

#include <algorithm>

namespace dunlin {

Millis Backoff::Next(uint64_t random) {
  const int slow = std::max(0, tries_ - config_.fast_tries);
  Millis wait = tries_ < config_.fast_tries ? config_.first : config_.slow_first;
  const int doublings = tries_ < config_.fast_tries ? tries_ : slow;
  for (int i = 0; i < doublings && wait < config_.slow_cap; ++i) wait *= 2;
  wait = std::min(wait, config_.slow_cap);
  ++tries_;
  const auto span = static_cast<uint64_t>(wait.count() * config_.jitter_percent / 100);
  if (span == 0) return wait;
  return wait - Millis(span) + Millis(random % (2 * span + 1));
}

Millis Backoff::NextFullJitter(uint64_t random) {
  const Millis ceiling = Next(random);
  return Millis(static_cast<int64_t>(random % (static_cast<uint64_t>(ceiling.count()) + 1)));
}

}  // namespace dunlin
