// How many writes may be in flight: 16, halved by every 429, one more after 10 s of success
// (merge.md section 14; API priority and fairness answers a burst with 429, and a steady window
// finds the rate that the apiserver takes).
#pragma once

#include <algorithm>

#include "protocol/base/limits.h"
#include "protocol/base/time.h"

namespace dunlin::sync {

class WriteWindow {
 public:
  static constexpr Millis kGrowEvery{10000};

  int size() const { return size_; }
  void Overloaded(TimePoint now) {
    size_ = std::max(1, size_ / 2);
    grow_at_ = now + kGrowEvery;
  }
  void Succeeded(TimePoint now) {
    if (size_ == limits::kWritesInFlight || now < grow_at_) return;
    ++size_;
    grow_at_ = now + kGrowEvery;
  }

 private:
  int size_ = limits::kWritesInFlight;
  TimePoint grow_at_{};
};

}  // namespace dunlin::sync
