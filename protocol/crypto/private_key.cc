#include <mbedtls/ecp.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>

#include <array>

#include "protocol/base/check.h"
#include "protocol/crypto/crypto.h"
#include "protocol/crypto/mbedtls_init.h"
#include "protocol/crypto/pk_context.h"
#include "protocol/crypto/signature_der.h"

namespace dunlin::crypto {
namespace {

// RFC 6979: the same key and bytes give the same signature, so a publish that is repeated after a
// crash is byte-identical, and no weak random number can leak the key.
constexpr psa_algorithm_t kAlgorithm = PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256);

psa_key_attributes_t Attributes() {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, 256);
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE | PSA_KEY_USAGE_EXPORT);
  psa_set_key_algorithm(&attributes, kAlgorithm);
  return attributes;
}

using Scalar = std::array<unsigned char, 32>;

Result<Scalar> ScalarOf(const mbedtls_pk_context& pk) {
  if (mbedtls_pk_get_type(&pk) != MBEDTLS_PK_ECKEY ||
      mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(pk)) != MBEDTLS_ECP_DP_SECP256R1) {
    return MakeError(Errc::kUnsupported,
                     "the private key is not a P-256 key; make one with "
                     "`openssl ecparam -name prime256v1 -genkey -noout`");
  }
  Scalar scalar{};
  size_t length = 0;
  if (mbedtls_ecp_write_key_ext(mbedtls_pk_ec(pk), &length, scalar.data(), scalar.size()) != 0 ||
      length != scalar.size()) {
    return MakeError(Errc::kInvalidArgument, "the private key is damaged");
  }
  return scalar;
}

}  // namespace

struct PrivateKey::Impl {
  explicit Impl(mbedtls_svc_key_id_t key) : id(key) {}
  ~Impl() { psa_destroy_key(id); }  // wipes the key material
  mbedtls_svc_key_id_t id;
};

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PrivateKey::~PrivateKey() = default;
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;

Result<PrivateKey> PrivateKey::Generate() {
  EnsureMbedtls();
  const psa_key_attributes_t attributes = Attributes();
  mbedtls_svc_key_id_t id = MBEDTLS_SVC_KEY_ID_INIT;
  if (psa_generate_key(&attributes, &id) != PSA_SUCCESS) {
    return MakeError(Errc::kInternal, "cannot generate a P-256 key");
  }
  return PrivateKey(std::make_unique<Impl>(id));
}

Result<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  EnsureMbedtls();
  PkContext context;
  const int rc = context.ParsePrivatePem(pem);
  if (rc == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || rc == MBEDTLS_ERR_PK_PASSWORD_MISMATCH) {
    return MakeError(Errc::kUnsupported,
                     "the private key is encrypted; store it unencrypted (0600)");
  }
  if (rc != 0) {
    return MakeError(Errc::kInvalidArgument,
                     "the text is not a PEM private key: " + MbedtlsErrorText(rc));
  }
  TRY(Scalar scalar, ScalarOf(context.pk));
  const psa_key_attributes_t attributes = Attributes();
  mbedtls_svc_key_id_t id = MBEDTLS_SVC_KEY_ID_INIT;
  const psa_status_t status = psa_import_key(&attributes, scalar.data(), scalar.size(), &id);
  mbedtls_platform_zeroize(scalar.data(), scalar.size());
  if (status != PSA_SUCCESS) {
    return MakeError(Errc::kInvalidArgument, "the private key is out of range for P-256");
  }
  return PrivateKey(std::make_unique<Impl>(id));
}

std::string PrivateKey::Pem() const {
  PkContext context;
  CHECK(mbedtls_pk_copy_from_psa(impl_->id, &context.pk) == 0);
  std::array<unsigned char, 1024> buffer{};
  CHECK(mbedtls_pk_write_key_pem(&context.pk, buffer.data(), buffer.size()) == 0);
  std::string pem(reinterpret_cast<const char*>(buffer.data()));
  mbedtls_platform_zeroize(buffer.data(), buffer.size());
  return pem;
}

PublicKey PrivateKey::Public() const {
  Bytes point(65, '\0');
  size_t length = 0;
  CHECK(psa_export_public_key(impl_->id, reinterpret_cast<unsigned char*>(point.data()),
                              point.size(), &length) == PSA_SUCCESS);
  auto key = PublicKey::FromPoint(BytesView(point).substr(0, length));
  CHECK(key.has_value());
  return std::move(*key);
}

Result<Bytes> PrivateKey::Sign(BytesView message) const {
  RawSignature raw{};
  size_t length = 0;
  const psa_status_t status = psa_sign_message(
      impl_->id, kAlgorithm, reinterpret_cast<const unsigned char*>(message.data()), message.size(),
      raw.data(), raw.size(), &length);
  if (status != PSA_SUCCESS || length != raw.size()) {
    return MakeError(Errc::kInternal, "signing failed");
  }
  return WriteSignatureDer(raw);
}

}  // namespace dunlin::crypto
