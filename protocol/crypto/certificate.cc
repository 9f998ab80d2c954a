#include "protocol/crypto/certificate.h"

#include <arpa/inet.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#include <chrono>
#include <cstring>

#include "protocol/crypto/mbedtls_init.h"

namespace dunlin::crypto {
namespace {

struct Certificate {
  Certificate() { mbedtls_x509_crt_init(&crt); }
  ~Certificate() { mbedtls_x509_crt_free(&crt); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  mbedtls_x509_crt crt;
};

BytesView View(const mbedtls_asn1_buf& buf) {
  return {reinterpret_cast<const char*>(buf.p), buf.len};
}

TimePoint ToTimePoint(const mbedtls_x509_time& t) {
  const auto day = std::chrono::year(t.year) / t.mon / t.day;
  return std::chrono::sys_days(day) + std::chrono::hours(t.hour) + std::chrono::minutes(t.min) +
         std::chrono::seconds(t.sec);
}

std::string CommonName(const mbedtls_x509_name& subject) {
  for (const mbedtls_x509_name* part = &subject; part != nullptr; part = part->next) {
    if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0) return std::string(View(part->val));
  }
  return {};
}

std::string IpText(BytesView raw) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = raw.size() == 4 ? AF_INET : AF_INET6;
  if (raw.size() != 4 && raw.size() != 16) return {};
  inet_ntop(family, raw.data(), text, sizeof text);
  return text;
}

// The context tag of a GeneralName (RFC 5280 4.2.1.6) is its number; other kinds are not ours.
void ReadAltNames(const mbedtls_x509_crt& crt, CertificateInfo& info) {
  if (!mbedtls_x509_crt_has_ext_type(&crt, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME)) return;
  for (const mbedtls_x509_sequence* san = &crt.subject_alt_names; san != nullptr; san = san->next) {
    const int kind = san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    const std::string value(View(san->buf));
    if (kind == MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER) info.uri_sans.push_back(value);
    if (kind == MBEDTLS_X509_SAN_DNS_NAME) info.dns_sans.push_back(value);
    if (kind == MBEDTLS_X509_SAN_IP_ADDRESS) info.ip_sans.push_back(IpText(value));
  }
}

void ReadUsage(const mbedtls_x509_crt& crt, CertificateInfo& info) {
  info.is_ca = mbedtls_x509_crt_get_ca_istrue(&crt) == 1;
  if (!mbedtls_x509_crt_has_ext_type(&crt, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE)) return;
  for (const mbedtls_x509_sequence* use = &crt.ext_key_usage; use != nullptr; use = use->next) {
    if (MBEDTLS_OID_CMP(MBEDTLS_OID_SERVER_AUTH, &use->buf) == 0) info.server_auth = true;
    if (MBEDTLS_OID_CMP(MBEDTLS_OID_CLIENT_AUTH, &use->buf) == 0) info.client_auth = true;
  }
}

Result<CertificateInfo> Describe(const mbedtls_x509_crt& crt) {
  auto key = PublicKey::FromSpkiDer(View(crt.pk_raw));
  if (!key) {
    return MakeError(Errc::kUnsupported, "the certificate's key is not an uncompressed P-256 key");
  }
  CertificateInfo info{.der = Bytes(View(crt.raw)), .key = std::move(*key)};
  info.common_name = CommonName(crt.subject);
  info.serial = Bytes(View(crt.serial));
  info.not_before = ToTimePoint(crt.valid_from);
  info.not_after = ToTimePoint(crt.valid_to);
  ReadAltNames(crt, info);
  ReadUsage(crt, info);
  return info;
}

}  // namespace

Result<CertificateInfo> ParseCertificatePem(std::string_view pem) {
  EnsureMbedtls();
  const std::string text(pem);
  Certificate certificate;
  const int rc = mbedtls_x509_crt_parse(
      &certificate.crt, reinterpret_cast<const unsigned char*>(text.c_str()), text.size() + 1);
  if (rc != 0) {
    // A positive number counts certificates of the text that could not be read.
    return MakeError(Errc::kInvalidArgument,
                     "the text is not a PEM certificate" +
                         (rc < 0 ? ": " + MbedtlsErrorText(rc) : std::string()));
  }
  return Describe(certificate.crt);
}

Result<CertificateInfo> ParseCertificateDer(BytesView der) {
  EnsureMbedtls();
  Certificate certificate;
  const int rc = mbedtls_x509_crt_parse_der(
      &certificate.crt, reinterpret_cast<const unsigned char*>(der.data()), der.size());
  if (rc != 0) {
    return MakeError(Errc::kInvalidArgument, "not a certificate: " + MbedtlsErrorText(rc));
  }
  return Describe(certificate.crt);
}

}  // namespace dunlin::crypto
