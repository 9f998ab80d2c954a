// Internal to hub/state: records to rows and back. Column orders are those of the SELECT texts
// here.
#pragma once

#include <string_view>

#include "hub/state/hub_state.h"
#include "protocol/store/database.h"

namespace dunlin::hub {

// Each runs in the caller's transaction, or alone.
Status WriteCluster(store::Database& database, const ClusterRecord& cluster);
Status WriteAgent(store::Database& database, const AgentRecord& agent);
Status WriteTargets(store::Database& database, const std::vector<TargetRecord>& targets);
Status WriteHistory(store::Database& database, const std::vector<HistoryRecord>& history);

inline constexpr std::string_view kSelectClusters =
    "SELECT id, name, region, channel, server, kube_uid, labels, origin, created FROM clusters "
    "ORDER BY id";
inline constexpr std::string_view kSelectAgents =
    "SELECT id, cluster, spki, public_key, encryption_key, generation, held_generation, serial, "
    "not_after, revoked FROM agents ORDER BY id";
inline constexpr std::string_view kSelectTargets =
    "SELECT app, cluster, revision, bundle, raw_bytes, objects, prune, render_key, reads, "
    "failed_revision, problem_object, problem_code, problem_message, problem_hint "
    "FROM targets ORDER BY app, cluster";
inline constexpr std::string_view kSelectHistory =
    "SELECT app, id, revision, cause, time, entries FROM history ORDER BY app, id";

// The current row; kCorrupt when a column does not hold what we write.
Result<ClusterRecord> ReadCluster(const store::Statement& row);
Result<AgentRecord> ReadAgent(const store::Statement& row);
Result<TargetRecord> ReadTarget(const store::Statement& row);
Result<HistoryRecord> ReadHistory(const store::Statement& row);

int64_t ToMillis(TimePoint time);
TimePoint FromMillis(int64_t millis);

}  // namespace dunlin::hub
