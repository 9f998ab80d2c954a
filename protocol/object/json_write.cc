#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "protocol/object/json.h"

namespace dunlin::object {

namespace {

constexpr char kHex[] = "0123456789abcdef";

void WriteEscape(std::string& out, unsigned char byte) {
  out += "\\u00";
  out.push_back(kHex[byte >> 4]);
  out.push_back(kHex[byte & 15]);
}

void WriteString(std::string& out, std::string_view text) {
  out.push_back('"');
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '<':
      case '>':
      case '&':
        WriteEscape(out, byte);
        break;
      default:
        if (byte < 0x20) {
          WriteEscape(out, byte);
        } else if (byte == 0xe2 && i + 2 < text.size() && text[i + 1] == '\x80' &&
                   (text[i + 2] == '\xa8' || text[i + 2] == '\xa9')) {
          out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
          i += 2;
        } else {
          out.push_back(text[i]);
        }
    }
  }
  out.push_back('"');
}

template <typename Integer>
void WriteInteger(std::string& out, Integer value) {
  std::array<char, 24> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end);
}

// As strconv.AppendFloat in encoding/json: shortest digits; 'e' form outside 1e-6 <= |x| < 1e21,
// with a sign and without a leading zero in negative exponents ("1e-7", "1e+21"). std::to_chars
// makes the digits only: its own fixed form prints 2^67 with 21 digits, Go's with 17 and zeros.
void WriteDouble(std::string& out, double value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                          std::abs(value), std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;  // of the first digit
  std::from_chars(text.data() + e + 2, end, exponent);
  if (text[e + 1] == '-') exponent = -exponent;

  if (std::signbit(value)) out.push_back('-');
  if (value != 0 && (exponent < -6 || exponent >= 21)) {
    out.push_back(digits[0]);
    if (digits.size() > 1) out.append(".").append(digits, 1);
    out += exponent < 0 ? "e-" : "e+";
    return WriteInteger(out, std::abs(exponent));
  }
  if (exponent < 0) {
    out.append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
    return;
  }
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    out.append(digits).append(whole - digits.size(), '0');
  } else {
    out.append(digits, 0, whole).append(".").append(digits, whole);
  }
}

void Write(std::string& out, const Value& value);

void WriteObject(std::string& out, const Object& object) {
  std::vector<const boost::json::key_value_pair*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
    return std::string_view(a->key()) < std::string_view(b->key());
  });
  out.push_back('{');
  bool first = true;
  for (const auto* member : members) {
    if (!first) out.push_back(',');
    first = false;
    WriteString(out, std::string_view(member->key()));
    out.push_back(':');
    Write(out, member->value());
  }
  out.push_back('}');
}

void Write(std::string& out, const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::int64:
      return WriteInteger(out, value.get_int64());
    case boost::json::kind::uint64:
      return WriteInteger(out, value.get_uint64());
    case boost::json::kind::double_:
      return WriteDouble(out, value.get_double());
    case boost::json::kind::string:
      return WriteString(out, View(value.get_string()));
    case boost::json::kind::object:
      return WriteObject(out, value.get_object());
    case boost::json::kind::array: {
      out.push_back('[');
      bool first = true;
      for (const Value& element : value.get_array()) {
        if (!first) out.push_back(',');
        first = false;
        Write(out, element);
      }
      out.push_back(']');
      return;
    }
  }
}

}  // namespace

std::string CanonicalJson(const Value& value) {
  std::string out;
  Write(out, value);
  return out;
}

}  // namespace dunlin::object
