// Time as a parameter: pure code gets a TimePoint, shells get a Clock. Tests own the clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using TimePoint = std::chrono::sys_time<Millis>;  // wall clock, UTC, milliseconds

// RFC 3339 in UTC with second resolution ("2026-12-23T00:15:00Z"). Formatting drops milliseconds;
// parsing takes optional fractions (kept to milliseconds) and the zone "Z" only.
std::string FormatTime(TimePoint time);
Result<TimePoint> ParseTime(std::string_view text);

// A duration as Go writes it: "100ms", "2m", "1h30m", "1.5s"; a bare number is refused, because its
// unit would be a guess. Whole milliseconds, at most 10 years.
std::optional<Millis> ParseDuration(std::string_view text);

// REQUIRES: called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;     // wall clock; may jump
  virtual Millis Monotonic() const = 0;  // since an arbitrary start; never goes back
};

class SystemClock : public Clock {
 public:
  TimePoint Now() const override;
  Millis Monotonic() const override;
};

}  // namespace dunlin
