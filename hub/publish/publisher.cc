#include "hub/publish/publisher.h"

#include <algorithm>

#include "protocol/base/limits.h"
#include "protocol/bundle/codec.h"
#include "protocol/trust/signing.h"
#include "protocol/wire/frame.h"

namespace dunlin::hub {

namespace {

// Numbers are times in ms: one further ahead than a clock is ever wrong was made up by the agent,
// and taking it would use up the numbers of the whole fleet.
constexpr Millis kFloorAhead = std::chrono::hours(24);

// That a bundle is fetched or gone is said once in this time, however many agents ask.
constexpr Millis kSayEvery{30'000};

// Whether it was not said of the bundle in this time; then it is now.
bool IsDue(std::map<BundleDigest, Millis>& said, const BundleDigest& digest, Millis now) {
  std::erase_if(said, [&](const auto& old) { return now - old.second >= kSayEvery; });
  return said.emplace(digest, now).second;
}

std::string Name(const ClusterId& cluster) { return "cluster " + cluster.str(); }

}  // namespace

Publisher::Publisher(HubState& state, BundleStore& bundles, const crypto::PrivateKey& signer,
                     const Clock& clock, Config config)
    : state_(state), bundles_(bundles), signer_(signer), clock_(clock), config_(config) {}

Publisher::~Publisher() = default;

Status Publisher::Restore(const HubSnapshot& snapshot) {
  floor_ = snapshot.floor;
  for (const StatementRecord& record : snapshot.statements) {
    auto parsed = trust::Statement::Parse(record.raw);
    if (!parsed)
      return Status(parsed.error()).WithContext("stored statement of " + Name(record.cluster));
    statements_[record.cluster].push_back({record, std::move(*parsed)});
  }
  if (snapshot.head) head_ = *snapshot.head;
  if (statements_.empty()) return {};
  // The stored head's proofs are those of a tree that may miss a removed cluster: a fresh head
  // costs one signature and is right by construction.
  TRY(NewHead made, MakeHead({}));
  PublishRecord record;
  record.head = made.record;
  TRY_VOID(state_.Publish(record));
  head_ = std::move(made.record);
  publication_ = std::move(made.publication);
  return {};
}

Result<Publisher::NewHead> Publisher::MakeHead(
    const std::map<ClusterId, StatementRecord>& changed) {
  trust::PublishInput input;
  for (const auto& [cluster, kept] : statements_) {
    if (changed.contains(cluster) || kept.empty()) continue;
    input.clusters.push_back({cluster, kept.back().record.seq, kept.back().record.digest});
  }
  for (const auto& [cluster, record] : changed) {
    input.clusters.push_back({cluster, record.seq, record.digest});
  }
  if (head_.number > 0)
    input.previous = trust::PreviousHead{head_.number, crypto::Sha256(head_.raw)};
  input.number_floor = floor_;
  input.epoch = config_.epoch;
  input.life = config_.head_life;
  input.now = clock_.Now();
  TRY(trust::Publication publication, trust::Publication::Make(std::move(input)));
  TRY(const trust::SignatureEntry signature, trust::SignRaw(signer_, publication.raw()));
  HeadRecord record;
  record.number = publication.head().number;
  record.raw = publication.raw();
  record.signatures = trust::EncodeSignatures({signature});
  return NewHead{std::move(record), std::move(publication)};
}

Result<PublishResult> Publisher::Publish(const std::vector<ClusterContent>& contents,
                                         PublishRecord record) {
  PublishResult result;
  std::map<ClusterId, StatementRecord> changed;
  std::map<ClusterId, trust::Statement> parsed;
  for (const ClusterContent& content : contents) {
    const auto kept = statements_.find(content.cluster);
    const Kept* last =
        kept == statements_.end() || kept->second.empty() ? nullptr : &kept->second.back();
    if (last != nullptr && !content.restored && content.removed.empty()) {
      // A commit that changes no bundle makes no statement: the revision alone is the hub's to
      // show.
      auto same = content.apps;
      for (auto& [app, entry] : same) {
        const auto before = last->statement.apps.find(app);
        if (before != last->statement.apps.end()) entry.revision = before->second.revision;
      }
      if (same == last->statement.apps && content.kube_uid == last->statement.kube &&
          content.channel == last->statement.channel && last->statement.epoch == config_.epoch) {
        continue;
      }
    }
    trust::Statement statement;
    statement.apps = content.apps;
    statement.channel = content.channel;
    statement.cluster = content.cluster;
    statement.epoch = config_.epoch;
    statement.kube = content.kube_uid;
    statement.keep = content.restored;
    statement.removed = content.removed;
    if (last != nullptr) statement.prev = last->record.digest;
    const int64_t before = std::max(last == nullptr ? 0 : last->record.seq, floor_);
    TRY(statement.seq, trust::NextSequence(before, clock_.Now()));
    StatementRecord row;
    row.cluster = content.cluster;
    row.seq = statement.seq;
    TRY(row.raw, statement.Serialize().WithContext("statement of " + Name(content.cluster)));
    row.digest = crypto::Sha256(row.raw);
    record.statements.push_back(row);
    parsed.emplace(content.cluster, std::move(statement));
    changed.emplace(content.cluster, std::move(row));
    result.changed.push_back(content.cluster);
  }
  if (changed.empty()) {
    TRY_VOID(state_.Publish(record));
    return result;
  }
  TRY(NewHead made, MakeHead(changed));
  record.head = made.record;
  for (const auto& [cluster, row] : changed) {
    const auto held = held_.find(cluster);
    if (held != held_.end() && !held->second.stored) {
      record.held.emplace_back(cluster, held->second.seq);
    }
  }
  TRY_VOID(state_.Publish(record));
  for (const auto& [cluster, seq] : record.held) held_.at(cluster).stored = true;
  for (auto& [cluster, row] : changed) {
    std::vector<Kept>& kept = statements_[cluster];
    kept.push_back({std::move(row), std::move(parsed.at(cluster))});
    if (kept.size() > static_cast<size_t>(limits::kKeptStatements)) kept.erase(kept.begin());
  }
  head_ = std::move(made.record);
  publication_ = std::move(made.publication);
  result.head_number = head_.number;
  if (wake_) {
    for (const ClusterId& cluster : result.changed) wake_(cluster);
  }
  return result;
}

Status Publisher::RenewHead() {
  if (!publication_ || !trust::RenewalDue(publication_->head(), clock_.Now())) return {};
  TRY(NewHead made, MakeHead({}));
  PublishRecord record;
  record.head = made.record;
  TRY_VOID(state_.Publish(record));
  head_ = std::move(made.record);
  publication_ = std::move(made.publication);
  return {};
}

const trust::Statement* Publisher::Find(const ClusterId& cluster, const Digest& statement,
                                        Bytes* raw) const {
  const auto kept = statements_.find(cluster);
  if (kept == statements_.end()) return nullptr;
  for (const Kept& candidate : kept->second) {
    if (candidate.record.digest != statement) continue;
    *raw = candidate.record.raw;
    return &candidate.statement;
  }
  return nullptr;
}

Result<std::optional<Bytes>> Publisher::Answer(const ClusterId& cluster,
                                               const wire::PollRequest& request) {
  const auto kept = statements_.find(cluster);
  if (kept == statements_.end() || kept->second.empty() || !publication_)
    return std::optional<Bytes>();
  const Kept& last = kept->second.back();
  const bool known = Knows(cluster, request.have);
  const bool newer = request.have.epoch != config_.epoch || last.record.seq > request.have.seq;
  if (!known && !(last.statement.keep && newer)) return std::optional<Bytes>();
  if (known && request.have.seq > 0) NoteHeld(cluster, request.have.seq);
  Bytes held_raw;
  const trust::Statement* held = Find(cluster, request.have.statement, &held_raw);
  const CurrentState current{head_.number, last.record.seq, last.record.digest, &last.statement};
  const AnswerPlan plan = PlanAnswer(current, request, held, config_.head_life, clock_.Now());
  if (plan.empty()) return std::optional<Bytes>();
  Bytes out;
  if (plan.head) {
    TRY(const trust::Proof proof, publication_->ProofFor(cluster));
    wire::AppendFrame(out, wire::FrameType::kHead, head_.raw);
    wire::AppendFrame(out, wire::FrameType::kSignatures, head_.signatures);
    wire::AppendFrame(out, wire::FrameType::kProof, trust::EncodeProof(proof));
  }
  if (plan.statement) {
    Bytes delta;
    if (held != nullptr) {
      TRY(delta, bundle::EncodeDelta(held_raw, last.record.raw));
    }
    const StatementRecord& record = last.record;
    const wire::Frame frame =
        held != nullptr && delta.size() < record.raw.size()
            ? wire::ToFrame(wire::StatementDelta{request.have.statement, record.seq,
                                                 record.raw.size(), std::move(delta)})
            : wire::ToFrame(wire::StatementPayload{record.seq, record.raw});
    wire::AppendFrame(out, frame.type, frame.payload);
  }
  for (const BundleChoice& choice : plan.bundles) {
    // What does not fit, or cannot be read now, is fetched with GET: the signed part never waits
    // for it, and a damaged file must not let the cluster's head go stale.
    const auto frame = BundleFrame(choice);
    if (!frame || out.size() + frame->size() > limits::kInlineBundleBytes) continue;
    out += *frame;
  }
  wire::AppendFrame(out, wire::FrameType::kEnd, {});
  return std::optional<Bytes>(std::move(out));
}

Result<Bytes> Publisher::BundleFrame(const BundleChoice& choice) {
  wire::BundlePayload payload;
  payload.digest = choice.digest;
  const Delta* delta = nullptr;
  if (choice.from) delta = deltas_.Find({*choice.from, choice.digest});
  if (delta != nullptr && !delta->blob.empty()) {
    payload.from = choice.from;
    payload.raw_bytes = delta->raw_bytes;
    payload.blob = delta->blob;
  } else {
    auto stored = bundles_.Get(choice.digest);
    if (!stored) {
      TellLost(choice.digest);
      return stored.error();
    }
    payload.raw_bytes = stored->raw_bytes;
    payload.blob = std::move(stored->blob);
  }
  const wire::Frame frame = wire::ToFrame(payload);
  Bytes out;
  wire::AppendFrame(out, frame.type, frame.payload);
  return out;
}

std::vector<DeltaKey> Publisher::MissingDeltas(const std::vector<ClusterContent>& contents) const {
  std::set<DeltaKey> missing;
  uint64_t raw_bytes = 0;
  for (const ClusterContent& content : contents) {
    const trust::Statement* current = Current(content.cluster);
    if (current == nullptr) continue;
    for (const auto& [app, entry] : content.apps) {
      const auto before = current->apps.find(app);
      if (before == current->apps.end() || before->second.bundle == entry.bundle) continue;
      const DeltaKey key{before->second.bundle, entry.bundle};
      if (deltas_.Find(key) != nullptr || missing.contains(key)) continue;
      raw_bytes += static_cast<uint64_t>(entry.raw);
      if (missing.size() >= limits::kDeltasAtOnce || raw_bytes > limits::kDeltaBytesAtOnce) {
        return {missing.begin(), missing.end()};
      }
      missing.insert(key);
    }
  }
  return {missing.begin(), missing.end()};
}

Result<Bytes> Publisher::BundleFrames(const ClusterId& cluster, const BundleDigest& digest,
                                      const std::optional<BundleDigest>& from) {
  const auto kept = statements_.find(cluster);
  const auto grants = [&](const BundleDigest& wanted) {
    return kept != statements_.end() &&
           std::any_of(kept->second.begin(), kept->second.end(), [&](const Kept& candidate) {
             return std::any_of(candidate.statement.apps.begin(), candidate.statement.apps.end(),
                                [&](const auto& app) { return app.second.bundle == wanted; });
           });
  };
  if (!grants(digest)) {
    return MakeError(Errc::kPermission, "bundle " + digest.Hex() + " is not one of this cluster's");
  }
  BundleChoice choice{digest, std::nullopt};
  if (from && grants(*from)) choice.from = from;
  if (fetched_ && IsDue(told_fetched_, digest, clock_.Monotonic())) fetched_(digest);
  auto out = BundleFrame(choice);
  if (!out) {
    // Without the hub's own paths: they say nothing to the other side.
    return MakeError(Errc::kUnavailable,
                     "the hub has lost bundle " + digest.Hex() +
                         "; what the cluster is to run now is rendered again by itself");
  }
  wire::AppendFrame(*out, wire::FrameType::kEnd, {});
  return out;
}

// Every poll says it again: only what is news waits for the next publish.
void Publisher::NoteHeld(const ClusterId& cluster, int64_t seq) {
  Held& held = held_[cluster];
  held.stored = held.stored && held.seq == seq;
  held.seq = seq;
}

bool Publisher::Made(const ClusterId& cluster, const wire::Have& have) const {
  // An agent that asks for the whole statement names no digest.
  const auto same = [&](const Digest& digest) {
    return have.statement == Digest{} || have.statement == digest;
  };
  const auto kept = statements_.find(cluster);
  if (kept == statements_.end()) return false;
  for (const Kept& candidate : kept->second) {
    if (candidate.record.seq == have.seq) return same(candidate.record.digest);
  }
  // One that was away for long. What cannot be looked up now is not known: that prunes nothing.
  const auto made = state_.FindMade(cluster, have.seq);
  return made && *made && same(**made);
}

void Publisher::TellLost(const BundleDigest& digest) {
  // That it cannot be written anew either is said by the render.
  if (lost_ && IsDue(told_lost_, digest, clock_.Monotonic())) lost_(digest);
}

std::set<BundleDigest> Publisher::Missing(const std::set<BundleDigest>& bundles) const {
  std::set<BundleDigest> missing;
  for (const BundleDigest& digest : bundles) {
    if (!bundles_.Has(digest)) missing.insert(digest);
  }
  return missing;
}

bool Publisher::Knows(const ClusterId& cluster, const wire::Have& have) const {
  if (have.epoch == config_.epoch && have.number > head_.number) return false;
  return have.seq == 0 || Made(cluster, have);
}

Result<bool> Publisher::NoteAgent(const ClusterId& cluster, const wire::Have& have) {
  if (have.epoch != config_.epoch || Knows(cluster, have)) return false;
  const int64_t floor = std::max(have.seq, have.number);
  if (floor > (clock_.Now() + kFloorAhead).time_since_epoch().count()) {
    return MakeError(Errc::kInvalidArgument, "the agent names a number that no hub can have given");
  }
  if (floor <= floor_) return false;
  TRY_VOID(state_.RaiseFloor(floor));
  floor_ = floor;
  return true;
}

const trust::Statement* Publisher::Current(const ClusterId& cluster) const {
  const auto kept = statements_.find(cluster);
  return kept == statements_.end() || kept->second.empty() ? nullptr
                                                           : &kept->second.back().statement;
}

void Publisher::Forget(const ClusterId& cluster) {
  statements_.erase(cluster);
  held_.erase(cluster);
}

}  // namespace dunlin::hub
