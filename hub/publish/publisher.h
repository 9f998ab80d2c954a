// Turns what clusters should run into signed state, and polls into answers.
//
// One publish makes a statement for every cluster whose content changed, one head over all
// clusters, one signature, one database transaction, and wakes the held polls. A crash before the
// transaction publishes nothing; after it, everything. REQUIRES: one thread (the io thread).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "hub/publish/bundle_store.h"
#include "hub/publish/deltas.h"
#include "hub/publish/poll_answer.h"
#include "hub/state/hub_state.h"
#include "protocol/crypto/crypto.h"
#include "protocol/trust/publish.h"

namespace dunlin::hub {

// Everything one cluster must run.
struct ClusterContent {
  ClusterId cluster;
  std::string kube_uid;
  std::string channel;
  std::map<AppName, trust::StatementApp> apps;
  // The cluster's agent holds what this database does not know (a restored backup): a new statement
  // even with equal content, which prunes no app that it does not name.
  bool restored = false;
  std::set<AppName> removed;  // trust::Statement::removed: not in `apps`; needs a new statement
};

struct PublishResult {
  std::vector<ClusterId> changed;  // clusters that got a new statement
  int64_t head_number = 0;         // 0: nothing changed, no new head
};

class Publisher {
 public:
  struct Config {
    Millis head_life{15 * 60 * 1000};
    int64_t epoch = 1;
  };
  // Called for each cluster with a new statement, after the transaction.
  using Wake = std::function<void(const ClusterId&)>;

  // All references outlive the publisher.
  Publisher(HubState& state, BundleStore& bundles, const crypto::PrivateKey& signer,
            const Clock& clock, Config config);
  ~Publisher();
  void OnPublish(Wake wake) { wake_ = std::move(wake); }

  // Called with a bundle whose file is gone or damaged when an agent needs it, once in a while for
  // one bundle: it makes the hub look at Git.
  using Lost = std::function<void(const BundleDigest&)>;
  void OnLost(Lost lost) { lost_ = std::move(lost); }

  // Called with a bundle that an agent fetches by itself: it did not fit into the answer, or came
  // damaged; once in a while for one bundle. To look at its file takes too long for this thread.
  using Fetched = std::function<void(const BundleDigest&)>;
  void OnFetched(Fetched fetched) { fetched_ = std::move(fetched); }

  // What the database holds; refuses documents that do not parse (kCorrupt).
  Status Restore(const HubSnapshot& snapshot);

  // `record` carries the rows that must become true together with the publish (targets, history).
  Result<PublishResult> Publish(const std::vector<ClusterContent>& contents, PublishRecord record);
  // A new head over unchanged statements when the current one is past half its life.
  Status RenewHead();

  // The deltas between what the clusters have and `contents` that are not ready. The driver makes
  // them before it publishes, off the io thread, where polls are answered.
  std::vector<DeltaKey> MissingDeltas(const std::vector<ClusterContent>& contents) const;
  void TakeDeltas(std::vector<Delta> made) { deltas_.Take(std::move(made)); }

  // Frames for this poll, or nothing while there is nothing newer for it. A bundle comes as a delta
  // when that is ready, else whole, as it is stored.
  Result<std::optional<Bytes>> Answer(const ClusterId& cluster, const wire::PollRequest& request);
  // One bundle for a cluster that a kept statement grants it: kPermission otherwise. kUnavailable:
  // the hub has lost it.
  Result<Bytes> BundleFrames(const ClusterId& cluster, const BundleDigest& digest,
                             const std::optional<BundleDigest>& from);

  // Those whose files are not there.
  std::set<BundleDigest> Missing(const std::set<BundleDigest>& bundles) const;

  // Whether this database can show that it made the statement that the agent holds, and knows of
  // its head. False: the database is an older copy (or the agent belongs to another hub, or was
  // away for very many statements), and Answer gives the agent nothing but a statement with `keep`,
  // because any other might prune what the copy does not know.
  bool Knows(const ClusterId& cluster, const wire::Have& have) const;
  // An agent holds something that this database does not know. Raises the floors above it, unless
  // it is of another epoch, where the numbers start again. True when that was news.
  // kInvalidArgument for a number more than a day ahead.
  Result<bool> NoteAgent(const ClusterId& cluster, const wire::Have& have);

  // The newest statement of a cluster, or null.
  const trust::Statement* Current(const ClusterId& cluster) const;
  int64_t HeadNumber() const { return head_.number; }
  void Forget(const ClusterId& cluster);  // removed cluster: leaves the tree with the next head

 private:
  struct Kept {
    StatementRecord record;
    trust::Statement statement;
  };
  // The statement that an agent last showed to hold; the cluster's next publish stores it.
  struct Held {
    int64_t seq = 0;
    bool stored = false;
  };
  struct NewHead {
    HeadRecord record;
    trust::Publication publication;
  };

  Result<NewHead> MakeHead(const std::map<ClusterId, StatementRecord>& changed);
  Result<Bytes> BundleFrame(const BundleChoice& choice);
  void NoteHeld(const ClusterId& cluster, int64_t seq);
  bool Made(const ClusterId& cluster, const wire::Have& have) const;
  void TellLost(const BundleDigest& digest);
  const trust::Statement* Find(const ClusterId& cluster, const Digest& statement, Bytes* raw) const;

  HubState& state_;
  BundleStore& bundles_;
  const crypto::PrivateKey& signer_;
  const Clock& clock_;
  Config config_;
  Wake wake_;
  Lost lost_;
  Fetched fetched_;
  std::map<BundleDigest, Millis> told_fetched_;  // when it was said last, monotonic
  std::map<BundleDigest, Millis> told_lost_;
  std::map<ClusterId, std::vector<Kept>> statements_;  // oldest first
  std::map<ClusterId, Held> held_;
  HeadRecord head_;
  std::optional<trust::Publication> publication_;
  int64_t floor_ = 0;
  DeltaCache deltas_;
};

}  // namespace dunlin::hub
