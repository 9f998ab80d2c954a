// Internal to protocol/crypto: mbedTLS's key context, freed with its scope.
#pragma once

#include <mbedtls/pk.h>

#include <string_view>

namespace dunlin::crypto {

struct PkContext {
  PkContext() { mbedtls_pk_init(&pk); }
  ~PkContext() { mbedtls_pk_free(&pk); }
  PkContext(const PkContext&) = delete;
  PkContext& operator=(const PkContext&) = delete;

  // Fills it from a PEM private key; the copy that mbedTLS needs is wiped. mbedTLS's error code, 0
  // for success. REQUIRES: EnsureMbedtls() has run.
  int ParsePrivatePem(std::string_view pem);

  mbedtls_pk_context pk;
};

}  // namespace dunlin::crypto
