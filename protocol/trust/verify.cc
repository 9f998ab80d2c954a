#include "protocol/trust/verify.h"

#include <algorithm>

#include "protocol/base/limits.h"
#include "protocol/crypto/crypto.h"
#include "protocol/trust/big_endian.h"
#include "protocol/trust/judge_roots.h"
#include "protocol/trust/merkle.h"

namespace dunlin::trust {

namespace {

constexpr size_t kProofHeaderBytes = 16;
constexpr size_t kRootLengthBytes = 4;

using Check = tl::expected<void, Rejection>;

TimePoint FloorOf(const TrustedState& trusted, TimePoint now) {
  return std::max({now, trusted.max_time, trusted.build_time});
}

// The latest time that a head may have been made at, or nothing for a clock that shows a time
// before this program was built: a machine without one, for which the hub's time is the only one
// there is. Elsewhere the hub is not believed without limit: `time` becomes a floor, and one head
// of a hub whose clock is a year ahead would make all later ones stale for that year.
std::optional<TimePoint> LatestHeadTime(const TrustedState& trusted, TimePoint wall_now) {
  if (wall_now < trusted.build_time) return std::nullopt;
  return FloorOf(trusted, wall_now) + limits::kHeadAheadOfClock;
}

Check CheckLimits(const Offer& offer) {
  const auto beyond = [](const std::string& part) {
    return Refuse(Refusal::kLimit, Errc::kLimit, "the " + part + " beyond its limit");
  };
  if (offer.head_raw.size() > limits::kHeadBytes) return beyond("head is");
  if (offer.signatures.size() > limits::kMaxSignatures) return beyond("number of signatures is");
  if (offer.statement_raw.size() > limits::kStatementBytes) return beyond("statement is");
  if (offer.proof &&
      kProofHeaderBytes + offer.proof->path.size() * sizeof(Digest::bytes) > limits::kProofBytes) {
    return beyond("proof is");
  }
  return {};
}

// Steps 4 to 7.
tl::expected<Head, Rejection> JudgeHead(const TrustedState& trusted, const Role& hub,
                                        const Offer& offer, TimePoint wall_now) {
  const TimePoint now = FloorOf(trusted, wall_now);
  const auto signed_by_hub =
      VerifyThreshold(offer.head_raw, offer.signatures, hub.keys, hub.threshold);
  if (!signed_by_hub) {
    return Refuse(Refusal::kHeadSignature, signed_by_hub.error().code,
                  "head: " + signed_by_hub.error().message);
  }
  auto head = Head::Parse(offer.head_raw);
  if (!head) {
    return Refuse(Refusal::kFormat, head.error().code, "head: " + head.error().message);
  }
  if (head->epoch != hub.epoch) {
    return Refuse(Refusal::kEpoch, Errc::kPrecondition,
                  "the head has epoch " + std::to_string(head->epoch) + ", the root says " +
                      std::to_string(hub.epoch));
  }
  const auto place = std::pair(head->epoch, head->number);
  const auto held = std::pair(trusted.epoch, trusted.number);
  if (place < held) {
    return Refuse(Refusal::kHeadRollback, Errc::kRollback,
                  "head " + std::to_string(head->number) + " is older than " +
                      std::to_string(trusted.number) + ", which is held");
  }
  if (place == held && crypto::Sha256(offer.head_raw) != trusted.head_digest) {
    return Refuse(Refusal::kEquivocation, Errc::kSignature,
                  "two heads with the number " + std::to_string(head->number));
  }
  if (head->expires <= head->time || head->expires - head->time > trusted.max_head_life) {
    return Refuse(Refusal::kLifeTooLong, Errc::kPrecondition,
                  "the head lives from " + FormatTime(head->time) + " to " +
                      FormatTime(head->expires) + ", longer than this agent allows");
  }
  if (const auto latest = LatestHeadTime(trusted, wall_now); latest && head->time > *latest) {
    return Refuse(Refusal::kHeadFromFuture, Errc::kPrecondition,
                  "the head was made at " + FormatTime(head->time) + ", here it is " +
                      FormatTime(now) + ": check the clocks of the hub and of this machine");
  }
  if (now >= head->expires) {
    return Refuse(
        Refusal::kStaleHead, Errc::kExpired,
        "the head expired at " + FormatTime(head->expires) + ", it is " + FormatTime(now));
  }
  return std::move(*head);
}

// The statement to be judged, unparsed: the offered one, or the one that is held.
struct Candidate {
  const Bytes& raw;
  int64_t seq;
  Digest digest;
};

tl::expected<Candidate, Rejection> FindStatement(const TrustedState& trusted, const Offer& offer) {
  const bool offered = !offer.statement_raw.empty();
  const Bytes& raw = offered ? offer.statement_raw : trusted.statement_raw;
  if (raw.empty()) {
    return Refuse(Refusal::kStatementMissing, Errc::kNotFound,
                  "no statement came with the head, and none is held");
  }
  return Candidate{raw, offered ? offer.statement_seq : trusted.seq, crypto::Sha256(raw)};
}

// Step 8: the head's tree holds these bytes for this cluster.
Check CheckProof(const TrustedState& trusted, const Head& head, const std::optional<Proof>& proof,
                 const Candidate& candidate) {
  const auto refuse = [](const char* why) {
    return Refuse(Refusal::kProof, Errc::kSignature, why);
  };
  if (!proof) {
    const auto held = Head::Parse(trusted.head_raw);
    if (!held || held->root != head.root || held->size != head.size ||
        candidate.digest != trusted.statement_digest) {
      return refuse("no proof came with the head, and it is over another tree than the one held");
    }
    return {};
  }
  const auto entry = LeafEntry(trusted.cluster, candidate.seq, candidate.digest);
  if (!entry) return refuse("this cluster can have no such entry in a tree");
  if (proof->size != static_cast<uint64_t>(head.size) ||
      !VerifyPath(LeafHash(*entry), proof->index, proof->size, proof->path, head.root)) {
    return refuse("the statement is not in the tree that the head names");
  }
  return {};
}

// Step 9: only bytes that the proof has authenticated are parsed.
tl::expected<Statement, Rejection> ParseProved(const Candidate& candidate) {
  auto statement = Statement::Parse(candidate.raw);
  if (!statement) {
    return Refuse(Refusal::kFormat, statement.error().code,
                  "statement: " + statement.error().message);
  }
  if (statement->seq != candidate.seq) {
    return Refuse(Refusal::kProof, Errc::kSignature,
                  "the statement says that it is number " + std::to_string(statement->seq) +
                      ", it was offered as number " + std::to_string(candidate.seq));
  }
  return std::move(*statement);
}

// Step 9: it is for this cluster, and not older than what is held.
Check CheckBinding(const TrustedState& trusted, const Head& head, const Statement& statement,
                   const Digest& digest) {
  if (statement.cluster != trusted.cluster) {
    return Refuse(Refusal::kOtherCluster, Errc::kSignature,
                  "the statement is for cluster " + statement.cluster.str() + ", this is " +
                      trusted.cluster.str());
  }
  if (statement.kube != trusted.kube_uid) {
    return Refuse(Refusal::kOtherKube, Errc::kSignature,
                  "the statement is for a cluster whose kube-system has the UID \"" +
                      statement.kube + "\", ours has \"" + trusted.kube_uid + "\"");
  }
  if (statement.channel != trusted.channel) {
    return Refuse(Refusal::kChannel, Errc::kPrecondition,
                  "the statement is for the channel \"" + statement.channel + "\", ours is \"" +
                      trusted.channel + "\"");
  }
  if (statement.epoch != head.epoch) {
    return Refuse(Refusal::kEpoch, Errc::kPrecondition,
                  "the statement has epoch " + std::to_string(statement.epoch) + ", the head " +
                      std::to_string(head.epoch));
  }
  if (statement.epoch != trusted.epoch) return {};  // the numbers start again
  if (statement.seq < trusted.seq) {
    return Refuse(Refusal::kSequenceRollback, Errc::kRollback,
                  "statement " + std::to_string(statement.seq) + " is older than " +
                      std::to_string(trusted.seq) + ", which is held");
  }
  if (statement.seq == trusted.seq && digest != trusted.statement_digest) {
    return Refuse(Refusal::kEquivocation, Errc::kSignature,
                  "two statements with the sequence " + std::to_string(statement.seq));
  }
  return {};
}

TrustedState Advance(const TrustedState& trusted, TrustedRoot root, const Head& head,
                     const Bytes& head_raw, const Candidate& statement) {
  TrustedState state = trusted;
  state.root = std::move(root.root);
  state.root_raw = std::move(root.raw);
  state.epoch = head.epoch;
  state.number = head.number;
  state.head_raw = head_raw;
  state.head_digest = crypto::Sha256(head_raw);
  state.seq = statement.seq;
  state.statement_raw = statement.raw;
  state.statement_digest = statement.digest;
  state.max_time = std::max(trusted.max_time, head.time);
  return state;
}

}  // namespace

Verdict Verify(const TrustedState& trusted, const Offer& offer, TimePoint wall_now) {
  const TimePoint now = FloorOf(trusted, wall_now);
  if (auto fits = CheckLimits(offer); !fits) return tl::unexpected(std::move(fits.error()));
  auto root = WalkRoots(trusted, offer.roots, now);
  if (!root) return tl::unexpected(std::move(root.error()));
  auto head = JudgeHead(trusted, root->root.HubRole(), offer, wall_now);
  if (!head) return tl::unexpected(std::move(head.error()));

  const auto candidate = FindStatement(trusted, offer);
  if (!candidate) return tl::unexpected(candidate.error());
  const Digest& digest = candidate->digest;
  if (auto proved = CheckProof(trusted, *head, offer.proof, *candidate); !proved) {
    return tl::unexpected(std::move(proved.error()));
  }
  auto statement = ParseProved(*candidate);
  if (!statement) return tl::unexpected(std::move(statement.error()));
  if (auto bound = CheckBinding(trusted, *head, *statement, digest); !bound) {
    return tl::unexpected(std::move(bound.error()));
  }
  if (root->root.ApproverRole(trusted.channel) != nullptr) {
    return Refuse(
        Refusal::kApprovalsRequired, Errc::kUnsupported,
        "the channel \"" + trusted.channel + "\" needs approvals, which this version cannot check");
  }

  Accepted out;
  const bool same_statement = digest == trusted.statement_digest;
  const bool same_head = crypto::Sha256(offer.head_raw) == trusted.head_digest;
  out.root_rotated = !offer.roots.empty();
  out.unchanged = same_head && same_statement && !out.root_rotated;
  out.head_renewed_only = !same_head && same_statement;
  out.state = Advance(trusted, std::move(*root), *head, offer.head_raw, *candidate);
  out.head = std::move(*head);
  out.statement = std::move(*statement);
  return out;
}

bool HeadIsStale(const TrustedState& trusted, TimePoint now) {
  const auto head = Head::Parse(trusted.head_raw);
  return !head || FloorOf(trusted, now) >= head->expires;
}

std::string_view Name(Refusal reason) {
  switch (reason) {
    case Refusal::kLimit:
      return "limit";
    case Refusal::kFormat:
      return "format";
    case Refusal::kRootSignature:
      return "root_signature";
    case Refusal::kRootVersion:
      return "root_version";
    case Refusal::kRootExpired:
      return "root_expired";
    case Refusal::kHeadSignature:
      return "head_signature";
    case Refusal::kHeadRollback:
      return "head_rollback";
    case Refusal::kEquivocation:
      return "equivocation";
    case Refusal::kStaleHead:
      return "stale_head";
    case Refusal::kHeadFromFuture:
      return "head_from_future";
    case Refusal::kLifeTooLong:
      return "life_too_long";
    case Refusal::kProof:
      return "proof";
    case Refusal::kOtherCluster:
      return "other_cluster";
    case Refusal::kOtherKube:
      return "other_kube";
    case Refusal::kChannel:
      return "channel";
    case Refusal::kEpoch:
      return "epoch";
    case Refusal::kSequenceRollback:
      return "sequence_rollback";
    case Refusal::kStatementMissing:
      return "statement_missing";
    case Refusal::kApprovalsRequired:
      return "approvals_required";
  }
  return "format";
}

Bytes EncodeSignedRoot(const SignedRoot& root) {
  Bytes out;
  AppendBigEndian(out, root.raw.size(), kRootLengthBytes);
  out.append(root.raw);
  out.append(EncodeSignatures(root.signatures));
  return out;
}

Result<SignedRoot> ParseSignedRoot(BytesView wire) {
  if (wire.size() < kRootLengthBytes) return MakeError(Errc::kCorrupt, "a signed root that is cut");
  const uint64_t length = TakeBigEndian(wire, kRootLengthBytes);
  if (length > limits::kRootBytes) {
    return MakeError(Errc::kLimit, "a root document of " + std::to_string(length) +
                                       " bytes exceeds " + std::to_string(limits::kRootBytes));
  }
  if (length > wire.size()) return MakeError(Errc::kCorrupt, "a signed root that is cut");
  SignedRoot out;
  out.raw = Bytes(wire.substr(0, length));
  TRY(out.signatures, ParseSignatures(wire.substr(length)));
  return out;
}

}  // namespace dunlin::trust
