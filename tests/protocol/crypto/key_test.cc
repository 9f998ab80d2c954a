#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"

namespace dunlin::crypto {
namespace {

// RFC 6979 A.2.5, P-256, message "sample", SHA-256.
constexpr char kRfc6979Pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdn\n"
    "sdaTTlDD2zbomxJ7imIrEg9nIQ==\n"
    "-----END PRIVATE KEY-----\n";

TEST(PrivateKey, SignsDeterministicallyAsInRfc6979) {
  auto key = PrivateKey::FromPem(kRfc6979Pem);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(HexEncode(key->Public().Point()),
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  EXPECT_EQ(HexEncode(*key->Sign("sample")),
            "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
            "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
}

TEST(PrivateKey, SurvivesTheWayThroughPem) {
  auto key = PrivateKey::Generate();
  ASSERT_TRUE(key);
  auto again = PrivateKey::FromPem(key->Pem());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->Public(), key->Public());
  EXPECT_TRUE(key->Public().Verify("message", *again->Sign("message")));
}

TEST(PrivateKey, RefusesGarbageAndOtherCurvesWithAReason) {
  EXPECT_EQ(PrivateKey::FromPem("not a key").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(PrivateKey::FromPem("").error().code, Errc::kInvalidArgument);
  constexpr char kP384[] =
      "-----BEGIN EC PRIVATE KEY-----\n"
      "MIGkAgEBBDBLPQS/uh0f60jTUGYyRHsuc3mWn5PuLcgoWGP1MUSz26O82ngkFnJ3\n"
      "zw2RNTo6L+2gBwYFK4EEACKhZANiAARTnn65OrOLnTtrB/ZxB9xSPt8NXlGP5fFp\n"
      "MQLN8hMEfcWcdG3n23n2iVerChn5Ohu8SX1lbZZixvRVyVu2+386OwKQLqdSurxv\n"
      "Na5cIdoAFAwzKm2Mo0zIpVW24WAJt00=\n"
      "-----END EC PRIVATE KEY-----\n";
  EXPECT_EQ(PrivateKey::FromPem(kP384).error().code, Errc::kUnsupported);
}

TEST(PublicKey, TakesOnlyAnUncompressedPointOnTheCurve) {
  const Bytes good = PrivateKey::Generate()->Public().Point();
  EXPECT_TRUE(PublicKey::FromPoint(good));
  Bytes off_curve = good;
  off_curve[64] = static_cast<char>(off_curve[64] ^ 1);
  Bytes compressed = good.substr(0, 33);
  compressed[0] = '\x02';
  for (const Bytes& bad : {Bytes(), good.substr(0, 64), good + '\0', off_curve, compressed,
                           Bytes("\x04") + Bytes(64, '\0'), Bytes(65, '\0')}) {
    EXPECT_EQ(PublicKey::FromPoint(bad).error().code, Errc::kInvalidArgument) << HexEncode(bad);
  }
}

TEST(PublicKey, HasOneSpkiAndReadsItBackFromDerAndPem) {
  const PublicKey key = PrivateKey::Generate()->Public();
  EXPECT_EQ(key.SpkiDer().size(), 91u);
  EXPECT_EQ(*PublicKey::FromSpkiDer(key.SpkiDer()), key);
  EXPECT_EQ(*PublicKey::FromPem(key.Pem()), key);
  EXPECT_EQ(key.SpkiHash(), Sha256(key.SpkiDer()));
  EXPECT_EQ(PublicKey::FromSpkiDer(key.SpkiDer() + '\0').error().code, Errc::kInvalidArgument);
  EXPECT_EQ(PublicKey::FromSpkiDer("").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(PublicKey::FromPem("-----BEGIN PUBLIC KEY-----\n").error().code,
            Errc::kInvalidArgument);
}

TEST(PublicKey, VerifiesOnlyTheSignedBytesUnderTheSigningKey) {
  auto key = PrivateKey::Generate();
  auto other = PrivateKey::Generate();
  ASSERT_TRUE(key && other);
  const Bytes signature = *key->Sign("message");
  EXPECT_TRUE(key->Public().Verify("message", signature));
  EXPECT_EQ(key->Public().Verify("messagf", signature).error().code, Errc::kSignature);
  EXPECT_EQ(key->Public().Verify("", signature).error().code, Errc::kSignature);
  EXPECT_EQ(other->Public().Verify("message", signature).error().code, Errc::kSignature);
}

}  // namespace
}  // namespace dunlin::crypto
