// Trust documents and wire forms, chosen by the first byte. What is read has one spelling: writing
// it gives the same bytes.
#include <cstddef>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/trust/proof.h"
#include "protocol/trust/token.h"
#include "protocol/trust/verify.h"

namespace {

using namespace dunlin;

template <typename Document>
void FuzzDocument(BytesView raw) {
  const auto document = Document::Parse(raw);
  CHECK(!document || document->Serialize().value() == raw);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const BytesView raw(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'h':
      FuzzDocument<trust::Head>(raw);
      break;
    case 's':
      FuzzDocument<trust::Statement>(raw);
      break;
    case 'r':
      FuzzDocument<trust::Root>(raw);
      break;
    case 'p': {
      const auto proof = trust::ParseProof(raw);
      CHECK(!proof || trust::EncodeProof(*proof) == raw);
      break;
    }
    case 'j': {
      const auto proof = trust::ParseProofJson(raw);
      CHECK(!proof || trust::ProofJson(*proof) == raw);
      break;
    }
    case 'g': {
      const auto signatures = trust::ParseSignatures(raw);
      CHECK(!signatures || trust::EncodeSignatures(*signatures) == raw);
      break;
    }
    case 'w': {
      const auto root = trust::ParseSignedRoot(raw);
      CHECK(!root || trust::EncodeSignedRoot(*root) == raw);
      break;
    }
    default: {
      const auto token = trust::EnrollToken::Parse(raw);
      CHECK(!token || token->Format() == raw);
    }
  }
  return 0;
}
