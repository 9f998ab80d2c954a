// A hub as a value: signs statements for one cluster and answers polls with real frames, so that
// the machine's verification is the product's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/sync/event.h"
#include "protocol/bundle/bundle.h"
#include "protocol/crypto/crypto.h"
#include "protocol/trust/publish.h"
#include "protocol/trust/verify.h"

namespace dunlin::sync {

inline const ClusterId kCluster{"0a1b2c3d-0000-4000-8000-000000000001"};

class FakeHub {
 public:
  FakeHub();

  struct App {
    std::vector<object::Value> objects;
    bundle::Policy policy;
    bool cluster_scope = true;
    bool allow_mass_prune = false;
  };
  // One publish: everything that the cluster must run from now on.
  void Publish(const std::map<std::string, App>& apps, TimePoint now);
  void RenewHead(TimePoint now);
  // What a new agent trusts.
  trust::TrustedState Trust() const;
  // The answer to a held poll; nothing while there is no news for it.
  std::optional<Bytes> Answer(const wire::PollRequest& request) const;
  Result<wire::BundlePayload> Fetch(const BundleDigest& digest) const;
  bool IsNewestOf(const std::set<std::string>& apps, const BundleDigest& digest) const;
  int64_t seq() const { return statement_.seq; }

  bool inline_bundles = true;
  bool deltas = true;
  Millis life{15 * 60 * 1000};
  std::set<AppName> removed;  // of the next statement only
  int64_t seq_floor = 0;      // the next statement gets this number at least
  std::string kube_uid = "kube-1";
  bool keep = false;              // of the next statements
  std::set<std::string> lost;     // apps whose newest bundle it cannot give away
  std::set<std::string> damaged;  // apps whose newest bundle is not what was signed
  bool tamper = false;            // the statement that is sent is not the one that was signed
  std::vector<wire::Report> reports;

 private:
  struct Kept {
    Bytes raw;
    Bytes blob;
  };
  void Sign(TimePoint now);

  crypto::PrivateKey key_;
  trust::Root root_;
  Bytes root_raw_;
  trust::Statement statement_;
  Bytes statement_raw_;
  std::map<Digest, Bytes> statements_;
  std::map<BundleDigest, Kept> bundles_;
  std::map<std::string, std::vector<BundleDigest>> history_;
  std::optional<trust::PreviousHead> previous_;
  std::optional<trust::Publication> publication_;
  std::vector<trust::SignatureEntry> signatures_;
};

}  // namespace dunlin::sync
