// Byte strings and their text forms. std::string holds bytes because nghttp2, SQLite, Boost.JSON
// and zstd all take char pointers: one type, no casts at every edge.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace dunlin {

using Bytes = std::string;
using BytesView = std::string_view;

// Lower-case hexadecimal.
std::string HexEncode(BytesView bytes);
Result<Bytes> HexDecode(std::string_view text);

// RFC 4648: section 4 with padding, and section 5 (URL alphabet) without padding. Decoding is
// strict: other characters, wrong padding and non-zero trailing bits are kInvalidArgument.
std::string Base64Encode(BytesView bytes);
Result<Bytes> Base64Decode(std::string_view text);
std::string Base64UrlEncode(BytesView bytes);
Result<Bytes> Base64UrlDecode(std::string_view text);

// A SHA-256 value: 32 bytes, compared and ordered bytewise.
struct Digest {
  std::array<unsigned char, 32> bytes{};

  static Result<Digest> FromHex(std::string_view hex);  // exactly 64 hex digits
  static Result<Digest> FromBytes(BytesView raw);       // exactly 32 bytes
  std::string Hex() const;
  BytesView View() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  auto operator<=>(const Digest&) const = default;
};

}  // namespace dunlin
