// Counters that end a connection whose peer makes work without making progress (security design
// 4.6: H2 "MadeYouReset", H4 floods). Pure: the time is a parameter, in milliseconds of any
// monotonic clock. nghttp2 itself bounds rapid resets, unanswered acknowledgements, entries of one
// SETTINGS frame and CONTINUATION frames.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"

namespace dunlin::h2 {

// At most `limit` events in a window of fixed start; Count() is false at the first one above.
class WindowCounter {
 public:
  WindowCounter(int64_t limit, Millis window) : limit_(limit), window_(window) {}
  bool Count(Millis now);
  // Work that entitles the peer to further frames in this window.
  void Allow(Millis now, int64_t more);

 private:
  void Roll(Millis now);

  int64_t limit_;
  Millis window_;
  Millis start_{0};
  int64_t count_ = 0;
  int64_t bonus_ = 0;
};

}  // namespace dunlin::h2
