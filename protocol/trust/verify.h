// The only door into the agent: whether an offer of the hub (or of an exported directory) may
// become the new state of this cluster. Normative order of security design 2.4, steps 1 to 10;
// bundles (step 11 on) are checked by protocol/bundle against the accepted statement.
//
// A rejection changes nothing: the caller keeps enforcing its last good state and asks again. Only
// what passed every check is in Accepted::state, to be stored in one transaction.
#pragma once

#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/trust/documents.h"
#include "protocol/trust/proof.h"
#include "protocol/trust/signing.h"

namespace dunlin::trust {

// What this agent trusts and has accepted. Before the first statement number, seq and the two
// digests are zero and head, statement are empty.
struct TrustedState {
  Root root;
  Bytes root_raw;
  int64_t epoch = 0;  // of the hub role when head and statement were accepted; 0: none yet
  int64_t number = 0;
  Bytes head_raw;
  Digest head_digest;
  int64_t seq = 0;
  Bytes statement_raw;
  Digest statement_digest;
  ClusterId cluster;
  std::string kube_uid;  // UID of kube-system, read from our own apiserver
  std::string channel = "default";
  // Floors for a clock that is behind. max_time is the latest `time` of an accepted head, never our
  // own clock: a clock that once ran ahead must not lock us out after its repair.
  TimePoint max_time{};
  TimePoint build_time{};
  Millis max_head_life{60 * 60 * 1000};  // setting: a head that lives longer is refused
};

struct SignedRoot {
  Bytes raw;
  std::vector<SignatureEntry> signatures;
};
// Payload of a kRoot frame: length of raw 4 B big endian, raw, signatures as in signing.h.
Bytes EncodeSignedRoot(const SignedRoot& root);
Result<SignedRoot> ParseSignedRoot(BytesView wire);

struct Offer {
  std::vector<SignedRoot> roots;  // N+1 … M in order, when the hub has newer ones
  Bytes head_raw;
  std::vector<SignatureEntry> signatures;  // over head_raw
  std::optional<Proof> proof;  // absent: the head has the root and size of the one we hold
  // The seq that the hub says the statement has: the proof is checked with it before the statement
  // is parsed. Not read when statement_raw is empty.
  int64_t statement_seq = 0;
  Bytes statement_raw;  // empty: the one we hold
};

// Stable reasons, for metrics and tests. Name() gives the snake-case word.
enum class Refusal {
  kLimit,              // a part is larger than its cap
  kFormat,             // not the canonical form, or a version that we do not know
  kRootSignature,      // a new root lacks a threshold of the old or of the new root's keys
  kRootVersion,        // a new root is not exactly the next one
  kRootExpired,        // the newest root has expired: do not advance
  kHeadSignature,      // no threshold of the hub role
  kHeadRollback,       // (epoch, number) below the one we hold
  kEquivocation,       // same number or seq, other bytes: the hub says two things. Raise an alarm
  kStaleHead,          // expired: do not advance, keep enforcing
  kHeadFromFuture,     // made more than a day ahead of our clock: one of the two clocks is wrong
  kLifeTooLong,        // lives longer than our setting, or ends before it begins
  kProof,              // the statement is not in the head's tree for our UUID, or not with that seq
  kOtherCluster,       // the tree gives us a statement that names another cluster
  kOtherKube,          // our UUID, but another kube-system UID: a cloned machine or key
  kChannel,            // another channel than ours
  kEpoch,              // not the hub role's epoch of the trusted root
  kSequenceRollback,   // seq below the one we hold
  kStatementMissing,   // no statement offered and none held
  kApprovalsRequired,  // our channel is protected; approvals are not implemented yet
};
std::string_view Name(Refusal reason);

struct Rejection {
  Refusal reason;
  Error error;
};

struct Accepted {
  Head head;
  Statement statement;
  bool unchanged = false;          // same head and statement as before: nothing to store
  bool head_renewed_only = false;  // newer head, same statement: nothing to apply
  bool root_rotated = false;
  TrustedState state;  // what to store
};

// `now` is the wall clock, read once per attempt.
using Verdict = tl::expected<Accepted, Rejection>;
Verdict Verify(const TrustedState& trusted, const Offer& offer, TimePoint now);

// Whether the head that is held has expired at max(now, floors): status StaleHead. True before the
// first head.
bool HeadIsStale(const TrustedState& trusted, TimePoint now);

}  // namespace dunlin::trust
