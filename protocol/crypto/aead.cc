#include <mbedtls/gcm.h>

#include "protocol/crypto/crypto.h"

namespace dunlin::crypto {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

const unsigned char* U8(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* U8(Bytes& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

class Gcm {
 public:
  explicit Gcm(BytesView key) {
    mbedtls_gcm_init(&context_);
    ready_ = mbedtls_gcm_setkey(&context_, MBEDTLS_CIPHER_ID_AES, U8(key), kKeyBytes * 8) == 0;
  }
  ~Gcm() { mbedtls_gcm_free(&context_); }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  bool ready() const { return ready_; }
  mbedtls_gcm_context* get() { return &context_; }

 private:
  mbedtls_gcm_context context_;
  bool ready_ = false;
};

Status CheckSizes(BytesView key, BytesView nonce) {
  if (key.size() == kKeyBytes && nonce.size() == kNonceBytes) return {};
  return MakeError(Errc::kInvalidArgument, "AES-256-GCM needs a key of 32 and a nonce of 12 bytes");
}

}  // namespace

Result<Bytes> AesGcmSeal(BytesView key32, BytesView nonce12, BytesView aad, BytesView plain) {
  TRY_VOID(CheckSizes(key32, nonce12));
  Gcm gcm(key32);
  Bytes sealed(plain.size() + kTagBytes, '\0');
  if (!gcm.ready() ||
      mbedtls_gcm_crypt_and_tag(gcm.get(), MBEDTLS_GCM_ENCRYPT, plain.size(), U8(nonce12),
                                kNonceBytes, U8(aad), aad.size(), U8(plain), U8(sealed), kTagBytes,
                                U8(sealed) + plain.size()) != 0) {
    return MakeError(Errc::kInternal, "AES-256-GCM encryption failed");
  }
  return sealed;
}

Result<Bytes> AesGcmOpen(BytesView key32, BytesView nonce12, BytesView aad, BytesView sealed) {
  TRY_VOID(CheckSizes(key32, nonce12));
  if (sealed.size() < kTagBytes) {
    return MakeError(Errc::kSignature, "sealed data is shorter than its authentication tag");
  }
  Gcm gcm(key32);
  const size_t length = sealed.size() - kTagBytes;
  Bytes plain(length, '\0');
  if (!gcm.ready() ||
      mbedtls_gcm_auth_decrypt(gcm.get(), length, U8(nonce12), kNonceBytes, U8(aad), aad.size(),
                               U8(sealed) + length, kTagBytes, U8(sealed), U8(plain)) != 0) {
    return MakeError(Errc::kSignature, "sealed data does not authenticate: wrong key or damaged");
  }
  return plain;
}

}  // namespace dunlin::crypto
