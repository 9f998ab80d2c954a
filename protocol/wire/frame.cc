#include "protocol/wire/frame.h"

#include <limits>

#include "protocol/base/limits.h"

namespace dunlin::wire {

namespace {

constexpr size_t kHeaderBytes = 5;
constexpr size_t kDigestBytes = 32;
constexpr size_t kSeqBytes = 8;

void AppendBigEndian(Bytes& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

uint64_t ReadBigEndian(BytesView bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Error Short(std::string_view what) {
  return MakeError(Errc::kCorrupt, std::string(what) + " frame is too short");
}

Result<int64_t> ParseSeq(BytesView bytes) {
  const uint64_t seq = ReadBigEndian(bytes);
  if (seq > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return MakeError(Errc::kCorrupt, "a statement with the impossible seq " + std::to_string(seq));
  }
  return static_cast<int64_t>(seq);
}

bool IsKnown(uint8_t type) {
  return (type >= 1 && type <= 9) || type == static_cast<uint8_t>(FrameType::kEnd);
}

}  // namespace

void AppendFrame(Bytes& out, FrameType type, BytesView payload) {
  out.push_back(static_cast<char>(type));
  AppendBigEndian(out, payload.size(), 4);
  out.append(payload);
}

Frame ToFrame(const BundlePayload& bundle) {
  Frame frame;
  frame.type = bundle.from ? FrameType::kBundleDelta : FrameType::kBundle;
  frame.payload.append(bundle.digest.View());
  if (bundle.from) frame.payload.append(bundle.from->View());
  AppendBigEndian(frame.payload, bundle.raw_bytes, 8);
  frame.payload.append(bundle.blob);
  return frame;
}

Result<BundlePayload> ParseBundleFrame(const Frame& frame) {
  const bool delta = frame.type == FrameType::kBundleDelta;
  if (!delta && frame.type != FrameType::kBundle) {
    return MakeError(Errc::kCorrupt, "not a bundle frame");
  }
  BytesView rest = frame.payload;
  if (rest.size() < (delta ? 2 : 1) * kDigestBytes + 8) return Short("bundle");
  BundlePayload out;
  TRY(out.digest, Digest::FromBytes(rest.substr(0, kDigestBytes)));
  rest.remove_prefix(kDigestBytes);
  if (delta) {
    TRY(out.from, Digest::FromBytes(rest.substr(0, kDigestBytes)));
    rest.remove_prefix(kDigestBytes);
  }
  out.raw_bytes = ReadBigEndian(rest.substr(0, 8));
  out.blob = Bytes(rest.substr(8));
  return out;
}

Frame ToFrame(const StatementPayload& statement) {
  Frame frame{FrameType::kStatement, {}};
  AppendBigEndian(frame.payload, static_cast<uint64_t>(statement.seq), kSeqBytes);
  frame.payload.append(statement.raw);
  return frame;
}

Result<StatementPayload> ParseStatement(const Frame& frame) {
  if (frame.type != FrameType::kStatement) {
    return MakeError(Errc::kCorrupt, "not a statement frame");
  }
  const BytesView payload = frame.payload;
  if (payload.size() <= kSeqBytes) return Short("statement");
  StatementPayload out;
  TRY(out.seq, ParseSeq(payload.substr(0, kSeqBytes)));
  out.raw = Bytes(payload.substr(kSeqBytes));
  return out;
}

Frame ToFrame(const StatementDelta& delta) {
  Frame frame{FrameType::kStatementDelta, Bytes(delta.from.View())};
  AppendBigEndian(frame.payload, static_cast<uint64_t>(delta.seq), kSeqBytes);
  AppendBigEndian(frame.payload, delta.raw_bytes, 8);
  frame.payload.append(delta.blob);
  return frame;
}

Result<StatementDelta> ParseStatementDelta(const Frame& frame) {
  if (frame.type != FrameType::kStatementDelta) {
    return MakeError(Errc::kCorrupt, "not a statement delta frame");
  }
  BytesView rest = frame.payload;
  if (rest.size() < kDigestBytes + kSeqBytes + 8) return Short("statement delta");
  StatementDelta out;
  TRY(out.from, Digest::FromBytes(rest.substr(0, kDigestBytes)));
  rest.remove_prefix(kDigestBytes);
  TRY(out.seq, ParseSeq(rest.substr(0, kSeqBytes)));
  rest.remove_prefix(kSeqBytes);
  out.raw_bytes = ReadBigEndian(rest.substr(0, 8));
  if (out.raw_bytes == 0) return Short("statement delta");
  out.blob = Bytes(rest.substr(8));
  return out;
}

Result<std::vector<Frame>> ParseFrames(BytesView answer) {
  std::vector<Frame> out;
  while (!answer.empty()) {
    if (answer.size() < kHeaderBytes) return MakeError(Errc::kCorrupt, "cut inside a frame header");
    const auto type = static_cast<uint8_t>(answer[0]);
    const uint64_t length = ReadBigEndian(answer.substr(1, 4));
    if (length > limits::kFrameBytes) {
      return MakeError(Errc::kLimit, "a frame of " + std::to_string(length) + " bytes exceeds " +
                                         std::to_string(limits::kFrameBytes));
    }
    answer.remove_prefix(kHeaderBytes);
    if (answer.size() < length) return MakeError(Errc::kCorrupt, "cut inside a frame");
    if (type == static_cast<uint8_t>(FrameType::kEnd)) {
      if (length != 0 || answer.size() != 0) {
        return MakeError(Errc::kCorrupt, "bytes after the end frame");
      }
      return out;
    }
    if (IsKnown(type))
      out.push_back({static_cast<FrameType>(type), Bytes(answer.substr(0, length))});
    answer.remove_prefix(length);
  }
  return MakeError(Errc::kCorrupt, "the answer has no end frame");
}

}  // namespace dunlin::wire
