// Internal to protocol/tls: what a Config holds. Shared read-only by all engines; mbedTLS locks
// what it caches inside keys (THREADING_C is on in our build).
#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <memory>
#include <string>
#include <vector>

#include "protocol/tls/engine.h"
#include "protocol/tls/peer_verifier.h"

namespace dunlin::tls {

struct CertificateChain {
  CertificateChain() { mbedtls_x509_crt_init(&crt); }
  ~CertificateChain() { mbedtls_x509_crt_free(&crt); }
  CertificateChain(const CertificateChain&) = delete;
  CertificateChain& operator=(const CertificateChain&) = delete;
  mbedtls_x509_crt crt;
};

struct KeyHolder {
  KeyHolder() { mbedtls_pk_init(&pk); }
  ~KeyHolder() { mbedtls_pk_free(&pk); }
  KeyHolder(const KeyHolder&) = delete;
  KeyHolder& operator=(const KeyHolder&) = delete;
  mbedtls_pk_context pk;
};

struct Config::Impl {
  Impl() { mbedtls_ssl_config_init(&ssl); }
  ~Impl() { mbedtls_ssl_config_free(&ssl); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Servers: whether a client that names us so is served.
  bool Serves(std::string_view sni) const;

  mbedtls_ssl_config ssl;
  Role role = Role::kClient;
  bool verify_peer = true;
  bool require_alpn = true;
  std::vector<std::string> alpn;
  std::vector<const char*> alpn_list;  // points into alpn, null-terminated
  bool has_identity = false;
  CertificateChain chain;  // our own, when there is one
  KeyHolder key;
  bool own_names_only = false;
  std::vector<std::string> dns_names;  // of our certificate, when own_names_only
  bool has_ip_name = false;            // the same
  CertificateChain ca;
  VerifyRules rules;
};

}  // namespace dunlin::tls
