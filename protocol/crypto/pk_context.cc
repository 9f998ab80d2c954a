#include "protocol/crypto/pk_context.h"

#include <mbedtls/platform_util.h>

#include <string>

#include "protocol/crypto/mbedtls_init.h"

namespace dunlin::crypto {

int PkContext::ParsePrivatePem(std::string_view pem) {
  std::string text(pem);  // mbedTLS wants the terminating zero counted
  const int rc = mbedtls_pk_parse_key(&pk, reinterpret_cast<const unsigned char*>(text.c_str()),
                                      text.size() + 1, nullptr, 0, MbedtlsRandom, nullptr);
  mbedtls_platform_zeroize(text.data(), text.size());
  return rc;
}

}  // namespace dunlin::crypto
