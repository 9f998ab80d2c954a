#include "hub/catalog/names.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "protocol/base/limits.h"

namespace dunlin::catalog {
namespace {

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] =
          std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? size_t{0} : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
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

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string nearest = Nearest(word.substr(0, 64), candidates);
  return nearest.empty() ? std::string() : ", did you mean \"" + nearest + "\"?";
}

}  // namespace dunlin::catalog
