#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <mbedtls/sha256.h>

#include "protocol/base/check.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::crypto {
namespace {

const unsigned char* U8(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

const mbedtls_md_info_t* Sha256Info() { return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256); }

}  // namespace

Digest Sha256(BytesView data) {
  Digest digest;
  CHECK(mbedtls_sha256(U8(data), data.size(), digest.bytes.data(), 0) == 0);
  return digest;
}

Bytes HmacSha256(BytesView key, BytesView data) {
  Bytes mac(32, '\0');
  CHECK(mbedtls_md_hmac(Sha256Info(), U8(key), key.size(), U8(data), data.size(),
                        reinterpret_cast<unsigned char*>(mac.data())) == 0);
  return mac;
}

bool ConstantTimeEqual(BytesView a, BytesView b) {
  if (a.size() != b.size()) return false;
  // volatile keeps the compiler from leaving the loop at the first difference.
  volatile unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = difference | static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return difference == 0;
}

Bytes HkdfSha256(BytesView secret, BytesView salt, BytesView info, size_t length) {
  CHECK(length <= 255 * 32);
  Bytes out(length, '\0');
  CHECK(mbedtls_hkdf(Sha256Info(), U8(salt), salt.size(), U8(secret), secret.size(), U8(info),
                     info.size(), reinterpret_cast<unsigned char*>(out.data()), length) == 0);
  return out;
}

struct Sha256Stream::Impl {
  Impl() { mbedtls_sha256_init(&context); }
  ~Impl() { mbedtls_sha256_free(&context); }
  mbedtls_sha256_context context;
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {
  CHECK(mbedtls_sha256_starts(&impl_->context, 0) == 0);
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;

void Sha256Stream::Update(BytesView data) {
  CHECK(mbedtls_sha256_update(&impl_->context, U8(data), data.size()) == 0);
}

Digest Sha256Stream::Finish() {
  Digest digest;
  CHECK(mbedtls_sha256_finish(&impl_->context, digest.bytes.data()) == 0);
  return digest;
}

}  // namespace dunlin::crypto
