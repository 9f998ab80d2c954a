#include "protocol/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "protocol/base/check.h"

namespace dunlin {

uint64_t Random::Next() {
  const Bytes bytes = Fill(sizeof(uint64_t));
  uint64_t out = 0;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

std::string Random::Uuid() {
  Bytes bytes = Fill(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string out = HexEncode(bytes);
  for (const size_t at : {8, 13, 18, 23}) out.insert(at, 1, '-');
  return out;
}

Bytes SystemRandom::Fill(size_t n) {
  Bytes out(n, '\0');
  size_t done = 0;
  while (done < n) {
    const ssize_t got = ::getrandom(out.data() + done, n - done, 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0);
    done += static_cast<size_t>(got);
  }
  return out;
}

}  // namespace dunlin
