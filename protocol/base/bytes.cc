#include "protocol/base/bytes.h"

#include <algorithm>
#include <cstring>

namespace dunlin {

namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Encode64(BytesView bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      if (k <= n) {
        out.push_back(alphabet[(group >> (18 - 6 * k)) & 63]);
      } else if (pad) {
        out.push_back('=');
      }
    }
  }
  return out;
}

Result<Bytes> Decode64(std::string_view text, std::string_view alphabet, bool pad) {
  const Error wrong = MakeError(Errc::kInvalidArgument, "not valid base64");
  if (pad) {
    if (text.size() % 4 != 0) return wrong;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return wrong;
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = alphabet.find(c);
    if (c == '\0' || value == std::string_view::npos) return wrong;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  if ((bits & ((1u << count) - 1)) != 0) return wrong;
  return out;
}

}  // namespace

std::string HexEncode(BytesView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

Result<Bytes> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return MakeError(Errc::kInvalidArgument, "odd number of hex digits");
  Bytes out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return MakeError(Errc::kInvalidArgument, "not a hex digit");
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string Base64Encode(BytesView bytes) { return Encode64(bytes, kStandard, true); }
Result<Bytes> Base64Decode(std::string_view text) { return Decode64(text, kStandard, true); }
std::string Base64UrlEncode(BytesView bytes) { return Encode64(bytes, kUrl, false); }
Result<Bytes> Base64UrlDecode(std::string_view text) { return Decode64(text, kUrl, false); }

Result<Digest> Digest::FromHex(std::string_view hex) {
  if (hex.size() != 64) return MakeError(Errc::kInvalidArgument, "a digest has 64 hex digits");
  TRY(const Bytes raw, HexDecode(hex));
  return FromBytes(raw);
}

Result<Digest> Digest::FromBytes(BytesView raw) {
  Digest out;
  if (raw.size() != out.bytes.size()) {
    return MakeError(Errc::kInvalidArgument, "a digest has 32 bytes");
  }
  std::memcpy(out.bytes.data(), raw.data(), raw.size());
  return out;
}

std::string Digest::Hex() const { return HexEncode(View()); }

}  // namespace dunlin
