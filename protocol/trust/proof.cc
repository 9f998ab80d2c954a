#include "protocol/trust/proof.h"

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/trust/big_endian.h"
#include "protocol/trust/document_fields.h"

namespace dunlin::trust {

namespace {

constexpr size_t kHeaderBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kMaxPath = (limits::kProofBytes - kHeaderBytes) / kHashBytes;
// A hash is 64 digits, two quotes and a comma in JSON.
constexpr size_t kMaxJsonBytes = kMaxPath * 67 + 100;

}  // namespace

Bytes EncodeProof(const Proof& proof) {
  Bytes out;
  AppendBigEndian(out, proof.index, 8);
  AppendBigEndian(out, proof.size, 8);
  for (const Digest& hash : proof.path) out.append(hash.View());
  return out;
}

Result<Proof> ParseProof(BytesView wire) {
  if (wire.size() > limits::kProofBytes) {
    return MakeError(Errc::kLimit, "a proof of " + std::to_string(wire.size()) + " bytes exceeds " +
                                       std::to_string(limits::kProofBytes));
  }
  if (wire.size() < kHeaderBytes || (wire.size() - kHeaderBytes) % kHashBytes != 0) {
    return MakeError(Errc::kCorrupt, "not a proof: its length is wrong");
  }
  Proof out;
  out.index = TakeBigEndian(wire, 8);
  out.size = TakeBigEndian(wire, 8);
  if (out.index >= out.size) return MakeError(Errc::kCorrupt, "a proof outside of its tree");
  while (!wire.empty()) {
    TRY(const Digest hash, Digest::FromBytes(wire.substr(0, kHashBytes)));
    out.path.push_back(hash);
    wire.remove_prefix(kHashBytes);
  }
  return out;
}

Bytes ProofJson(const Proof& proof) {
  object::Array path;
  for (const Digest& hash : proof.path) path.emplace_back(hash.Hex());
  return object::CanonicalJson(
      object::Object{{"index", proof.index}, {"path", std::move(path)}, {"size", proof.size}});
}

Result<Proof> ParseProofJson(BytesView json) {
  const object::ParseOptions options{.max_depth = limits::kTrustDocumentDepth,
                                     .max_bytes = kMaxJsonBytes};
  TRY(const object::Value document, object::ParseJson(json, options));
  const object::Object* members = document.if_object();
  if (members == nullptr) return MakeError(Errc::kCorrupt, "not a proof");
  TRY(const int64_t index, NeedInt(*members, "index"));
  TRY(const int64_t size, NeedInt(*members, "size"));
  TRY(const object::Array path, NeedArray(*members, "path"));
  if (path.size() > kMaxPath) return MakeError(Errc::kLimit, "a proof with too long a path");
  if (index < 0 || index >= size) return MakeError(Errc::kCorrupt, "a proof outside of its tree");
  Proof out{static_cast<uint64_t>(index), static_cast<uint64_t>(size), {}};
  for (const object::Value& hash : path) {
    if (!hash.is_string()) return MakeError(Errc::kCorrupt, "a proof with a hash that is no text");
    TRY(const Digest digest, Digest::FromHex(object::View(hash.get_string())));
    out.path.push_back(digest);
  }
  TRY_VOID(CheckCanonical(ProofJson(out), json));
  return out;
}

}  // namespace dunlin::trust
