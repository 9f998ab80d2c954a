// Cryptography of the product on mbedTLS 3.6 (PSA): SHA-256, HMAC, ECDSA P-256 (DER), HKDF,
// AES-256-GCM. Deterministic functions are pure; key generation and signing draw randomness from
// mbedTLS's own generator (getrandom), never from a parameter, so that no test source can leak into
// a product.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace dunlin::crypto {

Digest Sha256(BytesView data);
Bytes HmacSha256(BytesView key, BytesView data);
// Same length and same bytes, in time that depends on the length only.
bool ConstantTimeEqual(BytesView a, BytesView b);

// Incremental SHA-256.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  void Update(BytesView data);
  Digest Finish();  // REQUIRES: called once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A P-256 public key. Immutable.
class PublicKey {
 public:
  // 65 bytes, first byte 0x04, a point on the curve; anything else is kInvalidArgument.
  static Result<PublicKey> FromPoint(BytesView point);
  static Result<PublicKey> FromPem(std::string_view pem);  // SubjectPublicKeyInfo
  static Result<PublicKey> FromSpkiDer(BytesView der);
  const Bytes& Point() const { return point_; }
  Bytes SpkiDer() const;
  std::string Pem() const;
  Digest SpkiHash() const;  // SHA-256 of SpkiDer(): the identity of the key
  // Strict DER ECDSA-SHA256 over `message`: trailing bytes, r or s out of range are kSignature.
  Status Verify(BytesView message, BytesView der_signature) const;
  bool operator==(const PublicKey&) const = default;

 private:
  explicit PublicKey(Bytes point) : point_(std::move(point)) {}
  Bytes point_;
};

// A P-256 private key. Movable; wiped when destroyed.
class PrivateKey {
 public:
  static Result<PrivateKey> Generate();
  static Result<PrivateKey> FromPem(std::string_view pem);  // SEC1 or PKCS#8, unencrypted
  ~PrivateKey();
  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;

  std::string Pem() const;  // PKCS#8 or SEC1, for a 0600 file
  PublicKey Public() const;
  Result<Bytes> Sign(BytesView message) const;  // DER ECDSA-SHA256

 private:
  struct Impl;
  explicit PrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// RFC 5869. length <= 255 * 32.
Bytes HkdfSha256(BytesView secret, BytesView salt, BytesView info, size_t length);

// AES-256-GCM with a 12-byte nonce; the tag (16 bytes) is at the end of the ciphertext.
Result<Bytes> AesGcmSeal(BytesView key32, BytesView nonce12, BytesView aad, BytesView plain);
Result<Bytes> AesGcmOpen(BytesView key32, BytesView nonce12, BytesView aad, BytesView sealed);

}  // namespace dunlin::crypto
