#include "hub/app/model.h"

#include <algorithm>

#include "protocol/base/limits.h"

namespace dunlin::hub {

namespace {

template <typename Map>
auto* FindIn(Map& map, const typename Map::key_type& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

Status FleetModel::Load(HubSnapshot snapshot) {
  for (ClusterRecord& cluster : snapshot.clusters) {
    cluster_names_[cluster.name] = cluster.id;
    clusters_[cluster.id] = std::move(cluster);
  }
  for (AgentRecord& agent : snapshot.agents) {
    agent_keys_[agent.spki] = agent.id;
    agents_[agent.id] = std::move(agent);
  }
  for (TargetRecord& target : snapshot.targets) {
    targets_[{target.app, target.cluster}] = std::move(target);
  }
  for (HistoryRecord& entry : snapshot.history) history_[entry.app].push_back(std::move(entry));
  for (ReportRecord& report : snapshot.reports) {
    contacts_[report.cluster].last_seen = report.received;
    reports_[report.cluster] = std::move(report);
  }
  pins_ = std::move(snapshot.pins);
  return {};
}

const ClusterRecord* FleetModel::FindCluster(const ClusterId& id) const {
  return FindIn(clusters_, id);
}

const ClusterRecord* FleetModel::FindClusterByName(const std::string& name) const {
  const ClusterId* id = FindIn(cluster_names_, name);
  return id == nullptr ? nullptr : FindCluster(*id);
}

const AgentRecord* FleetModel::FindAgent(const AgentId& id) const { return FindIn(agents_, id); }

const AgentRecord* FleetModel::FindAgentByKey(const Digest& spki) const {
  const AgentId* id = FindIn(agent_keys_, spki);
  return id == nullptr ? nullptr : FindAgent(*id);
}

bool FleetModel::HasAgent(const ClusterId& cluster) const {
  return std::any_of(agents_.begin(), agents_.end(), [&](const auto& entry) {
    return entry.second.cluster == cluster && entry.second.standing == Standing::kInForce;
  });
}

Status FleetModel::InForce(const AgentRecord* agent) const {
  if (agent == nullptr) {
    return MakeError(Errc::kUnauthenticated,
                     "this key is not enrolled at this hub; enrol again with a token of `dunlin "
                     "cluster add`");
  }
  switch (agent->standing) {
    case Standing::kInForce:
      return {};
    case Standing::kLocked:
      return MakeError(Errc::kPermission,
                       "this agent is revoked; enrol again with a token of `dunlin cluster add`");
    case Standing::kSuperseded:
      break;
  }
  const ClusterRecord* cluster = FindCluster(agent->cluster);
  return MakeError(Errc::kPermission,
                   "another agent was enrolled for cluster " +
                       (cluster == nullptr ? agent->cluster.str() : cluster->name) +
                       "; end this one, two agents in one cluster undo each other's work");
}

Status FleetModel::PutCluster(const ClusterRecord& cluster) {
  TRY_VOID(state_.PutCluster(cluster));
  cluster_names_[cluster.name] = cluster.id;
  clusters_[cluster.id] = cluster;
  Touch();
  return {};
}

Status FleetModel::Enroll(const std::string& token_id, const ClusterRecord& cluster,
                          const AgentRecord& agent) {
  TRY_VOID(state_.Enroll(token_id, cluster, agent));
  cluster_names_[cluster.name] = cluster.id;
  clusters_[cluster.id] = cluster;
  std::vector<AgentRecord> former;
  for (const auto& [id, other] : agents_) {
    if (other.cluster != cluster.id || id == agent.id) continue;
    if (other.standing != Standing::kInForce) continue;
    former.push_back(other);
    former.back().standing = Standing::kSuperseded;
  }
  agent_keys_[agent.spki] = agent.id;
  TakeAgent(agent);
  for (const AgentRecord& other : former) TakeAgent(other);
  Touch();
  return {};
}

Status FleetModel::NoteCertificate(const AgentId& id, const Bytes& serial) {
  const AgentRecord* known = FindAgent(id);
  if (known == nullptr || known->held_generation == known->generation || known->serial != serial) {
    return {};
  }
  AgentRecord agent = *known;
  agent.held_generation = agent.generation;
  return PutAgent(agent);
}

Status FleetModel::PutAgent(const AgentRecord& agent) {
  TRY_VOID(state_.PutAgent(agent));
  TakeAgent(agent);
  return {};
}

void FleetModel::TakeAgent(const AgentRecord& agent) {
  const AgentRecord* before = FindAgent(agent.id);
  const bool was_in_force = before == nullptr || before->standing == Standing::kInForce;
  agents_[agent.id] = agent;
  const Status in_force = InForce(&agent);
  if (!in_force && was_in_force && cut_off_) cut_off_(agent, in_force.error());
}

void FleetModel::TakeReport(ReportRecord record) {
  const ReportRecord* last = FindReport(record.cluster);
  if (last != nullptr && last->report.id == record.report.id) return;
  reports_[record.cluster] = std::move(record);
  Touch();
}

const TargetRecord* FleetModel::FindTarget(const TargetKey& key) const {
  return FindIn(targets_, key);
}

Status FleetModel::SetPin(const std::string& app, const std::optional<std::string>& history_id) {
  TRY_VOID(state_.SetPin(app, history_id));
  if (history_id) {
    pins_[app] = *history_id;
  } else {
    pins_.erase(app);
  }
  Touch();
  return {};
}

void FleetModel::TakePublished(const PublishRecord& record) {
  for (const TargetRecord& target : record.targets) targets_[{target.app, target.cluster}] = target;
  for (const auto& key : record.removed_targets) targets_.erase(key);
  for (const HistoryRecord& entry : record.history) {
    std::vector<HistoryRecord>& entries = history_[entry.app];
    entries.push_back(entry);
    if (entries.size() > static_cast<size_t>(limits::kKeptHistory)) entries.erase(entries.begin());
  }
  Touch();
}

const ReportRecord* FleetModel::FindReport(const ClusterId& cluster) const {
  return FindIn(reports_, cluster);
}

const Contact* FleetModel::FindContact(const ClusterId& cluster) const {
  return FindIn(contacts_, cluster);
}

void FleetModel::Touch() {
  ++version_;
  changed_.Notify();
}

}  // namespace dunlin::hub
