// Internal to protocol/crypto and protocol/tls: the one start of mbedTLS in a process, and the text
// of its error codes.
#pragma once

#include <cstddef>
#include <string>

namespace dunlin::crypto {

// psa_crypto_init() once per process, thread-safe. Ends the process when the entropy source fails:
// nothing safe can be done without one (CVE-2026-73064).
void EnsureMbedtls();

// mbedTLS's random callback signature; REQUIRES: EnsureMbedtls() has run. Ends the process when no
// randomness can be had, for the same reason.
int MbedtlsRandom(void* unused, unsigned char* out, size_t length);

// "SSL - The connection indicated an EOF (-0x7280)".
std::string MbedtlsErrorText(int code);

}  // namespace dunlin::crypto
