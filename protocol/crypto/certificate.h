// X.509 certificates of Dunlin's own CA (security design: no CSR is ever parsed or signed; the hub
// builds each certificate from a fixed template around a raw public key).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::crypto {

struct CertificateRequest {
  std::string common_name;  // 1..64 of [A-Za-z0-9 ._:-]
  std::optional<std::string>
      uri_san;  // agents: exactly one, dunlin://<hub>/cluster/<uuid>/agent/<uuid>
  std::vector<std::string> dns_sans;  // servers
  std::vector<std::string> ip_sans;   // servers, textual IPv4/IPv6
  TimePoint not_before;
  TimePoint not_after;
  Bytes serial;         // 16 random bytes
  bool server = false;  // EKU serverAuth instead of clientAuth
};

// Self-signed CA: CA:TRUE, pathlen 0, keyCertSign + cRLSign. Times have second resolution.
Result<std::string> MakeCaPem(const PrivateKey& key, std::string_view common_name,
                              TimePoint not_before, TimePoint not_after, BytesView serial);
// Leaf: CA:FALSE, KU digitalSignature critical, one EKU, ECDSA-SHA256. Returns PEM.
// kInvalidArgument: a name or time that must not stand in a certificate, or ca_key is not the key
// of ca_pem.
Result<std::string> MakeLeafPem(const PrivateKey& ca_key, std::string_view ca_pem,
                                const PublicKey& subject, const CertificateRequest& request);

// What we read from a certificate that a TLS handshake has already verified, or from our own file.
// A certificate whose key is not P-256 is kUnsupported: no identity of ours has another key.
struct CertificateInfo {
  Bytes der;
  PublicKey key;
  std::string common_name;  // of the subject, the first one; empty when there is none
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;  // textual
  Bytes serial;                      // big endian, as in the certificate
  TimePoint not_before;
  TimePoint not_after;
  bool is_ca = false;
  bool server_auth = false;  // named in the extended key usage
  bool client_auth = false;
};
Result<CertificateInfo> ParseCertificatePem(
    std::string_view pem);  // the first certificate of the text
Result<CertificateInfo> ParseCertificateDer(BytesView der);

}  // namespace dunlin::crypto
