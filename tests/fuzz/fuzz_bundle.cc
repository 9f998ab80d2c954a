// Bundles. The first byte chooses: a blob (2 bytes of promised size follow), a delta, or canonical
// bytes.
#include <cstddef>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/bundle/bundle.h"
#include "protocol/bundle/codec.h"
#include "protocol/crypto/crypto.h"

namespace {

using namespace dunlin;

constexpr std::string_view kBase =
    R"({"app":"shop","cluster_scope":true,"format":1,"objects":[],"policy":{}})";

void FuzzBlob(BytesView input, bool delta) {
  if (input.size() < 2) return;
  bundle::BlobInfo info;
  info.raw_bytes = static_cast<unsigned char>(input[0]) << 8 | static_cast<unsigned char>(input[1]);
  info.digest = crypto::Sha256(kBase);
  const BytesView blob = input.substr(2);
  const auto raw = delta ? bundle::DecodeDelta(blob, kBase, info) : bundle::Decode(blob, info);
  CHECK(!raw || (raw->size() == info.raw_bytes && crypto::Sha256(*raw) == info.digest));
}

void FuzzCanonical(BytesView raw) {
  auto bundle = bundle::ParseCanonical(raw);
  if (!bundle) return;
  const auto once = bundle::Canonical(std::move(*bundle));
  CHECK(once);
  auto again = bundle::ParseCanonical(*once);
  CHECK(again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const BytesView rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'c') {
    FuzzCanonical(rest);
  } else {
    FuzzBlob(rest, data[0] == 'd');
  }
  return 0;
}
