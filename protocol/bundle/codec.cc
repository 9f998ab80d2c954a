#include "protocol/bundle/codec.h"

#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_getFrameHeader
#include <zstd.h>

#include <memory>

#include "protocol/base/limits.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::bundle {

namespace {

constexpr int kBlobLevel = 3;
constexpr int kDeltaLevel = 9;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, FreeContext>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeContext>;

Error Zstd(std::string_view what, size_t code) {
  return MakeError(Errc::kCorrupt, std::string(what) + ": " + ZSTD_getErrorName(code));
}

Result<Bytes> Compress(BytesView raw, BytesView prefix, int level) {
  if (raw.size() > limits::kBundleBytes) {
    return MakeError(Errc::kLimit, "a bundle of " + std::to_string(raw.size()) + " bytes exceeds " +
                                       std::to_string(limits::kBundleBytes));
  }
  const Compressor context(ZSTD_createCCtx());
  if (context == nullptr) return MakeError(Errc::kInternal, "no memory for zstd");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, limits::kZstdWindowLog);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_dictIDFlag, 0);
  if (!prefix.empty()) ZSTD_CCtx_refPrefix(context.get(), prefix.data(), prefix.size());
  Bytes out(ZSTD_compressBound(raw.size()), '\0');
  const size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(size)) return Zstd("compress", size);
  out.resize(size);
  return out;
}

// What the frame says of itself, before a byte of it is decompressed.
Status CheckFrame(BytesView blob, uint64_t raw_bytes) {
  ZSTD_frameHeader header;
  const size_t code = ZSTD_getFrameHeader(&header, blob.data(), blob.size());
  if (ZSTD_isError(code)) return Zstd("not a zstd frame", code);
  if (code != 0) return MakeError(Errc::kCorrupt, "the zstd frame is cut");
  if (header.frameType != ZSTD_frame) return MakeError(Errc::kCorrupt, "a skippable zstd frame");
  if (header.dictID != 0) return MakeError(Errc::kCorrupt, "the zstd frame names a dictionary");
  if (header.frameContentSize == ZSTD_CONTENTSIZE_UNKNOWN) {
    return MakeError(Errc::kCorrupt, "the zstd frame does not tell its content size");
  }
  if (header.frameContentSize != raw_bytes) {
    return MakeError(Errc::kCorrupt, "the zstd frame holds another number of bytes than promised");
  }
  if (header.windowSize > (uint64_t{1} << limits::kZstdWindowLog)) {
    return MakeError(Errc::kLimit, "the zstd window is too large");
  }
  const size_t frame = ZSTD_findFrameCompressedSize(blob.data(), blob.size());
  if (ZSTD_isError(frame)) return Zstd("not a whole zstd frame", frame);
  if (frame != blob.size()) return MakeError(Errc::kCorrupt, "bytes behind the zstd frame");
  return {};
}

Result<Bytes> Decompress(BytesView blob, BytesView prefix, uint64_t raw_bytes) {
  if (raw_bytes > limits::kBundleBytes) {
    return MakeError(Errc::kLimit, "a bundle of " + std::to_string(raw_bytes) + " bytes exceeds " +
                                       std::to_string(limits::kBundleBytes));
  }
  TRY_VOID(CheckFrame(blob, raw_bytes));
  const Decompressor context(ZSTD_createDCtx());
  if (context == nullptr) return MakeError(Errc::kInternal, "no memory for zstd");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, limits::kZstdWindowLog);
  if (!prefix.empty()) ZSTD_DCtx_refPrefix(context.get(), prefix.data(), prefix.size());
  Bytes out(raw_bytes, '\0');
  const size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), blob.data(), blob.size());
  if (ZSTD_isError(size)) return Zstd("decompress", size);
  if (size != raw_bytes) return MakeError(Errc::kCorrupt, "the zstd frame is short");
  return out;
}

Result<Bytes> Decompress(BytesView blob, BytesView prefix, const BlobInfo& expected) {
  TRY(Bytes out, Decompress(blob, prefix, expected.raw_bytes));
  if (crypto::Sha256(out) != expected.digest) {
    return MakeError(Errc::kCorrupt, "the bytes do not have the digest " + expected.digest.Hex());
  }
  return out;
}

}  // namespace

Result<Bytes> Encode(BytesView raw) { return Compress(raw, {}, kBlobLevel); }

Result<Bytes> EncodeDelta(BytesView from, BytesView to) { return Compress(to, from, kDeltaLevel); }

Result<Bytes> Decode(BytesView blob, const BlobInfo& expected) {
  return Decompress(blob, {}, expected);
}

Result<Bytes> DecodeDelta(BytesView blob, BytesView from, const BlobInfo& expected) {
  return Decompress(blob, from, expected);
}

Result<Bytes> DecodeUnnamed(BytesView blob, BytesView from, uint64_t raw_bytes) {
  return Decompress(blob, from, raw_bytes);
}

}  // namespace dunlin::bundle
