// Retry policy as a value: how long to wait before try n. Five fast tries (100 ms, doubling, ±20 %
// jitter: 3.1 s in all), then a slow loop capped at 60 s. Nothing fails for good: an apiserver
// upgrade lasts longer than any fast budget.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"

namespace dunlin {

class Backoff {
 public:
  struct Config {
    int fast_tries = 5;
    Millis first{100};
    Millis slow_first{5000};
    Millis slow_cap{60000};
    int jitter_percent = 20;
  };

  Backoff() : Backoff(Config{}) {}
  explicit Backoff(Config config) : config_(config) {}

  // The wait before the next try; advances. `random` is 64 uniform bits.
  Millis Next(uint64_t random);
  // Full jitter for reconnects: uniform in [0, Next()], so that a fleet does not return in step.
  Millis NextFullJitter(uint64_t random);
  void Reset() { tries_ = 0; }
  int tries() const { return tries_; }
  bool InSlowLoop() const { return tries_ >= config_.fast_tries; }

 private:
  Config config_;
  int tries_ = 0;
};

}  // namespace dunlin
