// Internal to protocol/trust: fixed-width integers of the wire forms.
#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"

namespace dunlin::trust {

inline void AppendBigEndian(Bytes& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

// Takes the first `bytes` bytes of `wire`. REQUIRES: they are there.
inline uint64_t TakeBigEndian(BytesView& wire, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(wire[i]);
  wire.remove_prefix(bytes);
  return value;
}

}  // namespace dunlin::trust
