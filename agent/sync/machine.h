// The agent as a state machine: events of the outside world in, actions out. It makes every
// decision and touches nothing; the driver performs the actions, in any order and all at once, and
// feeds back one event for each.
//
// Three lanes run side by side and share World: the hub lane (poll, judge, fetch, store), the
// cluster lane (discovery, schemas, watches) and the app lane (plan, apply, prune, repair); the
// report lane tells the hub. So the agent polls while it applies, and enforces while the hub is
// away. Every lane is a table of (state, event) rows; an event without a row is a bug and aborts.
//
// REQUIRES: Started is the first event. One answer event per action; Watch answers with Listed or
// ListFailed, then LiveChanged and LiveDeleted, WatchBroken, then WatchResumed, Listed or
// ListFailed, until Unwatch (events of that kind that were already on their way may still come);
// Watch of a kind that is watched already begins it anew. Tick at Step::wake, or at any time.
#pragma once

#include "agent/sync/app_lane.h"
#include "agent/sync/cluster_lane.h"
#include "agent/sync/event.h"
#include "agent/sync/hub_lane.h"
#include "agent/sync/report_lane.h"
#include "agent/sync/world.h"
#include "protocol/base/time.h"

namespace dunlin::sync {

class SyncMachine {
 public:
  explicit SyncMachine(Config config)
      : world_(std::move(config)),
        hub_(world_),
        cluster_(world_),
        apps_(world_, cluster_),
        reports_(world_) {}
  SyncMachine(const SyncMachine&) = delete;
  SyncMachine& operator=(const SyncMachine&) = delete;

  Step Resume(const Event& event, TimePoint now);

  // For status, metrics and tests.
  const World& world() const { return world_; }
  const HubLane& hub() const { return hub_; }
  const ClusterLane& cluster() const { return cluster_; }
  const AppLane& apps() const { return apps_; }
  const ReportLane& reports() const { return reports_; }
  // What a report would say now.
  wire::Report Report(TimePoint now) const;

 private:
  void CheckHead(TimePoint now);
  void TellProblems(Out& out);

  World world_;
  HubLane hub_;
  ClusterLane cluster_;
  AppLane apps_;
  ReportLane reports_;
  bool loaded_ = false;
  std::map<std::string, wire::Problem> told_;  // problems that were said and still hold
};

}  // namespace dunlin::sync
