// What a hub must remember: clusters, agents, tokens, the catalogue's last good objects, what was
// rendered, what was published, and what agents reported. One interface, so that a second engine
// can come without a change above; SqliteHubState is the embedded one.
//
// All calls are blocking and short (one transaction, one fsync at most). They may come from several
// threads and then wait for each other.
// A failed write changes nothing. The hub loads everything at start and writes through, so reads
// that serve requests never touch the disk, but for FindMade: one look-up for an agent that was
// away.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/wire/report.h"

namespace dunlin::hub {

struct ClusterRecord {
  ClusterId id;
  std::string name;
  std::string region;
  std::string channel = "default";
  std::string server;    // what an Application's destination.server names; may be empty
  std::string kube_uid;  // of kube-system; empty until the agent enrolled
  std::map<std::string, std::string> labels;
  std::string origin;  // "admin" or "fleet"
  TimePoint created{};
  bool operator==(const ClusterRecord&) const = default;
};

// Whether an agent speaks for its cluster. The numbers are stored.
enum class Standing {
  kInForce = 0,
  kLocked = 1,      // a copy of its key showed up
  kSuperseded = 2,  // another agent was enrolled for the cluster
};

struct AgentRecord {
  AgentId id;
  ClusterId cluster;
  Digest spki;             // SHA-256 of the public key: the identity
  Bytes public_key;        // 65-byte point
  Bytes encryption_key;    // 65-byte point
  int64_t generation = 1;  // of the newest certificate
  // The newest generation that the agent has shown to hold: by connecting with it, or by renewing
  // from it. Below `generation` while the answer to a renewal may have been lost.
  int64_t held_generation = 1;
  Bytes serial;  // of the newest certificate, as crypto::CertificateInfo gives it
  TimePoint not_after{};
  Standing standing = Standing::kInForce;
  bool operator==(const AgentRecord&) const = default;
};

struct TokenRecord {
  std::string id;
  Digest secret_hash;
  std::string cluster;  // the name it is bound to
  TimePoint expires{};
  bool used = false;
  bool operator==(const TokenRecord&) const = default;
};

// A catalogue object (App, Cluster, Source, Application) as JSON, in its last good form.
struct ObjectRecord {
  std::string kind;
  std::string name;
  std::string origin;  // "admin", or "fleet" for the fleet repository
  std::string place;   // file and line, or the name of the applied file
  std::string json;
  bool operator==(const ObjectRecord&) const = default;
};

// One (app, cluster) pair: what is rendered for it, or why it is not.
struct TargetRecord {
  std::string app;
  ClusterId cluster;
  std::string revision;                // of the last successful render
  std::optional<BundleDigest> bundle;  // absent: never rendered successfully
  int64_t raw_bytes = 0;
  int64_t objects = 0;
  bool prune = true;
  std::string render_key;       // of the inputs that `bundle` came from (pipeline)
  std::string reads;            // JSON: what the renderer read (pipeline)
  std::string failed_revision;  // the newest revision, when it could not be rendered
  wire::Problem problem;        // code empty: none
  bool operator==(const TargetRecord&) const = default;
};

struct StatementRecord {
  ClusterId cluster;
  int64_t seq = 0;
  Digest digest;
  Bytes raw;
  bool operator==(const StatementRecord&) const = default;
};

struct HeadRecord {
  int64_t number = 0;
  Bytes raw;
  Bytes signatures;  // as in a kSignatures frame
  bool operator==(const HeadRecord&) const = default;
};

// One entry of an app's history: what each cluster got at that time.
struct HistoryRecord {
  int64_t id = 0;  // per app, from 1
  std::string app;
  std::string revision;
  std::string cause;  // "commit", "rollback", "catalogue"
  TimePoint time{};
  struct Entry {
    ClusterId cluster;
    BundleDigest bundle;
    int64_t raw_bytes = 0;
    int64_t objects = 0;
    std::string revision;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries;
  bool operator==(const HistoryRecord&) const = default;
};

struct SourceRecord {
  std::string repo;    // normalised URL or path
  std::string ref;     // as the app names it
  std::string commit;  // last resolved
  TimePoint resolved{};
  bool operator==(const SourceRecord&) const = default;
};

struct ReportRecord {
  ClusterId cluster;
  TimePoint received{};
  wire::Report report;
};

// Everything that one publish changes, in one transaction: after a crash all of it holds or none.
struct PublishRecord {
  std::vector<TargetRecord> targets;
  std::vector<StatementRecord> statements;
  std::optional<HeadRecord> head;
  std::vector<HistoryRecord> history;
  std::vector<std::pair<std::string, ClusterId>> removed_targets;
  std::vector<std::pair<ClusterId, int64_t>> held;  // seq of a statement that its agent holds
};

// All of it, as loaded at start.
struct HubSnapshot {
  std::vector<ClusterRecord> clusters;
  std::vector<AgentRecord> agents;
  std::vector<ObjectRecord> objects;
  std::vector<TargetRecord> targets;
  std::vector<StatementRecord> statements;  // every kept one, oldest first per cluster
  std::optional<HeadRecord> head;           // the newest
  std::vector<HistoryRecord> history;
  std::vector<SourceRecord> sources;
  std::vector<ReportRecord> reports;        // the last of each cluster
  std::map<std::string, std::string> pins;  // app -> history id it is held at by a rollback
  int64_t floor = 0;                        // no sequence or head number at or below it
};

class HubState {
 public:
  virtual ~HubState() = default;
  virtual Result<HubSnapshot> Load() = 0;

  virtual Status PutCluster(const ClusterRecord& cluster) = 0;
  virtual Status RemoveCluster(const ClusterId& id) = 0;
  virtual Status PutAgent(const AgentRecord& agent) = 0;

  virtual Status AddToken(const TokenRecord& token) = 0;
  virtual Result<TokenRecord> FindToken(const std::string& id) = 0;
  // Burns the token, stores what it bought, and supersedes the cluster's other agents that are in
  // force, in one transaction. kPermission when the token is used.
  virtual Status Enroll(const std::string& token_id, const ClusterRecord& cluster,
                        const AgentRecord& agent) = 0;

  virtual Status PutObjects(const std::vector<ObjectRecord>& put,
                            const std::vector<std::pair<std::string, std::string>>& remove) = 0;
  virtual Status PutSource(const SourceRecord& source) = 0;
  virtual Status Publish(const PublishRecord& record) = 0;
  // The digest of the statement that this database made for the cluster under this number; nothing
  // when it made none (or more than limits::kMadeStatements ago, and the agent was not seen since).
  virtual Result<std::optional<Digest>> FindMade(const ClusterId& cluster, int64_t seq) = 0;
  // In one transaction; of several of one cluster the last one stays.
  virtual Status PutReports(const std::vector<ReportRecord>& reports) = 0;
  virtual Status SetPin(const std::string& app, const std::optional<std::string>& history_id) = 0;
  // Raises the floor for sequences and head numbers; never lowers it.
  virtual Status RaiseFloor(int64_t floor) = 0;
};

// Opens or creates `path`; a second process is refused with kPrecondition.
Result<std::unique_ptr<HubState>> OpenSqliteHubState(const std::string& path);

}  // namespace dunlin::hub
