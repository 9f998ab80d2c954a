// T14: every DER form but the one strict form is refused, by the same door that verifies.
#include "protocol/crypto/signature_der.h"

#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"

namespace dunlin::crypto {
namespace {

constexpr char kOrderHex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

Bytes Hex(std::string_view text) {
  auto bytes = HexDecode(text);
  EXPECT_TRUE(bytes) << text;
  return bytes ? *bytes : Bytes();
}

Bytes Integer(const Bytes& content) {
  return Bytes("\x02") + static_cast<char>(content.size()) + content;
}
Bytes Sequence(const Bytes& content) {
  return Bytes("\x30") + static_cast<char>(content.size()) + content;
}

TEST(SignatureDer, RefusesEveryFormButStrictDer) {
  const Bytes one = Integer(Hex("01"));
  const Bytes order = Integer(Hex("00" + std::string(kOrderHex)));
  const struct {
    const char* what;
    Bytes der;
  } cases[] = {
      {"empty", ""},
      {"only a tag", "\x30"},
      {"not a sequence", Bytes("\x31") + Sequence(one + one).substr(1)},
      {"bytes after the sequence", Sequence(one + one) + '\0'},
      {"bytes after s inside the sequence", Sequence(one + one + one)},
      {"long-form length", Bytes("\x30\x81\x06") + one + one},
      {"indefinite length", Bytes("\x30\x80") + one + one + Bytes(2, '\0')},
      {"truncated", Sequence(one + one).substr(0, 7)},
      {"one integer", Sequence(one)},
      {"zero-length integer", Sequence(Integer("") + one)},
      {"r = 0", Sequence(Integer(Bytes(1, '\0')) + one)},
      {"s = 0", Sequence(one + Integer(Bytes(1, '\0')))},
      {"r = n", Sequence(order + one)},
      {"s = n", Sequence(one + order)},
      {"s = 2^256 - 1", Sequence(one + Integer(Hex("00" + std::string(64, 'f'))))},
      {"33 significant bytes", Sequence(one + Integer(Hex("01" + std::string(64, '0'))))},
      {"negative r", Sequence(Integer(Hex("81")) + one)},
      {"padded r", Sequence(Integer(Hex("0001")) + one)},
      {"34-byte integer", Sequence(Integer(Bytes(34, '\x01')) + one)},
  };
  const PublicKey key = PrivateKey::Generate()->Public();
  for (const auto& c : cases) {
    auto parsed = ParseSignatureDer(c.der);
    ASSERT_FALSE(parsed) << c.what;
    EXPECT_EQ(parsed.error().code, Errc::kSignature) << c.what;
    EXPECT_EQ(key.Verify("message", c.der).error().code, Errc::kSignature) << c.what;
  }
}

TEST(SignatureDer, TakesTheSmallestAndTheLargestScalars) {
  Bytes below_order = Hex("00" + std::string(kOrderHex));
  below_order.back() = '\x50';
  const Bytes der = Sequence(Integer(Hex("01")) + Integer(below_order));
  auto raw = ParseSignatureDer(der);
  ASSERT_TRUE(raw);
  EXPECT_EQ(WriteSignatureDer(*raw), der);
}

TEST(SignatureDer, WritesWhatItReads) {
  auto key = PrivateKey::Generate();
  for (int i = 0; i < 64; ++i) {
    const Bytes der = *key->Sign("message " + std::to_string(i));
    auto raw = ParseSignatureDer(der);
    ASSERT_TRUE(raw);
    EXPECT_EQ(WriteSignatureDer(*raw), der);
  }
}

// s and n - s are both valid ECDSA; openssl and cosign take both, and so do we: no decision rests
// on the bytes of a signature.
TEST(SignatureDer, BothHighAndLowSVerify) {
  auto key = PrivateKey::Generate();
  RawSignature raw = *ParseSignatureDer(*key->Sign("message"));
  const Bytes order = Hex(kOrderHex);
  int borrow = 0;
  for (int i = 31; i >= 0; --i) {
    const int digit = static_cast<unsigned char>(order[i]) - raw[32 + i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    raw[32 + i] = static_cast<unsigned char>(digit + 256 * borrow);
  }
  EXPECT_TRUE(key->Public().Verify("message", WriteSignatureDer(raw)));
}

}  // namespace
}  // namespace dunlin::crypto
