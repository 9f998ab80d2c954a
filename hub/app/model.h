// The fleet as the hub holds it in memory: what the database says, indexed, and what only the
// running process knows (contacts, facts). Reads never touch the disk; writes go to HubState first.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "hub/rollout/status.h"
#include "hub/state/hub_state.h"
#include "protocol/net/runtime.h"
#include "protocol/wire/poll.h"

namespace dunlin::hub {

struct Contact {
  TimePoint last_seen{};
  wire::Facts facts;
  int held_polls = 0;
  int connections = 0;             // open ones, as far as the port tells
  std::optional<TimePoint> ended;  // when the last of them ended; absent while one is open
};

class FleetModel {
 public:
  FleetModel(HubState& state, asio::any_io_executor executor) : state_(state), changed_(executor) {}

  Status Load(HubSnapshot snapshot);

  HubState& state() { return state_; }

  const ClusterRecord* FindCluster(const ClusterId& id) const;
  const ClusterRecord* FindClusterByName(const std::string& name) const;
  const AgentRecord* FindAgent(const AgentId& id) const;
  const AgentRecord* FindAgentByKey(const Digest& spki) const;
  bool HasAgent(const ClusterId& cluster) const;  // one that is in force
  // kPermission, saying why and what to do, when the agent does not speak for its cluster (any
  // more); kUnauthenticated when there is none.
  Status InForce(const AgentRecord* agent) const;
  const std::map<ClusterId, ClusterRecord>& clusters() const { return clusters_; }

  Status PutCluster(const ClusterRecord& cluster);
  // The cluster's former agents are superseded with it.
  Status Enroll(const std::string& token_id, const ClusterRecord& cluster,
                const AgentRecord& agent);
  Status PutAgent(const AgentRecord& agent);
  // The agent connected with the certificate of this serial number. The newest one ends the time in
  // which the answer to its renewal counts as lost; any other changes nothing.
  Status NoteCertificate(const AgentId& id, const Bytes& serial);
  // Called for each agent that is no longer in force, once that is stored, with why.
  using CutOff = std::function<void(const AgentRecord&, const Error& why)>;
  void OnCutOff(CutOff cut_off) { cut_off_ = std::move(cut_off); }
  // In the order in which HubState stored them (a clock may step back between two). The last one
  // again changes nothing.
  void TakeReport(ReportRecord record);

  using TargetKey = std::pair<std::string, ClusterId>;  // (app, cluster)
  const std::map<TargetKey, TargetRecord>& targets() const { return targets_; }
  const TargetRecord* FindTarget(const TargetKey& key) const;
  const std::map<std::string, std::vector<HistoryRecord>>& history() const { return history_; }
  const std::map<std::string, std::string>& pins() const { return pins_; }
  Status SetPin(const std::string& app, const std::optional<std::string>& history_id);
  // After HubState accepted the publish: the same rows in memory.
  void TakePublished(const PublishRecord& record);

  const ReportRecord* FindReport(const ClusterId& cluster) const;
  Contact& contact(const ClusterId& cluster) { return contacts_[cluster]; }
  const Contact* FindContact(const ClusterId& cluster) const;

  // Anything that `dunlin status` shows has changed: wakes its watchers.
  void Touch();
  int64_t version() const { return version_; }
  net::Event& changed() { return changed_; }

 private:
  void TakeAgent(const AgentRecord& agent);

  HubState& state_;
  std::map<ClusterId, ClusterRecord> clusters_;
  std::map<std::string, ClusterId> cluster_names_;
  std::map<AgentId, AgentRecord> agents_;
  std::map<Digest, AgentId> agent_keys_;
  std::map<TargetKey, TargetRecord> targets_;
  std::map<std::string, std::vector<HistoryRecord>> history_;
  std::map<std::string, std::string> pins_;
  std::map<ClusterId, ReportRecord> reports_;
  std::map<ClusterId, Contact> contacts_;
  CutOff cut_off_;
  int64_t version_ = 1;
  net::Event changed_;
};

}  // namespace dunlin::hub
