#include "hub/app/fleet_metrics.h"

namespace dunlin::hub {

void DeclareHubMetrics(Metrics& metrics) {
  metrics.Histogram("dunlin_git_fetch_duration_seconds", "Time of one look at a repository");
  metrics.Histogram("dunlin_render_duration_seconds", "Time of one render job, by engine");
  metrics.Histogram("dunlin_commit_to_synced_seconds",
                    "From the look that found a commit to a target that runs it");
  metrics.Histogram("dunlin_rollback_duration_seconds",
                    "From the request to the signed statements of a rollback");
  metrics.Counter("dunlin_publish_total", "Heads published because a cluster's content changed");
}

Metrics FleetMetrics(const FleetView& view) {
  Metrics out;
  out.Gauge("dunlin_app_info", "One for each app of the catalogue");
  out.Gauge("dunlin_cluster_app_status", "1 for the state that a target is in");
  out.Gauge("dunlin_cluster_connected",
            "1 while the cluster's agent is connected and was heard within 90 s");
  out.Gauge("dunlin_cluster_last_seen_timestamp_seconds", "Last contact with the agent");
  out.Gauge("dunlin_cluster_drift_resources", "Drifted objects repaired since the agent's start");
  out.Gauge("dunlin_sync_conflicts", "Conflicts of the last run, by target");
  for (const auto& app : view.catalogue.Apps()) {
    out.Set("dunlin_app_info", 1,
            {{"app", app->name.str()}, {"repo", app->repo}, {"revision", app->revision}});
  }
  for (const auto& [id, cluster] : view.model.clusters()) {
    const TimePoint seen = SeenOf(view, id).last.value_or(TimePoint());
    out.Set("dunlin_cluster_connected", IsConnected(view, id) ? 1 : 0, {{"cluster", cluster.name}});
    out.Set("dunlin_cluster_last_seen_timestamp_seconds",
            double(seen.time_since_epoch().count()) / 1000, {{"cluster", cluster.name}});
  }
  for (const auto& [key, target] : view.pipeline.targets()) {
    const TargetState state = StatusOf(view, key).state;
    for (const TargetState each :
         {TargetState::kUnknown, TargetState::kStale, TargetState::kFailed, TargetState::kOutOfSync,
          TargetState::kDegraded, TargetState::kProgressing, TargetState::kSynced}) {
      out.Set("dunlin_cluster_app_status", each == state ? 1 : 0,
              {{"app", key.first},
               {"cluster", target.cluster_name},
               {"state", std::string(Name(each))}});
    }
    const ReportRecord* report = view.model.FindReport(key.second);
    if (report == nullptr) continue;
    for (const wire::TargetReport& one : report->report.targets) {
      if (one.app != key.first) continue;
      const MetricLabels labels = {{"app", key.first}, {"cluster", target.cluster_name}};
      out.Set("dunlin_cluster_drift_resources", double(one.drift_repaired), labels);
      out.Set("dunlin_sync_conflicts", double(one.conflicts), labels);
    }
  }
  return out;
}

}  // namespace dunlin::hub
