#include "hub/catalog/names.h"

#include <algorithm>
#include <cmath>

#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }

// Milliseconds in one unit, or 0 for an unknown unit.
double UnitMillis(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60.0 * 1000;
  if (unit == "h") return 3600.0 * 1000;
  return 0;
}

}  // namespace

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  if (!IsLowerAlnum(text.front()) || !IsLowerAlnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

bool IsDnsName(std::string_view text) {
  if (text.empty() || text.size() > limits::kCatalogueNameBytes) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsLabelValue(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() > 63 || !IsAlnum(text.front()) || !IsAlnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsLabelKey(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return !text.empty() && IsLabelValue(text);
  const std::string_view name = text.substr(slash + 1);
  return IsDnsName(text.substr(0, slash)) && !name.empty() && IsLabelValue(name);
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

}  // namespace dunlin::catalog
