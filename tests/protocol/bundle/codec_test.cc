// Y8: what a blob may be, and what is refused before or while it is unpacked.
#include "protocol/bundle/codec.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>

#include "protocol/base/limits.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::bundle {
namespace {

BlobInfo InfoOf(BytesView raw) { return {raw.size(), crypto::Sha256(raw)}; }

// Some 80 KB that look like rendered manifests.
Bytes Manifests(const std::string& tag) {
  Bytes out = "[";
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    out += R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"svc-)" + n +
           R"(","uid":")" + crypto::Sha256(n).Hex() + R"("},"spec":{"replicas":)" + n +
           R"(,"image":"registry.example/shop/svc-)" + n + ":" +
           (i == 100 ? tag : "v" + crypto::Sha256("tag" + n).Hex().substr(0, 12)) + R"(","env":")" +
           crypto::Sha256("env" + n).Hex() + crypto::Sha256("e2" + n).Hex() + "\"}},";
  }
  return out + "]";
}

// A frame made by hand, to have what our encoder never writes.
struct FrameOptions {
  int window_log = 0;
  bool content_size = true;
  Bytes dictionary;
};
Bytes Frame(BytesView raw, const FrameOptions& options) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, options.content_size ? 1 : 0);
  if (options.window_log > 0) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, options.window_log);
  }
  if (!options.dictionary.empty()) {
    ZSTD_CCtx_loadDictionary(context.get(), options.dictionary.data(), options.dictionary.size());
  }
  Bytes out(ZSTD_compressBound(raw.size()), '\0');
  ZSTD_inBuffer in{raw.data(), raw.size(), 0};
  ZSTD_outBuffer target{out.data(), out.size(), 0};
  if (options.content_size) ZSTD_CCtx_setPledgedSrcSize(context.get(), raw.size());
  // In two steps: a single one would shrink the window to the content.
  ZSTD_inBuffer head{raw.data(), raw.size() / 2, 0};
  ZSTD_compressStream2(context.get(), &target, &head, ZSTD_e_continue);
  in.pos = head.pos;
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &target, &in, ZSTD_e_end), 0u);
  out.resize(target.pos);
  return out;
}

Errc DecodeCode(BytesView blob, const BlobInfo& info) {
  const auto decoded = Decode(blob, info);
  EXPECT_FALSE(decoded);
  return decoded ? Errc::kInternal : decoded.error().code;
}

TEST(Codec, ComesBack) {
  for (const Bytes& raw : {Bytes("x"), Bytes("{}"), Manifests("v1"), Bytes(3 << 20, 'a')}) {
    const Bytes blob = Encode(raw).value();
    EXPECT_EQ(Decode(blob, InfoOf(raw)).value(), raw);
    EXPECT_EQ(Encode(raw).value(), blob) << "the same every time";
  }
}

TEST(Codec, ADeltaOfOneImageTagIsTiny) {
  const Bytes from = Manifests("v1.2.3");
  const Bytes to = Manifests("v1.2.4");
  ASSERT_GT(from.size(), 70'000u);
  const Bytes delta = EncodeDelta(from, to).value();
  EXPECT_LT(delta.size(), 100u);
  EXPECT_EQ(DecodeDelta(delta, from, InfoOf(to)).value(), to);
  EXPECT_LT(EncodeDelta(from, Manifests("v1.2.3"))->size(), 60u);
}

TEST(Codec, ADeltaNeedsItsOwnBase) {
  const Bytes from = Manifests("v1.2.3");
  const Bytes to = Manifests("v1.2.4");
  const Bytes delta = EncodeDelta(from, to).value();
  Bytes other = from;
  other[1000] ^= 1;
  EXPECT_FALSE(DecodeDelta(delta, other, InfoOf(to)));
  EXPECT_FALSE(DecodeDelta(delta, "", InfoOf(to)));
  EXPECT_FALSE(Decode(delta, InfoOf(to)));
}

TEST(Codec, SizeAtTheLimitIsTakenAndOneAboveIsNot) {
  Bytes raw(limits::kBundleBytes, 'a');
  const Bytes blob = Encode(raw).value();
  EXPECT_TRUE(Decode(blob, InfoOf(raw)));
  raw.push_back('a');
  EXPECT_EQ(Encode(raw).error().code, Errc::kLimit);
  EXPECT_EQ(EncodeDelta("a", raw).error().code, Errc::kLimit);
  EXPECT_EQ(DecodeCode(Frame(raw, {}), InfoOf(raw)), Errc::kLimit);
}

// 1 GiB of zeros are 33 KB. What the statement promises is all that is ever unpacked.
TEST(Codec, Y8_ABombIsRefusedByItsHeader) {
  const Bytes zeros(64 * limits::kMiB, '\0');
  const Bytes bomb = Frame(zeros, {});
  EXPECT_LT(bomb.size(), 10'000u);
  EXPECT_EQ(DecodeCode(bomb, {1000, Digest{}}), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode(bomb, {zeros.size(), Digest{}}), Errc::kLimit);
}

TEST(Codec, Y8_AFrameThatLiesAboutItsContentIsRefused) {
  const Bytes raw(2000, 'a');
  Bytes blob = Encode(raw).value();
  // Frame header: magic 4 B, descriptor 1 B, content size 2 B little endian, less 256.
  const int stored = static_cast<unsigned char>(blob[5]) | static_cast<unsigned char>(blob[6]) << 8;
  ASSERT_EQ(stored + 256, 2000);
  for (const int size : {256, 1999, 2001, 60000}) {
    Bytes liar = blob;
    liar[5] = static_cast<char>((size - 256) & 0xff);
    liar[6] = static_cast<char>((size - 256) >> 8);
    EXPECT_EQ(DecodeCode(liar, {static_cast<uint64_t>(size), crypto::Sha256(raw)}), Errc::kCorrupt)
        << size;
  }
}

TEST(Codec, Y8_OnlyOnePlainFrameIsTaken) {
  const Bytes raw = Manifests("v1");
  const Bytes blob = Encode(raw).value();
  const BlobInfo info = InfoOf(raw);
  ASSERT_TRUE(Decode(Frame(raw, {}), info));
  EXPECT_EQ(DecodeCode(Frame(raw, {.content_size = false}), info), Errc::kCorrupt);
  const Bytes skippable = Bytes("\x50\x2a\x4d\x18\x04\0\0\0", 8) + "skip";
  EXPECT_EQ(DecodeCode(skippable + blob, info), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode(blob + skippable, info), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode(skippable, info), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode(blob + blob, info), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode(blob + "x", info), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode("", info), Errc::kCorrupt);
  EXPECT_EQ(DecodeCode(raw, info), Errc::kCorrupt);
  // An empty content is not what a statement names.
  EXPECT_EQ(DecodeCode(blob, {0, crypto::Sha256("")}), Errc::kCorrupt);
}

TEST(Codec, Y8_ADictionaryIdIsRefused) {
  const Bytes raw = Manifests("v1");
  Bytes blob = Encode(raw).value();
  // Descriptor: content size of 4 bytes in a single segment (0xa0); 1 byte of dictionary id (0x01).
  ASSERT_EQ(static_cast<unsigned char>(blob[4]), 0xa0);
  blob[4] = static_cast<char>(0xa1);
  blob.insert(5, 1, '\x07');
  EXPECT_EQ(DecodeCode(blob, InfoOf(raw)), Errc::kCorrupt);
}

TEST(Codec, Y8_TheWindowHasALimit) {
  // Larger than both windows, so that neither is shrunk to the content.
  Bytes raw(20 * limits::kMiB, 'a');
  EXPECT_TRUE(Decode(Frame(raw, {.window_log = limits::kZstdWindowLog}), InfoOf(raw)));
  EXPECT_EQ(DecodeCode(Frame(raw, {.window_log = limits::kZstdWindowLog + 1}), InfoOf(raw)),
            Errc::kLimit);
  // windowLog 31, written by hand: magic, descriptor with a 4-byte content size, window 21 << 3.
  const Bytes huge = Bytes("\x28\xb5\x2f\xfd\x80\xa8\x10\0\0\0\x01\0\0", 13);
  EXPECT_EQ(DecodeCode(huge, {16, Digest{}}), Errc::kLimit);
}

TEST(Codec, EveryCutAndEveryChangedByteIsRefused) {
  const Bytes raw = R"({"app":"shop","cluster_scope":true,"format":1,"objects":[],"policy":{}})";
  const Bytes blob = Encode(raw).value();
  for (size_t n = 0; n < blob.size(); ++n) DecodeCode(blob.substr(0, n), InfoOf(raw));
  for (size_t i = 0; i < blob.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = blob;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto decoded = Decode(changed, InfoOf(raw));
      // The descriptor has one bit without meaning.
      EXPECT_TRUE(!decoded || *decoded == raw) << i;
    }
  }
}

TEST(Codec, TheDigestDecides) {
  const Bytes raw = Manifests("v1");
  BlobInfo info = InfoOf(raw);
  info.digest.bytes[0] ^= 1;
  EXPECT_EQ(DecodeCode(Encode(raw).value(), info), Errc::kCorrupt);
}

}  // namespace
}  // namespace dunlin::bundle
