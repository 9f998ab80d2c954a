// What stands behind the agent port: who asks, held polls, bundles, reports.
#pragma once

#include <map>
#include <string>

#include "hub/api/agent_api.h"
#include "hub/app/driver.h"
#include "hub/app/model.h"
#include "hub/app/poll_gate.h"
#include "hub/app/report_writer.h"
#include "hub/publish/publisher.h"
#include "protocol/base/log.h"
#include "protocol/base/metrics.h"

namespace dunlin::hub {

class AgentService : public AgentBackend {
 public:
  struct Parts {
    FleetModel& model;
    Publisher& publisher;
    Driver& driver;
    PollGate& gate;
    const Pipeline& pipeline;
    const Clock& clock;
    dunlin::Metrics& metrics;
  };
  AgentService(Parts parts, asio::any_io_executor executor, Log log,
               Millis hold = Seconds(wire::kHoldSeconds))
      : parts_(parts),
        log_(std::move(log)),
        hold_(hold),
        reports_(parts_.model.state(), executor) {}

  Result<AgentIdentity> Identify(const net::Peer& peer) override;
  Task<Bytes> Poll(AgentIdentity agent, wire::PollRequest request) override;
  Result<Bytes> Bundle(const AgentIdentity& agent, const BundleDigest& digest,
                       const std::optional<BundleDigest>& from) override;
  TaskVoid Report(AgentIdentity agent, wire::Report report) override;

  // A connection of an agent that was let in has begun, or any has ended. When the last one of a
  // cluster ends, its agent is gone without waiting for its silence.
  void Opened(const AgentIdentity& agent, uint64_t connection);
  void Closed(uint64_t connection);

  // Held polls are answered at their next wake-up.
  void Stop() { stopping_ = true; }

 private:
  void Note(const ClusterId& cluster, const wire::PollRequest& request);
  void NoteHeld(const ClusterId& cluster, const wire::Have& have);
  void Measure(const ClusterId& cluster, const wire::Report& report);

  Parts parts_;
  Log log_;
  Millis hold_;
  ReportWriter reports_;
  bool stopping_ = false;
  std::map<uint64_t, ClusterId> connections_;
  std::map<TargetKey, TimePoint> measured_;  // the publish whose arrival was counted
};

}  // namespace dunlin::hub
