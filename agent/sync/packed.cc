#include "agent/sync/packed.h"

#include "protocol/bundle/codec.h"

namespace dunlin::sync {

Result<Packed> Pack(BytesView raw) {
  TRY(Bytes blob, bundle::Encode(raw));
  blob.shrink_to_fit();
  return Packed{raw.size(), std::move(blob)};
}

Result<Bytes> Unpack(const Packed& packed) {
  return bundle::DecodeUnnamed(packed.blob, {}, packed.raw_bytes);
}

}  // namespace dunlin::sync
