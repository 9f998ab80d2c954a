// Whether a cluster's agent is there, and the state of a target as the hub shows it: the first that
// holds of Unknown, Stale, Failed, OutOfSync, Degraded, Progressing, Synced.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/wire/report.h"

namespace dunlin::hub {

enum class TargetState { kUnknown, kStale, kFailed, kOutOfSync, kDegraded, kProgressing, kSynced };

std::string_view Name(TargetState state);  // "Synced"

struct ContactLimits {
  Millis ended{3'000};   // from the end of the last connection: a reconnect does not show
  Millis stale{90'000};  // of silence, for an agent that vanished without a word
  Millis unknown{600'000};
};

// What is known of a cluster's agent as a peer.
struct AgentSeen {
  std::optional<TimePoint> last;   // absent: never heard of
  std::optional<TimePoint> ended;  // its last connection; absent: one is open, or none was seen yet
};

enum class Presence { kNever, kConnected, kStale, kUnknown };
Presence PresenceOf(const AgentSeen& seen, const ContactLimits& limits, TimePoint now);

struct TargetFacts {
  AgentSeen agent;                            // the cluster's
  bool rendered = false;                      // it has a bundle
  wire::Problem render_problem;               // code empty: none
  std::string desired_bundle;                 // hex; what the newest statement says
  std::optional<wire::TargetReport> report;   // the agent's last word on this target
  std::vector<wire::Problem> agent_problems;  // of the cluster's agent as a whole
};

struct TargetStatus {
  TargetState state = TargetState::kUnknown;
  std::string reason;  // for people; empty when Synced
};

TargetStatus RollUp(const TargetFacts& facts, const ContactLimits& limits, TimePoint now);

// The worst of several, for an app or a cluster: Failed, OutOfSync, Degraded, Unknown, Stale,
// Progressing, Synced, in this order; Synced for none.
TargetState Worst(const std::vector<TargetState>& states);

}  // namespace dunlin::hub
