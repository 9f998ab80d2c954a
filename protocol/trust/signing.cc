#include "protocol/trust/signing.h"

#include <map>
#include <set>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"
#include "protocol/trust/big_endian.h"

namespace dunlin::trust {

namespace {

constexpr size_t kSpkiBytes = 32;
constexpr size_t kLengthBytes = 2;

Error TooMany() {
  return MakeError(Errc::kLimit,
                   "more than " + std::to_string(limits::kMaxSignatures) + " signatures");
}

}  // namespace

Result<SignatureEntry> SignRaw(const crypto::PrivateKey& key, BytesView raw) {
  TRY(Bytes der, key.Sign(raw));
  return SignatureEntry{key.Public().SpkiHash(), std::move(der)};
}

Status VerifyThreshold(BytesView raw, const std::vector<SignatureEntry>& signatures,
                       const std::vector<crypto::PublicKey>& keys, int threshold) {
  if (signatures.size() > limits::kMaxSignatures) return TooMany();
  std::map<Digest, const crypto::PublicKey*> by_hash;
  for (const crypto::PublicKey& key : keys) by_hash.emplace(key.SpkiHash(), &key);
  std::set<Digest> held;
  for (const SignatureEntry& signature : signatures) {
    const auto key = by_hash.find(signature.spki);
    if (key == by_hash.end() || held.contains(signature.spki)) continue;
    if (key->second->Verify(raw, signature.der)) held.insert(signature.spki);
  }
  if (threshold >= 1 && held.size() >= static_cast<size_t>(threshold)) return {};
  return MakeError(Errc::kSignature, std::to_string(held.size()) + " of " +
                                         std::to_string(threshold) + " required signatures hold");
}

Bytes EncodeSignatures(const std::vector<SignatureEntry>& signatures) {
  Bytes out;
  for (const SignatureEntry& signature : signatures) {
    CHECK(signature.der.size() <= 0xffff);
    out.append(signature.spki.View());
    AppendBigEndian(out, signature.der.size(), kLengthBytes);
    out.append(signature.der);
  }
  return out;
}

Result<std::vector<SignatureEntry>> ParseSignatures(BytesView wire) {
  const Error cut = MakeError(Errc::kCorrupt, "a list of signatures that is cut or empty");
  std::vector<SignatureEntry> out;
  do {
    if (wire.size() < kSpkiBytes + kLengthBytes) return cut;
    if (out.size() == limits::kMaxSignatures) return TooMany();
    SignatureEntry entry;
    TRY(entry.spki, Digest::FromBytes(wire.substr(0, kSpkiBytes)));
    wire.remove_prefix(kSpkiBytes);
    const size_t length = TakeBigEndian(wire, kLengthBytes);
    if (length == 0 || length > wire.size()) return cut;
    entry.der = Bytes(wire.substr(0, length));
    wire.remove_prefix(length);
    out.push_back(std::move(entry));
  } while (!wire.empty());
  return out;
}

}  // namespace dunlin::trust
