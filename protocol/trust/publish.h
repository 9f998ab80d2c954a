// The hub's side of a publish: one head over the statements of all clusters. Pure; signing and
// storing are the caller's.
#pragma once

#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/trust/documents.h"
#include "protocol/trust/merkle.h"
#include "protocol/trust/proof.h"

namespace dunlin::trust {

// max(previous + 1, now in ms): monotone, also after a restored backup. `previous` is the largest
// number known for the counter, an agent's report included, and at most kMaxSequence (kLimit).
Result<int64_t> NextSequence(int64_t previous, TimePoint now);

// The latest statement of one cluster.
struct ClusterStatement {
  ClusterId cluster;
  int64_t seq = 0;
  Digest statement;  // SHA-256 of its bytes
};

struct PreviousHead {
  int64_t number = 0;
  Digest digest;  // SHA-256 of its bytes
};

struct PublishInput {
  std::vector<ClusterStatement> clusters;  // any order; a cluster twice is kInvalidArgument
  std::optional<PreviousHead> previous;
  int64_t number_floor = 0;     // largest head number that any agent reported
  int64_t epoch = 1;            // of the hub role in the current root
  Millis life{15 * 60 * 1000};  // kInvalidArgument outside 1 min … 24 h unless for_export
  bool for_export = false;      // an air-gapped export lives as long as it asks
  TimePoint now;
};

// A head ready to be signed, and the tree that its proofs come from.
class Publication {
 public:
  static Result<Publication> Make(PublishInput input);

  const Head& head() const { return head_; }
  const Bytes& raw() const { return raw_; }  // sign exactly these bytes
  Digest digest() const;                     // SHA-256 of raw()
  // kNotFound for a cluster that is not in the tree.
  Result<Proof> ProofFor(const ClusterId& cluster) const;

 private:
  Publication(Head head, Bytes raw, std::vector<ClusterId> clusters, Tree tree);
  Head head_;
  Bytes raw_;
  std::vector<ClusterId> clusters_;  // sorted: the order of the leaves
  Tree tree_;
};

// Renewing at half the life is Make() again with the same statements: a new head over the same
// root.
bool RenewalDue(const Head& head, TimePoint now);

}  // namespace dunlin::trust
