#include "agent/merge/quantity.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "protocol/base/limits.h"

namespace dunlin::merge {
namespace {

// sign * digits * 10^exponent; digits without leading and trailing zeros, empty for zero.
struct Decimal {
  int sign = 0;
  std::string digits;
  int64_t exponent = 0;
};

constexpr int64_t kNano = -9;
constexpr std::string_view kMaxInt64 = "9223372036854775807";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct Suffix {
  bool ok = false;
  int32_t power_of_ten = 0;
  int32_t power_of_two = 0;
};

Suffix ReadSuffix(std::string_view text) {
  struct Row {
    std::string_view name;
    int32_t ten, two;
  };
  static constexpr Row kRows[] = {
      {"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
      {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
      {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
  };
  for (const Row& row : kRows) {
    if (row.name == text) return {true, row.ten, row.two};
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return {};
  text.remove_prefix(1);
  if (text[0] == '+') text.remove_prefix(1);
  int64_t parsed = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return {};
  return {true, static_cast<int32_t>(parsed), 0};  // upstream truncates to 32 bits, too
}

void MultiplyByTwoToTheTen(std::string& digits) {
  uint32_t carry = 0;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it) {
    const uint32_t product = static_cast<uint32_t>(*it - '0') * 1024 + carry;
    *it = static_cast<char>('0' + product % 10);
    carry = product / 10;
  }
  while (carry > 0) {
    digits.insert(digits.begin(), static_cast<char>('0' + carry % 10));
    carry /= 10;
  }
}

void AddOne(std::string& digits) {
  for (auto it = digits.rbegin(); it != digits.rend(); ++it) {
    if (*it != '9') {
      ++*it;
      return;
    }
    *it = '0';
  }
  digits.insert(digits.begin(), '1');
}

void Trim(Decimal& value) {
  const size_t first = value.digits.find_first_not_of('0');
  if (first == std::string::npos) {
    value = Decimal{};
    return;
  }
  value.digits.erase(0, first);
  while (value.digits.back() == '0') {
    value.digits.pop_back();
    ++value.exponent;
  }
}

void RoundToNano(Decimal& value) {
  if (value.sign == 0 || value.exponent >= kNano) return;
  const int64_t drop = kNano - value.exponent;
  value.exponent = kNano;
  if (drop >= static_cast<int64_t>(value.digits.size())) {
    value.digits = "1";
  } else {
    value.digits.resize(value.digits.size() - drop);  // trimmed: what is dropped is not all zero
    AddOne(value.digits);
  }
  Trim(value);
}

int CompareMagnitude(const Decimal& a, const Decimal& b) {
  const int64_t a_top = static_cast<int64_t>(a.digits.size()) + a.exponent;
  const int64_t b_top = static_cast<int64_t>(b.digits.size()) + b.exponent;
  if (a_top != b_top) return a_top < b_top ? -1 : 1;
  const int order = a.digits.compare(b.digits);  // no trailing zeros: a prefix is the smaller one
  return order == 0 ? 0 : (order < 0 ? -1 : 1);
}

Error NoQuantity(std::string_view text) {
  constexpr size_t kShown = 64;
  return MakeError(Errc::kInvalidArgument,
                   "\"" + std::string(text.substr(0, kShown)) + "\" is not a quantity");
}

Result<Decimal> Parse(std::string_view text) {
  if (text.empty() || text.size() > limits::kQuantityBytes) return NoQuantity(text);
  size_t pos = 0;
  Decimal value;
  value.sign = 1;
  if (text[0] == '+' || text[0] == '-') {
    if (text[0] == '-') value.sign = -1;
    pos = 1;
  }
  bool seen_digit = false;
  size_t integer_digits = 0;
  while (pos < text.size() && text[pos] == '0') {
    seen_digit = true;
    ++pos;
  }
  if (pos == text.size()) return Decimal{};  // "0", "-", "+": upstream reads a lone sign as zero
  for (; pos < text.size() && IsDigit(text[pos]); ++pos, ++integer_digits) {
    value.digits.push_back(text[pos]);
  }
  size_t fraction_digits = 0;
  if (pos < text.size() && text[pos] == '.') {
    for (++pos; pos < text.size() && IsDigit(text[pos]); ++pos, ++fraction_digits) {
      value.digits.push_back(text[pos]);
    }
  }
  seen_digit = seen_digit || integer_digits + fraction_digits > 0;

  const size_t suffix_begin = pos;
  while (pos < text.size() &&
         std::string_view("eEinumkKMGTP").find(text[pos]) != std::string_view::npos)
    ++pos;
  if (pos < text.size() && (text[pos] == '+' || text[pos] == '-')) ++pos;
  while (pos < text.size() && IsDigit(text[pos])) ++pos;
  if (pos != text.size()) return NoQuantity(text);
  const Suffix suffix = ReadSuffix(text.substr(suffix_begin));
  if (!suffix.ok) return NoQuantity(text);

  value.exponent =
      static_cast<int64_t>(suffix.power_of_ten) - static_cast<int64_t>(fraction_digits);
  if (!seen_digit) {
    // "m" and "." are zero on upstream's fast path, and errors on its slow one.
    constexpr int32_t kLargestFastShift = 40;
    const bool fast = suffix.power_of_two > 0 ? suffix.power_of_two <= kLargestFastShift
                                              : value.exponent >= kNano;
    if (!fast) return NoQuantity(text);
    return Decimal{};
  }
  for (int32_t shift = 0; shift < suffix.power_of_two; shift += 10) {
    MultiplyByTwoToTheTen(value.digits);
  }
  Trim(value);
  RoundToNano(value);
  if (suffix.power_of_two > 0) {
    Decimal cap{value.sign, std::string(kMaxInt64), 0};
    if (value.sign != 0 && CompareMagnitude(value, cap) > 0) value = std::move(cap);
  }
  return value;
}

}  // namespace

Result<int> CompareQuantities(std::string_view a, std::string_view b) {
  TRY(const Decimal left, Parse(a));
  TRY(const Decimal right, Parse(b));
  if (left.sign != right.sign) return left.sign < right.sign ? -1 : 1;
  if (left.sign == 0) return 0;
  return left.sign * CompareMagnitude(left, right);
}

bool IsQuantity(std::string_view text) { return Parse(text).has_value(); }

}  // namespace dunlin::merge
