// Internal to protocol/tls: the rules for a peer's certificates, on top of mbedTLS's own path
// verification, and the reason of a refusal in plain words.
//
// Own rules (hub <-> agent; security design 1.2, H11): every certificate ECDSA-SHA256 on P-256; the
// chain is a leaf and our CA, compared by SPKI, with nothing between or beside; the leaf is no CA,
// has digitalSignature and the extended key usage of its side; a client's leaf has exactly one
// subject alternative name, a URI. mbedTLS 3.6.6 does not enforce signature algorithms on the chain
// and can be fooled by an invalid basicConstraints, hence the rules are checked here.
#pragma once

#include <mbedtls/x509_crt.h>

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::tls {

struct VerifyRules {
  bool own_chain = false;
  bool peer_is_server = false;
  std::vector<Digest> ca_spki;  // own chain: the CAs that may stand at the top
  bool trust_sent_ca = false;   // own chain: any self-signed CA that the peer sends (see engine.h)
  bool anchored = true;         // false: no CA file; the CA is the one sent and pinned by ca_spki
};

class PeerVerifier {
 public:
  struct Expectation {
    std::string name;              // DNS name (mbedTLS compares it), or text of the address
    std::optional<Bytes> address;  // 4 or 16 bytes: must stand in the leaf as an IP name
    TimePoint time_floor;
  };
  PeerVerifier(const VerifyRules& rules, Expectation expectation)
      : rules_(rules), expect_(std::move(expectation)) {}

  // For mbedtls_ssl_set_verify; called from the top of the chain down to the leaf (depth 0).
  static int Callback(void* self, mbedtls_x509_crt* certificate, int depth, uint32_t* flags);

  // Why the peer is refused. `result` is mbedtls_ssl_get_verify_result(): usage checks of the TLS
  // layer come after the callback.
  Error Refusal(uint32_t result) const;
  bool refused() const { return refusal_.has_value(); }
  const Bytes& ca_spki() const { return ca_spki_; }

 private:
  int Check(const mbedtls_x509_crt& certificate, int depth, uint32_t* flags);
  void CheckOwnRules(const mbedtls_x509_crt& certificate, int depth, uint32_t* flags);
  Status CheckAuthority(const mbedtls_x509_crt& certificate, uint32_t* flags);
  Status CheckLeaf(const mbedtls_x509_crt& certificate) const;
  bool HasAddress(const mbedtls_x509_crt& certificate) const;
  Error Explain(const mbedtls_x509_crt& certificate, int depth, uint32_t flags) const;
  std::string Whose() const;
  Error Refuse(std::string what) const;

  const VerifyRules& rules_;
  Expectation expect_;
  std::optional<Error> refusal_;
  Bytes ca_spki_;
  bool authority_seen_ = false;
};

}  // namespace dunlin::tls
