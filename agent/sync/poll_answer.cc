#include "agent/sync/poll_answer.h"

#include "protocol/base/limits.h"
#include "protocol/bundle/codec.h"
#include "protocol/crypto/crypto.h"

namespace dunlin::sync {

namespace {

Result<Bytes> OpenDelta(const wire::StatementDelta& delta, BytesView held) {
  if (held.empty() || crypto::Sha256(held) != delta.from) {
    return MakeError(Errc::kNotFound,
                     "the statement came as a change of one that this agent does not hold");
  }
  if (delta.raw_bytes > limits::kStatementBytes) {
    return MakeError(Errc::kLimit, "a statement of " + std::to_string(delta.raw_bytes) + " bytes");
  }
  return bundle::DecodeUnnamed(delta.blob, held, delta.raw_bytes);
}

Status Sort(const wire::Frame& frame, BytesView held_statement, PollContent& out) {
  switch (frame.type) {
    case wire::FrameType::kRoot: {
      TRY(trust::SignedRoot root, trust::ParseSignedRoot(frame.payload));
      out.offer.roots.push_back(std::move(root));
      return {};
    }
    case wire::FrameType::kHead:
      out.has_head = true;
      out.offer.head_raw = frame.payload;
      return {};
    case wire::FrameType::kSignatures: {
      TRY(out.offer.signatures, trust::ParseSignatures(frame.payload));
      return {};
    }
    case wire::FrameType::kProof: {
      TRY(out.offer.proof, trust::ParseProof(frame.payload));
      return {};
    }
    case wire::FrameType::kStatement: {
      TRY(wire::StatementPayload statement, wire::ParseStatement(frame));
      out.offer.statement_seq = statement.seq;
      out.offer.statement_raw = std::move(statement.raw);
      return {};
    }
    case wire::FrameType::kStatementDelta: {
      TRY(const wire::StatementDelta delta, wire::ParseStatementDelta(frame));
      out.offer.statement_seq = delta.seq;
      TRY(out.offer.statement_raw, OpenDelta(delta, held_statement));
      return {};
    }
    case wire::FrameType::kBundle:
    case wire::FrameType::kBundleDelta: {
      TRY(wire::BundlePayload bundle, wire::ParseBundleFrame(frame));
      out.bundles.push_back(std::move(bundle));
      return {};
    }
    case wire::FrameType::kTrace:
    case wire::FrameType::kEnd:
      return {};
  }
  return {};
}

}  // namespace

Result<PollContent> ParsePollAnswer(BytesView answer, BytesView held_statement) {
  PollContent out;
  if (answer.empty()) return out;  // the hold is over and nothing is new
  TRY(const std::vector<wire::Frame> frames, wire::ParseFrames(answer));
  for (const wire::Frame& frame : frames) {
    TRY_VOID(Sort(frame, held_statement, out));
  }
  return out;
}

Result<StoredBundle> AcceptBundle(const wire::BundlePayload& payload, const BundlePool& pool) {
  const bundle::BlobInfo info{payload.raw_bytes, payload.digest};
  StoredBundle out{payload.digest, payload.raw_bytes, {}};
  if (!payload.from) {
    TRY(const Bytes raw, bundle::Decode(payload.blob, info));
    out.blob = payload.blob;
    return out;
  }
  const auto base = pool.find(*payload.from);
  if (base == pool.end()) {
    return MakeError(Errc::kNotFound, "bundle " + payload.digest.Hex() + " came as a change of " +
                                          payload.from->Hex() + ", which this agent does not hold");
  }
  TRY(const Bytes from,
      bundle::Decode(base->second.blob, {base->second.raw_bytes, base->second.digest}));
  TRY(const Bytes raw, bundle::DecodeDelta(payload.blob, from, info));
  TRY(out.blob, bundle::Encode(raw));
  return out;
}

}  // namespace dunlin::sync
