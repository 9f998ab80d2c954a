#include "protocol/trust/publish.h"

#include <algorithm>

#include "protocol/crypto/crypto.h"

namespace dunlin::trust {

namespace {

constexpr Millis kLeastLife = std::chrono::minutes(1);
constexpr Millis kMostLife = std::chrono::hours(24);

Status CheckLife(const PublishInput& input) {
  const bool in_range = input.life >= kLeastLife && input.life <= kMostLife;
  if (in_range || (input.for_export && input.life >= Seconds(1))) return {};
  return MakeError(Errc::kInvalidArgument, "the life of a head must be from 1 min to 24 h");
}

}  // namespace

Result<int64_t> NextSequence(int64_t previous, TimePoint now) {
  const int64_t now_ms = now.time_since_epoch().count();
  if (previous >= kMaxSequence || now_ms > kMaxSequence) {
    return MakeError(Errc::kLimit,
                     "the sequence numbers are used up: raise the epoch of the hub role");
  }
  return std::max(previous + 1, now_ms);
}

Publication::Publication(Head head, Bytes raw, std::vector<ClusterId> clusters, Tree tree)
    : head_(std::move(head)),
      raw_(std::move(raw)),
      clusters_(std::move(clusters)),
      tree_(std::move(tree)) {}

Result<Publication> Publication::Make(PublishInput input) {
  TRY_VOID(CheckLife(input));
  std::sort(
      input.clusters.begin(), input.clusters.end(),
      [](const ClusterStatement& a, const ClusterStatement& b) { return a.cluster < b.cluster; });
  std::vector<ClusterId> clusters;
  std::vector<Digest> leaves;
  for (const ClusterStatement& entry : input.clusters) {
    if (!clusters.empty() && clusters.back() == entry.cluster) {
      return MakeError(Errc::kInvalidArgument,
                       "cluster " + entry.cluster.str() + " is there twice");
    }
    TRY(const Bytes leaf, LeafEntry(entry.cluster, entry.seq, entry.statement));
    leaves.push_back(LeafHash(leaf));
    clusters.push_back(entry.cluster);
  }
  Tree tree(std::move(leaves));
  Head head;
  const int64_t before = input.previous ? input.previous->number : 0;
  TRY(head.number, NextSequence(std::max(before, input.number_floor), input.now));
  if (input.previous) head.prev = input.previous->digest;
  head.epoch = input.epoch;
  head.time = std::chrono::floor<Seconds>(input.now);
  head.expires = std::chrono::floor<Seconds>(head.time + input.life);
  head.root = tree.Root();
  head.size = static_cast<int64_t>(tree.Size());
  TRY(Bytes raw, head.Serialize());
  return Publication(std::move(head), std::move(raw), std::move(clusters), std::move(tree));
}

Digest Publication::digest() const { return crypto::Sha256(raw_); }

Result<Proof> Publication::ProofFor(const ClusterId& cluster) const {
  const auto place = std::lower_bound(clusters_.begin(), clusters_.end(), cluster);
  if (place == clusters_.end() || *place != cluster) {
    return MakeError(Errc::kNotFound, "cluster " + cluster.str() + " is not in this publish");
  }
  const auto index = static_cast<uint64_t>(place - clusters_.begin());
  return Proof{index, tree_.Size(), tree_.Path(index)};
}

bool RenewalDue(const Head& head, TimePoint now) {
  return now - head.time >= (head.expires - head.time) / 2;
}

}  // namespace dunlin::trust
