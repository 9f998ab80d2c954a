#include <arpa/inet.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/x509_crt.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <list>

#include "protocol/crypto/certificate.h"
#include "protocol/crypto/mbedtls_init.h"
#include "protocol/crypto/pk_context.h"

namespace dunlin::crypto {
namespace {

constexpr size_t kSerialBytes = 16;
constexpr size_t kPemBufferBytes = 8192;

struct Writer {
  Writer() { mbedtls_x509write_crt_init(&crt); }
  ~Writer() { mbedtls_x509write_crt_free(&crt); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  mbedtls_x509write_cert crt;
};

bool IsOneOf(char c, std::string_view extra) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         extra.find(c) != std::string_view::npos;
}

// Names go through mbedTLS's RFC 4514 reader: only characters without a meaning there are let in.
Status CheckName(std::string_view what, std::string_view name, std::string_view extra, size_t cap) {
  const bool ok = !name.empty() && name.size() <= cap &&
                  std::all_of(name.begin(), name.end(), [&](char c) { return IsOneOf(c, extra); });
  if (ok) return {};
  return MakeError(Errc::kInvalidArgument, std::string(what) + " \"" + std::string(name) +
                                               "\" cannot stand in a certificate");
}

// "YYYYMMDDhhmmss" in UTC, the form of mbedtls_x509write_crt_set_validity.
Result<std::string> Asn1Time(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  const int year = static_cast<int>(date.year());
  if (year < 1970 || year > 9999) {
    return MakeError(Errc::kInvalidArgument,
                     "a certificate's time must be in the years 1970..9999");
  }
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02u%02d%02d%02d", year,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return std::string(text);
}

Status Check(int rc, std::string_view step) {
  if (rc == 0) return {};
  return MakeError(Errc::kInternal, "cannot build the certificate (" + std::string(step) +
                                        "): " + MbedtlsErrorText(rc));
}

Status LoadKey(const PrivateKey& key, PkContext& context) {
  std::string pem = key.Pem();
  const int rc = context.ParsePrivatePem(pem);
  mbedtls_platform_zeroize(pem.data(), pem.size());
  return Check(rc, "key");
}

// The parts that CA and leaf share: version 3, SHA-256, serial, validity.
Status SetCommon(mbedtls_x509write_cert* crt, BytesView serial, TimePoint not_before,
                 TimePoint not_after) {
  if (serial.size() != kSerialBytes) {
    return MakeError(Errc::kInvalidArgument, "a certificate's serial number has 16 random bytes");
  }
  if (not_after <= not_before) {
    return MakeError(Errc::kInvalidArgument, "the certificate would end before it begins");
  }
  TRY(const std::string from, Asn1Time(not_before));
  TRY(const std::string to, Asn1Time(not_after));
  mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
  Bytes number(serial);
  TRY_VOID(Check(mbedtls_x509write_crt_set_serial_raw(
                     crt, reinterpret_cast<unsigned char*>(number.data()), number.size()),
                 "serial"));
  return Check(mbedtls_x509write_crt_set_validity(crt, from.c_str(), to.c_str()), "validity");
}

Result<std::string> WritePem(mbedtls_x509write_cert* crt) {
  std::array<unsigned char, kPemBufferBytes> buffer{};
  TRY_VOID(
      Check(mbedtls_x509write_crt_pem(crt, buffer.data(), buffer.size(), MbedtlsRandom, nullptr),
            "sign"));
  return std::string(reinterpret_cast<const char*>(buffer.data()));
}

// The subject alternative names as mbedTLS's linked list; owns the bytes it points to.
class AltNames {
 public:
  void Add(int type, Bytes value) {
    values_.push_back(std::move(value));
    mbedtls_x509_san_list entry{};
    entry.node.type = type;
    entry.node.san.unstructured_name.p = reinterpret_cast<unsigned char*>(values_.back().data());
    entry.node.san.unstructured_name.len = values_.back().size();
    // mbedTLS writes DER from the end, so the last of its list stands first in the certificate.
    entry.next = entries_.empty() ? nullptr : &entries_.front();
    entries_.push_front(entry);
  }
  const mbedtls_x509_san_list* list() const {
    return entries_.empty() ? nullptr : &entries_.front();
  }

 private:
  std::list<Bytes> values_;  // list: addresses stay
  std::list<mbedtls_x509_san_list> entries_;
};

Result<Bytes> IpBytes(const std::string& text) {
  std::array<char, 16> address{};
  if (inet_pton(AF_INET, text.c_str(), address.data()) == 1) return Bytes(address.data(), 4);
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return Bytes(address.data(), 16);
  return MakeError(Errc::kInvalidArgument, "\"" + text + "\" is not an IP address");
}

Status SetAltNames(mbedtls_x509write_cert* crt, const CertificateRequest& request) {
  AltNames names;
  if (request.uri_san) {
    TRY_VOID(CheckName("URI", *request.uri_san, "-._~:/", 512));
    names.Add(MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER, *request.uri_san);
  }
  for (const std::string& name : request.dns_sans) {
    TRY_VOID(CheckName("DNS name", name, "-.*_", 253));
    names.Add(MBEDTLS_X509_SAN_DNS_NAME, name);
  }
  for (const std::string& address : request.ip_sans) {
    TRY(Bytes raw, IpBytes(address));
    names.Add(MBEDTLS_X509_SAN_IP_ADDRESS, std::move(raw));
  }
  if (names.list() == nullptr) return {};
  return Check(mbedtls_x509write_crt_set_subject_alternative_name(crt, names.list()),
               "subject alternative names");
}

Status SetLeafUsage(mbedtls_x509write_cert* crt, bool server) {
  TRY_VOID(Check(mbedtls_x509write_crt_set_basic_constraints(crt, 0, -1), "basic constraints"));
  TRY_VOID(Check(mbedtls_x509write_crt_set_key_usage(crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE),
                 "key usage"));
  Bytes oid = server ? Bytes(MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH))
                     : Bytes(MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
  mbedtls_asn1_sequence usage{};
  usage.buf.tag = MBEDTLS_ASN1_OID;
  usage.buf.p = reinterpret_cast<unsigned char*>(oid.data());
  usage.buf.len = oid.size();
  TRY_VOID(Check(mbedtls_x509write_crt_set_ext_key_usage(crt, &usage), "extended key usage"));
  TRY_VOID(Check(mbedtls_x509write_crt_set_subject_key_identifier(crt), "subject key id"));
  return Check(mbedtls_x509write_crt_set_authority_key_identifier(crt), "authority key id");
}

}  // namespace

Result<std::string> MakeCaPem(const PrivateKey& key, std::string_view common_name,
                              TimePoint not_before, TimePoint not_after, BytesView serial) {
  TRY_VOID(CheckName("CA name", common_name, " ._:-", 64));
  PkContext pk;
  TRY_VOID(LoadKey(key, pk));
  Writer writer;
  mbedtls_x509write_cert* crt = &writer.crt;
  TRY_VOID(SetCommon(crt, serial, not_before, not_after));
  const std::string name = "CN=" + std::string(common_name);
  TRY_VOID(Check(mbedtls_x509write_crt_set_subject_name(crt, name.c_str()), "subject"));
  TRY_VOID(Check(mbedtls_x509write_crt_set_issuer_name(crt, name.c_str()), "issuer"));
  mbedtls_x509write_crt_set_subject_key(crt, &pk.pk);
  mbedtls_x509write_crt_set_issuer_key(crt, &pk.pk);
  TRY_VOID(Check(mbedtls_x509write_crt_set_basic_constraints(crt, 1, 0), "basic constraints"));
  TRY_VOID(Check(mbedtls_x509write_crt_set_key_usage(
                     crt, MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN),
                 "key usage"));
  TRY_VOID(Check(mbedtls_x509write_crt_set_subject_key_identifier(crt), "subject key id"));
  return WritePem(crt);
}

Result<std::string> MakeLeafPem(const PrivateKey& ca_key, std::string_view ca_pem,
                                const PublicKey& subject, const CertificateRequest& request) {
  TRY(const CertificateInfo ca, ParseCertificatePem(ca_pem));
  if (!ca.is_ca || !(ca.key == ca_key.Public())) {
    return MakeError(Errc::kInvalidArgument, "the CA key does not belong to the CA certificate");
  }
  TRY_VOID(CheckName("common name", request.common_name, " ._:-", 64));
  TRY_VOID(CheckName("CA name", ca.common_name, " ._:-", 64));
  PkContext issuer;
  TRY_VOID(LoadKey(ca_key, issuer));
  PkContext key;
  const Bytes spki = subject.SpkiDer();
  TRY_VOID(Check(mbedtls_pk_parse_public_key(
                     &key.pk, reinterpret_cast<const unsigned char*>(spki.data()), spki.size()),
                 "subject key"));
  Writer writer;
  mbedtls_x509write_cert* crt = &writer.crt;
  TRY_VOID(SetCommon(crt, request.serial, request.not_before, request.not_after));
  TRY_VOID(Check(mbedtls_x509write_crt_set_subject_name(crt, ("CN=" + request.common_name).c_str()),
                 "subject"));
  TRY_VOID(Check(mbedtls_x509write_crt_set_issuer_name(crt, ("CN=" + ca.common_name).c_str()),
                 "issuer"));
  mbedtls_x509write_crt_set_subject_key(crt, &key.pk);
  mbedtls_x509write_crt_set_issuer_key(crt, &issuer.pk);
  TRY_VOID(SetAltNames(crt, request));
  TRY_VOID(SetLeafUsage(crt, request.server));
  return WritePem(crt);
}

}  // namespace dunlin::crypto
