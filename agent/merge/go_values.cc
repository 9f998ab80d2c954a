#include "agent/merge/go_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "protocol/object/json.h"

namespace dunlin::merge {
namespace {

using object::Array;
using object::Value;

constexpr size_t kSortInsertionLimit = 12;    // Go's pdqsort
constexpr size_t kStableInsertionLimit = 20;  // Go's block size

void AppendEscaped(std::string& out, std::string_view key) {
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
}

// strconv's 'g' with the shortest digits: the exponent form below 1e-4 and from 1e6 on.
std::string DoubleText(double number) {
  const double magnitude = std::fabs(number);
  const bool exponent_form = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  char buffer[64];
  const auto format = exponent_form ? std::chars_format::scientific : std::chars_format::fixed;
  const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, number, format);
  return ec == std::errc() ? std::string(buffer, end) : std::string();
}

template <typename Less>
void InsertionSort(std::vector<size_t>& order, Less less) {
  for (size_t i = 1; i < order.size(); ++i) {
    for (size_t j = i; j > 0 && less(order[j], order[j - 1]); --j)
      std::swap(order[j], order[j - 1]);
  }
}

std::vector<size_t> Identity(size_t n) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

}  // namespace

JsonType TypeOf(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return JsonType::kNull;
    case boost::json::kind::bool_:
      return JsonType::kBool;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return JsonType::kInt;
    case boost::json::kind::double_:
      return JsonType::kDouble;
    case boost::json::kind::string:
      return JsonType::kString;
    case boost::json::kind::array:
      return JsonType::kList;
    case boost::json::kind::object:
      return JsonType::kMap;
  }
  return JsonType::kNull;
}

std::string GoText(const Value& value) {
  switch (TypeOf(value)) {
    case JsonType::kNull:
      return "<nil>";
    case JsonType::kBool:
      return value.get_bool() ? "true" : "false";
    case JsonType::kInt:
      return value.is_int64() ? std::to_string(value.get_int64())
                              : std::to_string(value.get_uint64());
    case JsonType::kDouble:
      return DoubleText(value.get_double());
    case JsonType::kString:
      return std::string(object::View(value.get_string()));
    case JsonType::kList:
    case JsonType::kMap:
      return object::CanonicalJson(value);  // no merge key is a map or list
  }
  return "";
}

std::vector<size_t> SortedByText(const std::vector<std::string>& texts) {
  std::vector<size_t> order = Identity(texts.size());
  if (texts.size() <= kSortInsertionLimit) {
    InsertionSort(order, [&](size_t a, size_t b) { return texts[a] <= texts[b]; });
  } else {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return texts[a] < texts[b]; });
  }
  return order;
}

std::vector<size_t> SortedByPosition(const std::vector<int>& positions) {
  std::vector<size_t> order = Identity(positions.size());
  const bool all_found =
      std::all_of(positions.begin(), positions.end(), [](int position) { return position >= 0; });
  if (all_found || positions.size() > kStableInsertionLimit) {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return positions[a] < positions[b]; });
  } else {
    InsertionSort(order, [&](size_t a, size_t b) {
      return positions[a] < 0 || positions[b] < 0 || positions[a] < positions[b];
    });
  }
  return order;
}

void DeduplicateScalars(Array& list) {
  for (size_t i = 0; i + 1 < list.size(); ++i) {
    for (size_t j = i + 1; j < list.size();) {
      if (object::Equal(list[i], list[j])) {
        if (j + 1 != list.size()) list[j] = std::move(list.back());
        list.pop_back();
      } else {
        ++j;
      }
    }
  }
}

int IndexIn(const Array& list, const Value& item, std::string_view merge_key) {
  const auto key_of = [&](const Value& value) -> const Value* {
    if (!value.is_object()) return &value;
    return value.get_object().if_contains(merge_key);
  };
  const Value* wanted = key_of(item);
  if (wanted == nullptr) return -1;
  for (size_t i = 0; i < list.size(); ++i) {
    const Value* candidate = key_of(list[i]);
    if (candidate != nullptr && object::Equal(*candidate, *wanted)) return static_cast<int>(i);
  }
  return -1;
}

Result<JsonType> ElementType(const Array& a, const Array& b, std::string_view pointer) {
  bool seen = false;
  JsonType type = JsonType::kNull;
  for (const Array* list : {&a, &b}) {
    for (const Value& element : *list) {
      const JsonType current = TypeOf(element);
      if (!seen) {
        if (current == JsonType::kNull) {
          return MakeMergeError(ErrorClass::kNullElement, pointer, "the list has a null element");
        }
        if (current == JsonType::kList) {
          return MakeMergeError(ErrorClass::kListOfLists, pointer,
                                "lists of lists cannot be merged");
        }
        type = current;
        seen = true;
      } else if (current != type) {
        return MakeMergeError(ErrorClass::kMixedTypes, pointer,
                              "the list elements have different types");
      }
    }
  }
  if (!seen) {
    return MakeMergeError(ErrorClass::kBadPatchFormat, pointer,
                          "there is no element to take a type from");
  }
  return type;
}

std::string PathStack::Pointer() const {
  std::string out;
  for (const Part& part : parts_) {
    out += '/';
    if (part.index_plus_one > 0) {
      out += std::to_string(part.index_plus_one - 1);
    } else {
      AppendEscaped(out, part.key);
    }
  }
  return out;
}

std::string PathStack::PointerTo(std::string_view key) const {
  std::string out = Pointer();
  out += '/';
  AppendEscaped(out, key);
  return out;
}

}  // namespace dunlin::merge
