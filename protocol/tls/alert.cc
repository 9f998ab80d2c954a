#include "protocol/tls/alert.h"

#include <mbedtls/ssl.h>

#include "protocol/crypto/mbedtls_init.h"

namespace dunlin::tls {
namespace {

const char* AlertName(int number) {
  switch (number) {
    case MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE:
      return "unexpected message";
    case MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC:
      return "bad record MAC";
    case MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW:
      return "record overflow";
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
      return "handshake failure";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
      return "bad certificate";
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
      return "unsupported certificate";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
      return "certificate revoked";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
      return "certificate expired";
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
      return "certificate unknown";
    case MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER:
      return "illegal parameter";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
      return "unknown CA";
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
      return "access denied";
    case MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR:
      return "decode error";
    case MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR:
      return "decrypt error";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
      return "protocol version";
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
      return "insufficient security";
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
      return "internal error";
    case MBEDTLS_SSL_ALERT_MSG_USER_CANCELED:
      return "user cancelled";
    case MBEDTLS_SSL_ALERT_MSG_MISSING_EXTENSION:
      return "missing extension";
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT:
      return "unsupported extension";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
      return "unrecognized name";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
      return "certificate required";
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
      return "no application protocol";
    default:
      return "unnamed alert";
  }
}

bool IsAboutCertificate(int number) {
  switch (number) {
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace

Error AlertError(int number, bool we_sent_a_certificate) {
  const std::string alert =
      std::string(AlertName(number)) + " (TLS alert " + std::to_string(number) + ")";
  if (number == MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED) {
    return MakeError(Errc::kUnauthenticated,
                     "the peer requires a client certificate and we have none: " + alert);
  }
  if (IsAboutCertificate(number)) {
    return MakeError(Errc::kUnauthenticated, we_sent_a_certificate
                                                 ? "the peer refused our certificate: " + alert
                                                 : "the peer refused us: " + alert);
  }
  switch (number) {
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
      return MakeError(Errc::kUnsupported,
                       "the peer has no TLS version in common with us: " + alert);
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
      return MakeError(Errc::kUnsupported,
                       "the peer has no cipher, group or certificate in common with us: " + alert);
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
      return MakeError(Errc::kUnsupported,
                       "the peer speaks none of our application protocols (ALPN): " + alert);
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
      return MakeError(Errc::kUnsupported,
                       "the peer does not serve the name that we asked for: " + alert);
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
    case MBEDTLS_SSL_ALERT_MSG_USER_CANCELED:
      return MakeError(Errc::kUnavailable, "the peer gave up: " + alert);
    default:
      return MakeError(Errc::kCorrupt, "the peer ended the connection: " + alert);
  }
}

Error MbedtlsError(int code, bool handshake_done) {
  const std::string cause = ": " + crypto::MbedtlsErrorText(code);
  switch (code) {
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
      return MakeError(Errc::kUnauthenticated, "the client sent no certificate");
    case MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED:
      return MakeError(Errc::kSignature,
                       "no CA certificate is configured, so no peer can be verified");
    case MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL:
      return MakeError(Errc::kUnsupported,
                       "the peer offers none of our application protocols (ALPN)");
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
      return MakeError(Errc::kUnsupported, "the peer's TLS version is not accepted here" + cause);
    case MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME:
      return MakeError(Errc::kUnsupported, "the client asked for a name that is not served here");
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
      return MakeError(Errc::kUnsupported, "no cipher, group or signature in common" + cause);
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
    case MBEDTLS_ERR_SSL_CONN_EOF:
      return MakeError(Errc::kUnavailable, "the peer closed the connection during the handshake");
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
      return MakeError(Errc::kInternal, "out of memory in TLS");
    default:
      return MakeError(Errc::kCorrupt, handshake_done
                                           ? "damaged or unexpected TLS record" + cause
                                           : "the peer does not speak proper TLS" + cause);
  }
}

}  // namespace dunlin::tls
