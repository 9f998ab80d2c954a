#include "tests/agent/sync/fake_hub.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/bundle/codec.h"

namespace dunlin::sync {

FakeHub::FakeHub() : key_(*crypto::PrivateKey::Generate()) {
  trust::Role role;
  role.keys = {key_.Public()};
  root_.expires = *ParseTime("2036-01-01T00:00:00Z");
  root_.roles = {{"root", role}, {"hub", role}};
  root_raw_ = *root_.Serialize();
}

trust::TrustedState FakeHub::Trust() const {
  trust::TrustedState state;
  state.root = root_;
  state.root_raw = root_raw_;
  state.cluster = kCluster;
  state.kube_uid = kube_uid;
  return state;
}

void FakeHub::Publish(const std::map<std::string, App>& apps, TimePoint now) {
  trust::Statement next;
  next.cluster = kCluster;
  next.kube = kube_uid;
  next.keep = keep;
  next.seq = std::max(*trust::NextSequence(statement_.seq, now), seq_floor);
  if (!statement_raw_.empty()) next.prev = crypto::Sha256(statement_raw_);
  for (const auto& [name, app] : apps) {
    bundle::Bundle bundle{name, app.cluster_scope, app.objects, app.policy};
    auto raw = bundle::Canonical(std::move(bundle));
    CHECK(raw.has_value());
    const BundleDigest digest = crypto::Sha256(*raw);
    trust::StatementApp entry;
    entry.allow_mass_prune = app.allow_mass_prune;
    entry.bundle = digest;
    entry.objects = static_cast<int64_t>(app.objects.size());
    entry.prune = app.policy.prune;
    entry.raw = static_cast<int64_t>(raw->size());
    entry.revision = RevisionId(std::string(40, 'a'));
    next.apps[AppName(name)] = entry;
    Bytes blob = *bundle::Encode(*raw);
    bundles_[digest] = {std::move(*raw), std::move(blob)};
    history_[name].push_back(digest);
  }
  next.removed = std::exchange(removed, {});
  statement_ = std::move(next);
  auto raw = statement_.Serialize();
  CHECK(raw.has_value());
  statement_raw_ = std::move(*raw);
  statements_[crypto::Sha256(statement_raw_)] = statement_raw_;
  Sign(now);
}

void FakeHub::RenewHead(TimePoint now) { Sign(now); }

void FakeHub::Sign(TimePoint now) {
  trust::PublishInput input;
  input.clusters = {{kCluster, statement_.seq, crypto::Sha256(statement_raw_)}};
  input.previous = previous_;
  input.life = life;
  input.now = now;
  auto made = trust::Publication::Make(std::move(input));
  CHECK(made.has_value());
  publication_ = std::move(*made);
  previous_ = trust::PreviousHead{publication_->head().number, publication_->digest()};
  auto signature = trust::SignRaw(key_, publication_->raw());
  CHECK(signature.has_value());
  signatures_ = {*signature};
}

std::optional<Bytes> FakeHub::Answer(const wire::PollRequest& request) const {
  if (!publication_) return std::nullopt;
  if (request.have.head == publication_->digest() && request.want.empty()) return std::nullopt;
  Bytes out;
  const auto append = [&out](const wire::Frame& frame) {
    wire::AppendFrame(out, frame.type, frame.payload);
  };
  wire::AppendFrame(out, wire::FrameType::kHead, publication_->raw());
  wire::AppendFrame(out, wire::FrameType::kSignatures, trust::EncodeSignatures(signatures_));
  wire::AppendFrame(out, wire::FrameType::kProof,
                    trust::EncodeProof(*publication_->ProofFor(kCluster)));
  const auto held = statements_.find(request.have.statement);
  if (tamper) {
    trust::Statement other = statement_;
    other.apps.clear();
    append(wire::ToFrame(wire::StatementPayload{other.seq, *other.Serialize()}));
  } else if (held != statements_.end() && deltas && held->second != statement_raw_) {
    append(wire::ToFrame(wire::StatementDelta{held->first, statement_.seq, statement_raw_.size(),
                                              *bundle::EncodeDelta(held->second, statement_raw_)}));
  } else if (held == statements_.end()) {
    append(wire::ToFrame(wire::StatementPayload{statement_.seq, statement_raw_}));
  }
  const auto has = [&](const BundleDigest& digest) {
    return std::find(request.bundles.begin(), request.bundles.end(), digest) !=
           request.bundles.end();
  };
  const auto wants = [&](const BundleDigest& digest) {
    return std::find(request.want.begin(), request.want.end(), digest) != request.want.end();
  };
  for (const auto& [name, entry] : statement_.apps) {
    if (!inline_bundles || (has(entry.bundle) && !wants(entry.bundle))) continue;
    if (IsNewestOf(lost, entry.bundle) || IsNewestOf(damaged, entry.bundle)) continue;
    const Kept& kept = bundles_.at(entry.bundle);
    wire::BundlePayload payload{entry.bundle, std::nullopt, kept.raw.size(), kept.blob};
    for (const BundleDigest& old : history_.at(name.str())) {
      if (!deltas || old == entry.bundle || !has(old)) continue;
      payload.from = old;
      payload.blob = *bundle::EncodeDelta(bundles_.at(old).raw, kept.raw);
    }
    append(wire::ToFrame(payload));
  }
  wire::AppendFrame(out, wire::FrameType::kEnd, {});
  return out;
}

bool FakeHub::IsNewestOf(const std::set<std::string>& apps, const BundleDigest& digest) const {
  return std::any_of(apps.begin(), apps.end(), [&](const std::string& app) {
    const auto entry = statement_.apps.find(AppName(app));
    return entry != statement_.apps.end() && entry->second.bundle == digest;
  });
}

Result<wire::BundlePayload> FakeHub::Fetch(const BundleDigest& digest) const {
  const auto found = bundles_.find(digest);
  if (found == bundles_.end() || IsNewestOf(lost, digest)) {
    return MakeError(Errc::kNotFound, "no such bundle");
  }
  if (IsNewestOf(damaged, digest)) {
    return wire::BundlePayload{digest, std::nullopt, found->second.raw.size(), "damaged"};
  }
  return wire::BundlePayload{digest, std::nullopt, found->second.raw.size(), found->second.blob};
}

}  // namespace dunlin::sync
