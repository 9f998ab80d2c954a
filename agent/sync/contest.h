// How often one object was set back because somebody else had changed it, and when it may be set
// back again. The first repairs are immediate. Who has to repair the same object over and over
// repairs against another controller, another agent or a person's loop: nobody wins that, and the
// apiserver pays for it. From then on there is a pause between two repairs, twice as long each
// time, until nobody has changed the object for a while.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "protocol/base/time.h"

namespace dunlin::sync {

class Contest {
 public:
  static constexpr size_t kFreeRepairs = 4;  // at once, within kWindow
  static constexpr Millis kWindow{60000};
  static constexpr Millis kFirstPause{1000};
  static constexpr Millis kLongestPause{300000};

  // The object is not as it should be: whether it is set back now. If not, it waits until Next().
  bool MayRepair(TimePoint now) {
    if (!contested_ && recent_.size() == kFreeRepairs && now - recent_.front() < kWindow) {
      contested_ = true;
      pause_ = kFirstPause;
      next_ = now + pause_;
    }
    waiting_ = contested_ && now < next_;
    return !waiting_;
  }
  // It was set back.
  void Repaired(TimePoint now) {
    if (repairs_++ == 0) since_ = now;
    last_ = now;
    waiting_ = false;
    if (contested_) {
      pause_ = std::min(2 * pause_, kLongestPause);
      next_ = now + pause_;
      return;
    }
    recent_.push_back(now);
    if (recent_.size() > kFreeRepairs) recent_.pop_front();
  }
  // It is as it should be, without our doing.
  void FoundRight() { waiting_ = false; }

  bool contested() const { return contested_; }
  bool waiting() const { return waiting_; }
  // When to look at it again: to set it back, or to forget it.
  TimePoint Next() const { return waiting_ ? next_ : last_ + std::max(kWindow, pause_); }
  bool Over(TimePoint now) const { return !waiting_ && now >= Next(); }
  int64_t repairs() const { return repairs_; }
  TimePoint since() const { return since_; }
  Millis pause() const { return pause_; }

 private:
  std::deque<TimePoint> recent_;  // repairs, until it is contested
  bool contested_ = false;
  bool waiting_ = false;
  int64_t repairs_ = 0;
  TimePoint since_{};  // the first repair
  TimePoint last_{};
  TimePoint next_{};  // not before
  Millis pause_{0};
};

}  // namespace dunlin::sync
