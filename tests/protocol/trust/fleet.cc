#include "tests/protocol/trust/fleet.h"

namespace dunlin::trust {

Fleet::Fleet(size_t clusters) : root(MakeRoot(1, {&root_key}, 1)) {
  for (size_t i = 0; i < clusters; ++i) {
    Statement statement;
    statement.cluster = Id(i);
    statement.kube = Kube(i);
    statement.seq = 1000 + static_cast<int64_t>(i);
    statement.apps[AppName("shop")] = {false, crypto::Sha256("bundle"), 3, true,
                                       48211, RevisionId("2f7b1c")};
    statements.push_back(statement);
  }
}

ClusterId Fleet::Id(size_t cluster) {
  return ClusterId("cluster-" + std::to_string(1000 + cluster));
}
std::string Fleet::Kube(size_t cluster) { return "kube-" + std::to_string(cluster); }

TrustedState Fleet::Fresh(size_t cluster) const {
  TrustedState state;
  state.root = root;
  state.root_raw = root.Serialize().value();
  state.cluster = Id(cluster);
  state.kube_uid = Kube(cluster);
  return state;
}

Offer Fleet::Publish(size_t cluster) { return PublishBy(hub_key, cluster); }

Offer Fleet::PublishBy(const crypto::PrivateKey& signer, size_t cluster) {
  std::vector<ClusterStatement> leaves;
  for (const Statement& statement : statements) {
    leaves.push_back(
        {statement.cluster, statement.seq, crypto::Sha256(statement.Serialize().value())});
  }
  Offer offer = HeadOver(std::move(leaves), Id(cluster));
  offer.statement_seq = statements[cluster].seq;
  offer.statement_raw = statements[cluster].Serialize().value();
  return Resign(std::move(offer), signer);
}

Offer Fleet::PublishLeaf(ClusterStatement leaf, Bytes statement) {
  const ClusterId cluster = leaf.cluster;
  const int64_t seq = leaf.seq;
  Offer offer = HeadOver({std::move(leaf)}, cluster);
  offer.statement_seq = seq;
  offer.statement_raw = std::move(statement);
  return Resign(std::move(offer), hub_key);
}

Offer Fleet::HeadOver(std::vector<ClusterStatement> leaves, const ClusterId& cluster) {
  PublishInput input;
  input.clusters = std::move(leaves);
  input.previous = previous;
  input.epoch = root.HubRole().epoch;
  input.life = life;
  input.now = now;
  const Publication publication = Publication::Make(std::move(input)).value();
  previous = PreviousHead{publication.head().number, publication.digest()};
  Offer offer;
  offer.head_raw = publication.raw();
  offer.proof = publication.ProofFor(cluster).value();
  return offer;
}

Offer Fleet::Resign(Offer offer, const crypto::PrivateKey& signer) {
  offer.signatures = {SignRaw(signer, offer.head_raw).value()};
  return offer;
}

Root Fleet::MakeRoot(int64_t version, const std::vector<const crypto::PrivateKey*>& keys,
                     int threshold) const {
  Root out;
  out.version = version;
  out.expires = kNow + std::chrono::hours(24 * 365);
  for (const crypto::PrivateKey* key : keys) out.roles["root"].keys.push_back(key->Public());
  out.roles["root"].threshold = threshold;
  out.roles["hub"].keys = {hub_key.Public()};
  return out;
}

SignedRoot Fleet::SignRoot(const Root& root, const std::vector<const crypto::PrivateKey*>& keys) {
  SignedRoot out{root.Serialize().value(), {}};
  for (const crypto::PrivateKey* key : keys) out.signatures.push_back(*SignRaw(*key, out.raw));
  return out;
}

}  // namespace dunlin::trust
