#include "agent/app/machine_metrics.h"

#include "protocol/wire/report.h"

namespace dunlin::app {

namespace {

constexpr const char* kApplies = "dunlin_agent_apply_total";
constexpr const char* kSyncs = "dunlin_agent_sync_total";
constexpr const char* kConflicts = "dunlin_agent_conflicts_total";
constexpr const char* kRepairs = "dunlin_agent_drift_repaired_total";
constexpr const char* kAppStatus = "dunlin_agent_app_status";
constexpr const char* kObjects = "dunlin_agent_live_objects";
constexpr const char* kSequence = "dunlin_agent_statement_sequence";
constexpr const char* kExpiry = "dunlin_agent_certificate_expiry_timestamp_seconds";
constexpr const char* kProblems = "dunlin_agent_problems";
constexpr const char* kStates[] = {"Synced", "OutOfSync", "Progressing", "Degraded", "Failed"};

void Raise(Metrics& metrics, const char* name, const MetricLabels& labels, int64_t total) {
  const double more = static_cast<double>(total) - metrics.Value(name, labels);
  if (more > 0) metrics.Add(name, labels, more);
}

}  // namespace

void DeclareMachineMetrics(Metrics& metrics) {
  metrics.Counter(kApplies, "Writes to the apiserver, by verb and result");
  metrics.Counter(kSyncs, "Runs of an app, by result");
  metrics.Counter(kConflicts, "Writes that met a newer version of their object");
  metrics.Counter(kRepairs,
                  "Objects set back to their desired state after a change in the cluster");
  metrics.Gauge(kAppStatus, "1 for the state that an app is in");
  metrics.Gauge(kObjects, "Live objects in view");
  metrics.Gauge(kSequence, "Number of the statement in force");
  metrics.Gauge(kExpiry, "End of the agent's certificate");
  metrics.Gauge(kProblems, "Problems of the agent itself");
}

void TakeMachineMetrics(const sync::SyncMachine& machine, TimePoint now,
                        TimePoint certificate_not_after, Metrics& metrics) {
  const sync::World& world = machine.world();
  for (const auto& [labels, total] : world.counters.applies) {
    Raise(metrics, kApplies, {{"result", labels.second}, {"verb", labels.first}}, total);
  }
  Raise(metrics, kSyncs, {{"result", "ok"}}, world.counters.syncs_ok);
  Raise(metrics, kSyncs, {{"result", "failed"}}, world.counters.syncs_failed);
  Raise(metrics, kConflicts, {}, world.counters.conflicts);
  Raise(metrics, kRepairs, {}, world.counters.drift_repaired);
  for (const wire::TargetReport& target : machine.Report(now).targets) {
    for (const char* state : kStates) {
      metrics.Set(kAppStatus, target.state == state ? 1 : 0,
                  {{"app", target.app}, {"state", state}});
    }
  }
  metrics.Set(kObjects, static_cast<double>(world.live.size()));
  metrics.Set(kSequence, static_cast<double>(world.trusted.seq));
  metrics.Set(kProblems, static_cast<double>(world.problems.size()));
  const auto expiry = std::chrono::duration_cast<Seconds>(certificate_not_after.time_since_epoch());
  metrics.Set(kExpiry, static_cast<double>(expiry.count()));
}

}  // namespace dunlin::app
