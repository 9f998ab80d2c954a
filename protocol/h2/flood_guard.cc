#include "protocol/h2/flood_guard.h"

namespace dunlin::h2 {

void WindowCounter::Roll(Millis now) {
  if (now - start_ < window_) return;
  start_ = now;
  count_ = 0;
  bonus_ = 0;
}

bool WindowCounter::Count(Millis now) {
  Roll(now);
  return ++count_ <= limit_ + bonus_;
}

void WindowCounter::Allow(Millis now, int64_t more) {
  Roll(now);
  bonus_ += more;
}

}  // namespace dunlin::h2
