#include <mbedtls/pem.h>
#include <psa/crypto.h>

#include "protocol/base/check.h"
#include "protocol/crypto/crypto.h"
#include "protocol/crypto/mbedtls_init.h"
#include "protocol/crypto/signature_der.h"

namespace dunlin::crypto {
namespace {

constexpr size_t kPointBytes = 65;
constexpr char kPemBegin[] = "-----BEGIN PUBLIC KEY-----";
constexpr char kPemEnd[] = "-----END PUBLIC KEY-----";

// SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point (RFC 5480): the only form
// that is written or read, so a key has exactly one SPKI and one SPKI hash.
constexpr unsigned char kSpkiPrefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

BytesView SpkiPrefix() { return {reinterpret_cast<const char*>(kSpkiPrefix), sizeof kSpkiPrefix}; }

const unsigned char* U8(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// A volatile PSA key for the time of one call. Import fails for a point that is not on the curve.
class ImportedPoint {
 public:
  explicit ImportedPoint(BytesView point) {
    EnsureMbedtls();
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_MESSAGE);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
    status_ = psa_import_key(&attributes, U8(point), point.size(), &id_);
  }
  ~ImportedPoint() { psa_destroy_key(id_); }
  ImportedPoint(const ImportedPoint&) = delete;
  ImportedPoint& operator=(const ImportedPoint&) = delete;
  bool ok() const { return status_ == PSA_SUCCESS; }
  mbedtls_svc_key_id_t id() const { return id_; }

 private:
  mbedtls_svc_key_id_t id_ = MBEDTLS_SVC_KEY_ID_INIT;
  psa_status_t status_ = PSA_ERROR_GENERIC_ERROR;
};

}  // namespace

Result<PublicKey> PublicKey::FromPoint(BytesView point) {
  // Length and form first: mbedTLS before 3.6.7 reads out of bounds on a zero-length EC key.
  if (point.size() != kPointBytes || point[0] != '\x04') {
    return MakeError(Errc::kInvalidArgument,
                     "a P-256 public key is 65 bytes and starts with 04 (uncompressed point)");
  }
  if (!ImportedPoint(point).ok()) {
    return MakeError(Errc::kInvalidArgument, "the public key is not a point of P-256");
  }
  return PublicKey(Bytes(point));
}

Result<PublicKey> PublicKey::FromSpkiDer(BytesView der) {
  if (der.size() != sizeof kSpkiPrefix + kPointBytes || !der.starts_with(SpkiPrefix())) {
    return MakeError(Errc::kInvalidArgument,
                     "the key is not a P-256 SubjectPublicKeyInfo with an uncompressed point");
  }
  return FromPoint(der.substr(sizeof kSpkiPrefix));
}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  const std::string text(pem);  // mbedTLS wants a terminating zero
  mbedtls_pem_context context;
  mbedtls_pem_init(&context);
  size_t used = 0;
  const int rc = mbedtls_pem_read_buffer(&context, kPemBegin, kPemEnd, U8(text), nullptr, 0, &used);
  Bytes der;
  if (rc == 0) {
    size_t length = 0;
    const unsigned char* data = mbedtls_pem_get_buffer(&context, &length);
    der.assign(reinterpret_cast<const char*>(data), length);
  }
  mbedtls_pem_free(&context);
  if (rc != 0) return MakeError(Errc::kInvalidArgument, "the text is not a PEM public key");
  return FromSpkiDer(der);
}

Bytes PublicKey::SpkiDer() const { return Bytes(SpkiPrefix()) + point_; }

std::string PublicKey::Pem() const {
  const std::string base64 = Base64Encode(SpkiDer());
  std::string pem = std::string(kPemBegin) + "\n";
  for (size_t i = 0; i < base64.size(); i += 64) pem += base64.substr(i, 64) + "\n";
  return pem + kPemEnd + "\n";
}

Digest PublicKey::SpkiHash() const { return Sha256(SpkiDer()); }

Status PublicKey::Verify(BytesView message, BytesView der_signature) const {
  TRY(const RawSignature raw, ParseSignatureDer(der_signature));
  ImportedPoint key(point_);
  CHECK(key.ok());  // FromPoint accepted it
  const psa_status_t status =
      psa_verify_message(key.id(), PSA_ALG_ECDSA(PSA_ALG_SHA_256), U8(message), message.size(),
                         raw.data(), raw.size());
  if (status == PSA_SUCCESS) return {};
  if (status == PSA_ERROR_INVALID_SIGNATURE) {
    return MakeError(Errc::kSignature, "the signature does not match the bytes and the key");
  }
  return MakeError(Errc::kInternal, "signature verification failed to run");
}

}  // namespace dunlin::crypto
