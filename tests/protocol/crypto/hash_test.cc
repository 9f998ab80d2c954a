#include <gtest/gtest.h>

#include "protocol/crypto/crypto.h"

namespace dunlin::crypto {
namespace {

TEST(Sha256, HashesTheKnownVectorsOfFips180) {
  EXPECT_EQ(Sha256("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc").Hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Stream, GivesTheSameValueForEverySplit) {
  const Bytes data(1000, 'x');
  for (size_t cut : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{999}, size_t{1000}}) {
    Sha256Stream stream;
    stream.Update(BytesView(data).substr(0, cut));
    stream.Update(BytesView(data).substr(cut));
    EXPECT_EQ(stream.Finish(), Sha256(data)) << cut;
  }
}

TEST(HmacSha256, MatchesTheExampleOfGitHubsWebhookDocumentation) {
  EXPECT_EQ(HexEncode(HmacSha256("It's a Secret to Everybody", "Hello, World!")),
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

TEST(HkdfSha256, MatchesTestCase1OfRfc5869) {
  const Bytes secret(22, '\x0b');
  const auto salt = HexDecode("000102030405060708090a0b0c");
  const auto info = HexDecode("f0f1f2f3f4f5f6f7f8f9");
  ASSERT_TRUE(salt && info);
  EXPECT_EQ(HexEncode(HkdfSha256(secret, *salt, *info, 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(ConstantTimeEqual, ComparesLengthAndBytes) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "ab"));
}

TEST(AesGcm, MatchesTestCase15OfTheGcmSpecification) {
  const auto key = HexDecode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const auto nonce = HexDecode("cafebabefacedbaddecaf888");
  const auto plain = HexDecode(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255");
  ASSERT_TRUE(key && nonce && plain);
  const auto sealed = AesGcmSeal(*key, *nonce, "", *plain);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(HexEncode(*sealed).substr(0, 32), "522dc1f099567d07f47f37a32a84427d");
  EXPECT_EQ(HexEncode(*sealed).substr(128), "b094dac5d93471bdec1a502270e3cc6c");
  const auto opened = AesGcmOpen(*key, *nonce, "", *sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, *plain);
}

TEST(AesGcm, RefusesAnyChangedByteAndOtherAssociatedData) {
  const Bytes key(32, 'k'), nonce(12, 'n');
  const auto sealed = AesGcmSeal(key, nonce, "cluster-a", "secret");
  ASSERT_TRUE(sealed);
  for (size_t i = 0; i < sealed->size(); ++i) {
    Bytes changed = *sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(AesGcmOpen(key, nonce, "cluster-a", changed).error().code, Errc::kSignature) << i;
  }
  EXPECT_FALSE(AesGcmOpen(key, nonce, "cluster-b", *sealed));
  EXPECT_FALSE(AesGcmOpen(key, nonce, "cluster-a", sealed->substr(0, 15)));
  EXPECT_EQ(AesGcmOpen("short", nonce, "", *sealed).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace dunlin::crypto
