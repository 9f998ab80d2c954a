// The bits of Schema::Row::flags, shared by the builder and the reader.
#pragma once

#include <cstdint>

#include "agent/merge/schema.h"

namespace dunlin::merge::flags {

inline constexpr uint32_t kRetainKeys = 1u << 0;
inline constexpr uint32_t kBadStrategy = 1u << 1;
inline constexpr uint32_t kIsList = 1u << 2;
inline constexpr int kStrategyShift = 4;
inline constexpr int kListTypeShift = 8;
inline constexpr int kScalarShift = 12;
inline constexpr uint32_t kMask = 0xf;

constexpr uint32_t PackStrategy(Strategy value) {
  return static_cast<uint32_t>(value) << kStrategyShift;
}
constexpr uint32_t PackListType(ListType value) {
  return static_cast<uint32_t>(value) << kListTypeShift;
}
constexpr uint32_t PackScalar(ScalarClass value) {
  return static_cast<uint32_t>(value) << kScalarShift;
}

}  // namespace dunlin::merge::flags
