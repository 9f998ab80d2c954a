#include "protocol/base/time.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace dunlin {

namespace {

// Reads exactly `digits` decimal digits, or -1.
int ReadDigits(std::string_view text, size_t at, size_t digits) {
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// Milliseconds in one unit, or 0 for an unknown unit.
double UnitMillis(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60.0 * 1000;
  if (unit == "h") return 3600.0 * 1000;
  return 0;
}

}  // namespace

std::string FormatTime(TimePoint time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<Seconds>(time - days));
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out.data();
}

Result<TimePoint> ParseTime(std::string_view text) {
  const Error wrong =
      MakeError(Errc::kInvalidArgument, "not a time of the form 2026-12-23T00:15:00Z");
  const std::array<int, 6> parts = {ReadDigits(text, 0, 4),  ReadDigits(text, 5, 2),
                                    ReadDigits(text, 8, 2),  ReadDigits(text, 11, 2),
                                    ReadDigits(text, 14, 2), ReadDigits(text, 17, 2)};
  for (const int part : parts) {
    if (part < 0) return wrong;
  }
  const bool separators =
      text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' && text[16] == ':';
  if (!separators || text.back() != 'Z' || parts[3] > 23 || parts[4] > 59 || parts[5] > 59)
    return wrong;
  int64_t millis = 0;
  if (text.size() > 20) {
    if (text[19] != '.' || text.size() == 21) return wrong;
    int64_t scale = 100;
    for (size_t i = 20; i + 1 < text.size(); ++i, scale /= 10) {
      if (text[i] < '0' || text[i] > '9') return wrong;
      millis += (text[i] - '0') * scale;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (!date.ok()) return wrong;
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(parts[3]) +
         std::chrono::minutes(parts[4]) + Seconds(parts[5]) + Millis(millis);
}

std::optional<Millis> ParseDuration(std::string_view text) {
  constexpr double kTenYears = 10.0 * 365 * 24 * 3600 * 1000;
  if (text.empty()) return std::nullopt;
  if (text == "0") return Millis{0};
  double total = 0;
  while (!text.empty()) {
    size_t digits = 0;
    double number = 0;
    double scale = 0;  // 0 until the decimal point was seen
    for (; digits < text.size(); ++digits) {
      const char c = text[digits];
      if (c == '.' && scale == 0 && digits > 0) {
        scale = 1;
      } else if (c >= '0' && c <= '9' && digits < 18) {
        number = number * 10 + (c - '0');
        scale *= 10;
      } else {
        break;
      }
    }
    if (digits == 0) return std::nullopt;
    size_t end = digits;
    while (end < text.size() && text[end] >= 'a' && text[end] <= 'z') ++end;
    const double unit = UnitMillis(text.substr(digits, end - digits));
    if (unit == 0) return std::nullopt;
    total += number / (scale == 0 ? 1 : scale) * unit;
    text.remove_prefix(end);
  }
  if (total > kTenYears) return std::nullopt;
  return Millis{static_cast<int64_t>(std::llround(total))};
}

TimePoint SystemClock::Now() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

Millis SystemClock::Monotonic() const {
  return std::chrono::floor<Millis>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace dunlin
