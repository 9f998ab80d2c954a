#include "protocol/trust/enroll_proof.h"

#include "protocol/trust/big_endian.h"

namespace dunlin::trust {

namespace {

constexpr std::string_view kEnrollContext("dunlin-enroll-1", 16);  // with the zero byte
constexpr std::string_view kRenewContext("dunlin-renew-1", 15);
constexpr size_t kPointBytes = 65;

Error Wrong(std::string_view what) {
  return MakeError(Errc::kInvalidArgument, "enrolment: " + std::string(what));
}

Status AppendText(Bytes& out, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return Wrong("a text holds a zero byte");
  out.append(text);
  out.push_back('\0');
  return {};
}

}  // namespace

Result<Bytes> EnrollMessage(const EnrollFields& fields) {
  if (fields.nonce.size() != kEnrollNonceBytes) return Wrong("the nonce is not 32 bytes");
  if (fields.public_key.size() != kPointBytes || fields.encryption_key.size() != kPointBytes) {
    return Wrong("a key is not 65 bytes");
  }
  Bytes out(kEnrollContext);
  TRY_VOID(AppendText(out, fields.token_id));
  out.append(fields.nonce);
  TRY_VOID(AppendText(out, fields.kube_uid));
  out.append(fields.public_key);
  out.append(fields.encryption_key);
  return out;
}

Result<Bytes> RenewMessage(std::string_view agent_id, BytesView nonce, int64_t generation) {
  if (nonce.size() != kEnrollNonceBytes) return Wrong("the nonce is not 32 bytes");
  Bytes out(kRenewContext);
  TRY_VOID(AppendText(out, agent_id));
  out.append(nonce);
  AppendBigEndian(out, static_cast<uint64_t>(generation), 8);
  return out;
}

Result<Bytes> SignEnrollment(const crypto::PrivateKey& key, const EnrollFields& fields) {
  TRY(const Bytes message, EnrollMessage(fields));
  return key.Sign(message);
}

Status VerifyEnrollment(const EnrollFields& fields, BytesView der_signature) {
  TRY(const crypto::PublicKey key, crypto::PublicKey::FromPoint(fields.public_key));
  const auto encryption_key = crypto::PublicKey::FromPoint(fields.encryption_key);
  if (!encryption_key) return Wrong("the encryption key: " + encryption_key.error().message);
  TRY(const Bytes message, EnrollMessage(fields));
  return key.Verify(message, der_signature);
}

}  // namespace dunlin::trust
