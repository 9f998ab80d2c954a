// Randomness as a parameter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/bytes.h"

namespace dunlin {

class Random {
 public:
  virtual ~Random() = default;
  virtual Bytes Fill(size_t n) = 0;  // n cryptographically strong bytes

  uint64_t Next();     // 64 bits of Fill
  std::string Uuid();  // RFC 9562 version 4, lower case
};

// getrandom(2). A failing entropy source ends the process: nothing safe can be done without one
// (security of TLS 1.3 streams depends on it, CVE-2026-73064).
class SystemRandom : public Random {
 public:
  Bytes Fill(size_t n) override;
};

}  // namespace dunlin
