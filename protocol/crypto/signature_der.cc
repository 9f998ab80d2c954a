#include "protocol/crypto/signature_der.h"

#include <algorithm>

namespace dunlin::crypto {
namespace {

constexpr size_t kScalarBytes = 32;
constexpr unsigned char kSequence = 0x30;
constexpr unsigned char kInteger = 0x02;

// The order n of P-256 (FIPS 186-4 D.1.2.3).
constexpr std::array<unsigned char, kScalarBytes> kOrder = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

Error Malformed(const char* what) {
  return MakeError(Errc::kSignature, std::string("the signature is not strict DER: ") + what);
}

// Reads one INTEGER from the front of `in` into 32 bytes and moves `in` past it.
Status TakeScalar(std::basic_string_view<unsigned char>& in, unsigned char* out) {
  if (in.size() < 2 || in[0] != kInteger) return Malformed("an INTEGER is missing");
  const size_t length = in[1];
  if (length == 0 || length > kScalarBytes + 1) return Malformed("an INTEGER has a bad length");
  if (in.size() < 2 + length) return Malformed("it is truncated");
  auto value = in.substr(2, length);
  in.remove_prefix(2 + length);
  if (value[0] & 0x80) return Malformed("an INTEGER is negative");
  if (value[0] == 0 && value.size() > 1) {
    if (!(value[1] & 0x80)) return Malformed("an INTEGER is not minimal");
    value.remove_prefix(1);
  }
  if (value.size() > kScalarBytes) return Malformed("an INTEGER is out of range");
  std::fill_n(out, kScalarBytes, 0);
  std::copy(value.begin(), value.end(), out + kScalarBytes - value.size());
  const bool zero = std::all_of(out, out + kScalarBytes, [](unsigned char c) { return c == 0; });
  const bool below_order =
      std::lexicographical_compare(out, out + kScalarBytes, kOrder.begin(), kOrder.end());
  if (zero || !below_order) return Malformed("r or s is out of range");
  return {};
}

void AppendScalar(const unsigned char* scalar, Bytes& out) {
  const unsigned char* first =
      std::find_if(scalar, scalar + kScalarBytes - 1, [](unsigned char c) { return c != 0; });
  const size_t length = static_cast<size_t>(scalar + kScalarBytes - first);
  const bool pad = (*first & 0x80) != 0;
  out.push_back(static_cast<char>(kInteger));
  out.push_back(static_cast<char>(length + (pad ? 1 : 0)));
  if (pad) out.push_back('\0');
  out.append(reinterpret_cast<const char*>(first), length);
}

}  // namespace

Result<RawSignature> ParseSignatureDer(BytesView der) {
  std::basic_string_view<unsigned char> in(reinterpret_cast<const unsigned char*>(der.data()),
                                           der.size());
  if (in.size() < 2 || in[0] != kSequence) return Malformed("it is not a SEQUENCE");
  // The longest signature has 70 bytes of content, so a long-form length is never right.
  if (in[1] != in.size() - 2) return Malformed("its length does not fit the bytes");
  in.remove_prefix(2);
  RawSignature raw{};
  TRY_VOID(TakeScalar(in, raw.data()));
  TRY_VOID(TakeScalar(in, raw.data() + kScalarBytes));
  if (!in.empty()) return Malformed("bytes follow s");
  return raw;
}

Bytes WriteSignatureDer(const RawSignature& raw) {
  Bytes content;
  AppendScalar(raw.data(), content);
  AppendScalar(raw.data() + kScalarBytes, content);
  Bytes der;
  der.push_back(static_cast<char>(kSequence));
  der.push_back(static_cast<char>(content.size()));
  return der + content;
}

}  // namespace dunlin::crypto
