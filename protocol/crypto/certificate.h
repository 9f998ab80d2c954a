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
  std::string common_name;
  std::optional<std::string>
      uri_san;  // agents: exactly one, dunlin://<hub>/cluster/<uuid>/agent/<uuid>
  std::vector<std::string> dns_sans;  // servers
  std::vector<std::string> ip_sans;   // servers, textual IPv4/IPv6
  TimePoint not_before;
  TimePoint not_after;
  Bytes serial;         // 16 random bytes
  bool server = false;  // EKU serverAuth instead of clientAuth
};

// Self-signed CA: CA:TRUE, pathlen 0, keyCertSign + cRLSign.
Result<std::string> MakeCaPem(const PrivateKey& key, std::string_view common_name,
                              TimePoint not_before, TimePoint not_after, BytesView serial);
// Leaf: CA:FALSE, KU digitalSignature critical, one EKU, ECDSA-SHA256. Returns PEM.
Result<std::string> MakeLeafPem(const PrivateKey& ca_key, std::string_view ca_pem,
                                const PublicKey& subject, const CertificateRequest& request);

// What we read from a certificate that a TLS handshake has already verified, or from our own file.
struct CertificateInfo {
  Bytes der;
  PublicKey key;
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  TimePoint not_before;
  TimePoint not_after;
  bool is_ca = false;
};
Result<CertificateInfo> ParseCertificatePem(
    std::string_view pem);  // the first certificate of the text
Result<CertificateInfo> ParseCertificateDer(BytesView der);

}  // namespace dunlin::crypto
