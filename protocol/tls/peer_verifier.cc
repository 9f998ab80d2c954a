#include "protocol/tls/peer_verifier.h"

#include <mbedtls/oid.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "protocol/base/limits.h"

namespace dunlin::tls {
namespace {

BytesView View(const mbedtls_asn1_buf& buf) {
  return {reinterpret_cast<const char*>(buf.p), buf.len};
}

TimePoint ToTimePoint(const mbedtls_x509_time& t) {
  const auto day = std::chrono::year(t.year) / t.mon / t.day;
  return std::chrono::sys_days(day) + std::chrono::hours(t.hour) + std::chrono::minutes(t.min) +
         std::chrono::seconds(t.sec);
}

bool HasExtension(const mbedtls_x509_crt& certificate, int extension) {
  return mbedtls_x509_crt_has_ext_type(&certificate, extension) != 0;
}

int SanKind(const mbedtls_x509_sequence& san) { return san.buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK; }

// The leaf's names, for the error text of a mismatch.
std::string Names(const mbedtls_x509_crt& leaf) {
  std::string names;
  if (!HasExtension(leaf, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME)) return "no name";
  for (const auto* san = &leaf.subject_alt_names; san != nullptr; san = san->next) {
    if (SanKind(*san) != MBEDTLS_X509_SAN_DNS_NAME || names.size() > 200) continue;
    names += (names.empty() ? "" : ", ") + std::string(View(san->buf).substr(0, 100));
  }
  return names.empty() ? "no DNS name" : names;
}

bool IsEcdsaSha256(const mbedtls_x509_crt& certificate) {
  return certificate.MBEDTLS_PRIVATE(sig_md) == MBEDTLS_MD_SHA256 &&
         certificate.MBEDTLS_PRIVATE(sig_pk) == MBEDTLS_PK_ECDSA &&
         crypto::PublicKey::FromSpkiDer(View(certificate.pk_raw)).has_value();
}

}  // namespace

int PeerVerifier::Callback(void* self, mbedtls_x509_crt* certificate, int depth, uint32_t* flags) {
  return static_cast<PeerVerifier*>(self)->Check(*certificate, depth, flags);
}

int PeerVerifier::Check(const mbedtls_x509_crt& certificate, int depth, uint32_t* flags) {
  if ((*flags & MBEDTLS_X509_BADCERT_FUTURE) &&
      ToTimePoint(certificate.valid_from) <= expect_.time_floor) {
    *flags &= ~static_cast<uint32_t>(MBEDTLS_X509_BADCERT_FUTURE);
  }
  if (ca_spki_.empty()) ca_spki_ = Bytes(View(certificate.pk_raw));  // the first call is the top
  if (rules_.own_chain) CheckOwnRules(certificate, depth, flags);
  if (depth == 0 && expect_.address && !HasAddress(certificate)) {
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  }
  if (*flags != 0 && !refusal_) refusal_ = Explain(certificate, depth, *flags);
  // Without a CA file mbedTLS runs in its optional mode (it wants a file otherwise), so the refusal
  // itself must end the handshake.
  if (depth == 0 && !rules_.anchored && refusal_) return MBEDTLS_ERR_X509_FATAL_ERROR;
  return 0;
}

void PeerVerifier::CheckOwnRules(const mbedtls_x509_crt& certificate, int depth, uint32_t* flags) {
  Status status;
  if (depth > 1) {
    status = Refuse("stands below an intermediate certificate; only our CA may sign it");
  } else if (!IsEcdsaSha256(certificate)) {
    status = Refuse("or its CA is not ECDSA-SHA256 on P-256");
  } else if (depth == 1) {
    status = CheckAuthority(certificate, flags);
  } else {
    status = CheckLeaf(certificate);
  }
  if (status) return;
  // What mbedTLS found comes first: "expired" says more than a rule that also fails.
  if (*flags == 0 && !refusal_) refusal_ = status.error();
  *flags |= MBEDTLS_X509_BADCERT_OTHER;
}

Status PeerVerifier::CheckAuthority(const mbedtls_x509_crt& certificate, uint32_t* flags) {
  const Digest spki = crypto::Sha256(View(certificate.pk_raw));
  const bool known =
      std::find(rules_.ca_spki.begin(), rules_.ca_spki.end(), spki) != rules_.ca_spki.end();
  if (!known && !rules_.trust_sent_ca) return Refuse("is not signed by the CA that we trust");
  if (mbedtls_x509_crt_get_ca_istrue(&certificate) != 1) {
    return Refuse("is signed by a certificate that is not a CA");
  }
  if (!rules_.anchored) *flags &= ~static_cast<uint32_t>(MBEDTLS_X509_BADCERT_NOT_TRUSTED);
  authority_seen_ = true;
  return {};
}

Status PeerVerifier::CheckLeaf(const mbedtls_x509_crt& certificate) const {
  if (!authority_seen_) return Refuse("is not signed by the CA that we trust");
  if (mbedtls_x509_crt_get_ca_istrue(&certificate) != 0) return Refuse("is a CA certificate");
  size_t bytes = certificate.raw.len;
  for (const auto* sent = certificate.next; sent != nullptr; sent = sent->next) {
    bytes += sent->raw.len;
    if (View(sent->pk_raw) != ca_spki_) return Refuse("came with a certificate that is not our CA");
  }
  if (bytes > limits::kOwnChainBytes) return Refuse("came in a chain that is too large");
  const unsigned usage = MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
  if (!HasExtension(certificate, MBEDTLS_X509_EXT_KEY_USAGE) ||
      mbedtls_x509_crt_check_key_usage(&certificate, usage) != 0 ||
      mbedtls_x509_crt_check_key_usage(&certificate, MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0) {
    return Refuse("does not have the key usage digitalSignature alone");
  }
  const bool server = rules_.peer_is_server;
  const std::string oid =
      server ? std::string(MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH))
             : std::string(MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
  if (!HasExtension(certificate, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE) ||
      mbedtls_x509_crt_check_extended_key_usage(&certificate, oid.data(), oid.size()) != 0) {
    return Refuse(server ? "is not made for servers (extended key usage)"
                         : "is not made for clients (extended key usage)");
  }
  if (server) return {};
  const auto& sans = certificate.subject_alt_names;
  if (!HasExtension(certificate, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME) || sans.next != nullptr ||
      SanKind(sans) != MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER) {
    return Refuse("does not name exactly one identity (one URI)");
  }
  return {};
}

bool PeerVerifier::HasAddress(const mbedtls_x509_crt& certificate) const {
  if (!HasExtension(certificate, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME)) return false;
  for (const auto* san = &certificate.subject_alt_names; san != nullptr; san = san->next) {
    if (SanKind(*san) == MBEDTLS_X509_SAN_IP_ADDRESS && View(san->buf) == *expect_.address) {
      return true;
    }
  }
  return false;
}

std::string PeerVerifier::Whose() const {
  return rules_.peer_is_server ? "the server's certificate" : "the client's certificate";
}

Error PeerVerifier::Refuse(std::string what) const {
  return MakeError(Errc::kSignature, Whose() + " " + std::move(what));
}

Error PeerVerifier::Explain(const mbedtls_x509_crt& certificate, int depth, uint32_t flags) const {
  const std::string whose = depth == 0 ? Whose() : "the CA of " + Whose();
  if (flags & MBEDTLS_X509_BADCERT_EXPIRED) {
    return MakeError(Errc::kExpired,
                     whose + " expired on " + FormatTime(ToTimePoint(certificate.valid_to)));
  }
  if (flags & MBEDTLS_X509_BADCERT_FUTURE) {
    return MakeError(Errc::kExpired, whose + " is not valid before " +
                                         FormatTime(ToTimePoint(certificate.valid_from)) +
                                         "; is this machine's clock right?");
  }
  if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
    return Refuse("is not signed by a CA that we trust");
  if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
    return Refuse("is not for " + std::string(expect_.address ? "the address " : "the name ") +
                  expect_.name + "; it is for " + Names(certificate));
  }
  if (flags &
      (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY)) {
    return Refuse("or its CA uses a key or signature algorithm that is too weak");
  }
  return Refuse("does not verify");
}

Error PeerVerifier::Refusal(uint32_t result) const {
  if (refusal_) return *refusal_;
  if (result & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE)) {
    return Refuse(rules_.peer_is_server ? "is not made for servers (key usage)"
                                        : "is not made for clients (key usage)");
  }
  return Refuse("does not verify");
}

}  // namespace dunlin::tls
