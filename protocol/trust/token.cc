#include "protocol/trust/token.h"

#include <algorithm>
#include <vector>

#include "protocol/base/limits.h"

namespace dunlin::trust {

namespace {

constexpr std::string_view kPrefix = "dun1";

bool IsIdCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::vector<std::string_view> SplitAtDots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

Error Wrong(std::string_view part) {
  return MakeError(Errc::kInvalidArgument,
                   "not an enrolment token: " + std::string(part) + "; copy it again");
}

}  // namespace

std::string EnrollToken::Format() const {
  return std::string(kPrefix) + "." + Base64UrlEncode(pin.View()) + "." + id + "." +
         Base64UrlEncode(secret);
}

Result<EnrollToken> EnrollToken::Parse(std::string_view text) {
  const std::vector<std::string_view> parts = SplitAtDots(text);
  if (parts.size() != 4) return Wrong("it does not have four parts");
  if (parts[0] != kPrefix) return Wrong("it does not begin with dun1");
  EnrollToken out;
  const auto pin = Base64UrlDecode(parts[1]);
  const auto digest = pin ? Digest::FromBytes(*pin) : Result<Digest>(pin.error());
  if (!digest) return Wrong("its second part is not a pin");
  out.pin = *digest;
  out.id = std::string(parts[2]);
  const bool id_fits = !out.id.empty() && out.id.size() <= limits::kTokenIdBytes &&
                       std::all_of(out.id.begin(), out.id.end(), IsIdCharacter);
  if (!id_fits) return Wrong("its third part is not an id");
  auto secret = Base64UrlDecode(parts[3]);
  if (!secret || secret->size() != kTokenSecretBytes) return Wrong("its last part is not a secret");
  out.secret = std::move(*secret);
  return out;
}

Digest TokenPin(BytesView root_raw, const crypto::PublicKey& hub_ca) {
  crypto::Sha256Stream hash;
  hash.Update(root_raw);
  hash.Update(hub_ca.SpkiDer());
  return hash.Finish();
}

Status CheckTokenPin(const EnrollToken& token, BytesView root_raw,
                     const crypto::PublicKey& hub_ca) {
  if (TokenPin(root_raw, hub_ca) == token.pin) return {};
  return MakeError(Errc::kSignature,
                   "this is not the hub that issued the token: its root and CA have another hash");
}

Digest TokenSecretHash(BytesView secret) { return crypto::Sha256(secret); }

}  // namespace dunlin::trust
