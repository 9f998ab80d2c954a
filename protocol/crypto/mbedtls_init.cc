#include "protocol/crypto/mbedtls_init.h"

#include <mbedtls/error.h>
#include <psa/crypto.h>

#include <cstdio>
#include <cstdlib>

namespace dunlin::crypto {

void EnsureMbedtls() {
  static const bool started = [] {
    if (psa_crypto_init() != PSA_SUCCESS) {
      std::fputs("no entropy: psa_crypto_init failed; refusing to go on without randomness\n",
                 stderr);
      std::abort();
    }
    return true;
  }();
  (void)started;
}

int MbedtlsRandom(void*, unsigned char* out, size_t length) {
  if (psa_generate_random(out, length) != PSA_SUCCESS) {
    std::fputs("no entropy: the random generator failed; refusing to go on without it\n", stderr);
    std::abort();
  }
  return 0;
}

std::string MbedtlsErrorText(int code) {
  char text[160] = {};
  mbedtls_strerror(code, text, sizeof text);
  char number[24] = {};
  std::snprintf(number, sizeof number, " (-0x%04x)", static_cast<unsigned>(-code));
  return std::string(text) + number;
}

}  // namespace dunlin::crypto
