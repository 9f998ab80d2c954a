// Internal to protocol/tls: mbedTLS's codes and the peer's alerts in plain words.
#pragma once

#include "protocol/base/result.h"

namespace dunlin::tls {

// RFC 8446 6.2: the fatal alert `number` that the peer sent, as our error.
Error AlertError(int number, bool we_sent_a_certificate);

// A failed mbedTLS call (never a certificate refusal: PeerVerifier explains those).
Error MbedtlsError(int code, bool handshake_done);

}  // namespace dunlin::tls
