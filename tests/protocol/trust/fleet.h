// A hub with its root, and clusters that trust it: what the tests of verification start from.
#pragma once

#include <string>
#include <vector>

#include "protocol/trust/publish.h"
#include "protocol/trust/verify.h"

namespace dunlin::trust {

inline crypto::PrivateKey NewKey() { return crypto::PrivateKey::Generate().value(); }

// 2026-11-24T10:00:00Z.
inline constexpr TimePoint kNow{Millis(1'795'514'400'000)};

struct Fleet {
  explicit Fleet(size_t clusters = 1);

  static ClusterId Id(size_t cluster);
  static std::string Kube(size_t cluster);

  // What a cluster trusts before its first statement.
  TrustedState Fresh(size_t cluster = 0) const;
  // One head over all `statements`, signed by `signer`, and what `cluster` gets of it.
  Offer Publish(size_t cluster = 0);
  Offer PublishBy(const crypto::PrivateKey& signer, size_t cluster = 0);
  // A head over this one entry, and any bytes as the statement that came with it.
  Offer PublishLeaf(ClusterStatement leaf, Bytes statement);
  // Signs whatever bytes stand for the head.
  static Offer Resign(Offer offer, const crypto::PrivateKey& signer);
  // Changes the parsed head and signs it again.
  template <typename Change>
  Offer WithHead(Offer offer, Change change) const {
    Head head = Head::Parse(offer.head_raw).value();
    change(head);
    offer.head_raw = head.Serialize().value();
    return Resign(std::move(offer), hub_key);
  }

  // A root of `version` with these keys.
  Root MakeRoot(int64_t version, const std::vector<const crypto::PrivateKey*>& keys,
                int threshold) const;
  static SignedRoot SignRoot(const Root& root, const std::vector<const crypto::PrivateKey*>& keys);

  crypto::PrivateKey root_key = NewKey();
  crypto::PrivateKey hub_key = NewKey();
  Root root;
  std::vector<Statement> statements;
  std::optional<PreviousHead> previous;
  Millis life = std::chrono::minutes(15);
  TimePoint now = kNow;

 private:
  Offer HeadOver(std::vector<ClusterStatement> leaves, const ClusterId& cluster);  // not signed
};

}  // namespace dunlin::trust
