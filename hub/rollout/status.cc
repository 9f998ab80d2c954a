#include "hub/rollout/status.h"

#include <algorithm>
#include <array>

namespace dunlin::hub {

namespace {

std::string Ago(Millis age) {
  const auto seconds = std::chrono::duration_cast<Seconds>(age).count();
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

std::string Text(const wire::Problem& problem) {
  std::string out =
      problem.object.empty() ? problem.message : problem.object + ": " + problem.message;
  if (!problem.hint.empty()) out += "; " + problem.hint;
  return out;
}

std::string Absence(const AgentSeen& seen, TimePoint now) {
  if (seen.ended) return "the agent's connection ended " + Ago(now - *seen.ended) + " ago";
  return "no contact with the agent for " + Ago(now - *seen.last);
}

// Warnings that keep nothing of the state unfulfilled.
bool IsRemark(const wire::Problem& warning) {
  return warning.code == "hook_ignored" || warning.code == "option_ignored" ||
         warning.code == "api_warning" || warning.code == "unsupported_policy";
}

// Why the target is not what it should be: its own problem, else what it holds back or waits for
// (the agent calls that a warning: prune_guard, waits_for_app, drift …), else what ails the agent.
std::string ReasonOf(const TargetFacts& facts) {
  const wire::TargetReport& report = *facts.report;
  if (!report.problems.empty()) return Text(report.problems.front());
  const auto warning = std::find_if_not(report.warnings.begin(), report.warnings.end(), IsRemark);
  if (warning != report.warnings.end()) return Text(*warning);
  return facts.agent_problems.empty() ? "" : "agent: " + Text(facts.agent_problems.front());
}

TargetStatus FromReport(const TargetFacts& facts) {
  const wire::TargetReport& report = *facts.report;
  const std::string problem = report.problems.empty() ? "" : Text(report.problems.front());
  if (report.state == "Failed") return {TargetState::kFailed, ReasonOf(facts)};
  if (report.bundle != facts.desired_bundle) {
    if (!facts.agent_problems.empty()) {
      return {TargetState::kFailed, "agent: " + Text(facts.agent_problems.front())};
    }
    return {TargetState::kOutOfSync, "the agent has not applied the newest bundle yet"};
  }
  if (report.state == "OutOfSync") return {TargetState::kOutOfSync, ReasonOf(facts)};
  if (report.state == "Degraded") return {TargetState::kDegraded, problem};
  if (report.state == "Progressing") return {TargetState::kProgressing, problem};
  if (report.state == "Synced") {
    return {TargetState::kSynced, report.warnings.empty() ? "" : Text(report.warnings.front())};
  }
  return {TargetState::kUnknown,
          "the agent reports a state this hub does not know: " + report.state};
}

}  // namespace

std::string_view Name(TargetState state) {
  switch (state) {
    case TargetState::kUnknown:
      return "Unknown";
    case TargetState::kStale:
      return "Stale";
    case TargetState::kFailed:
      return "Failed";
    case TargetState::kOutOfSync:
      return "OutOfSync";
    case TargetState::kDegraded:
      return "Degraded";
    case TargetState::kProgressing:
      return "Progressing";
    case TargetState::kSynced:
      return "Synced";
  }
  return "Unknown";
}

Presence PresenceOf(const AgentSeen& seen, const ContactLimits& limits, TimePoint now) {
  if (!seen.last) return Presence::kNever;
  const Millis silence = now - *seen.last;
  if (silence >= limits.unknown) return Presence::kUnknown;
  if (silence >= limits.stale) return Presence::kStale;
  if (seen.ended && now - *seen.ended >= limits.ended) return Presence::kStale;
  return Presence::kConnected;
}

TargetStatus RollUp(const TargetFacts& facts, const ContactLimits& limits, TimePoint now) {
  // What the hub itself could not do is known without the agent.
  const bool render_failed = !facts.render_problem.code.empty();
  switch (PresenceOf(facts.agent, limits, now)) {
    case Presence::kNever:
      if (render_failed) return {TargetState::kFailed, Text(facts.render_problem)};
      return {TargetState::kUnknown, "no agent of this cluster has connected yet"};
    case Presence::kUnknown:
      return {TargetState::kUnknown, Absence(facts.agent, now)};
    case Presence::kStale:
      return {TargetState::kStale, Absence(facts.agent, now)};
    case Presence::kConnected:
      break;
  }
  if (render_failed) return {TargetState::kFailed, Text(facts.render_problem)};
  if (!facts.rendered) return {TargetState::kOutOfSync, "not rendered yet"};
  if (!facts.report) {
    if (!facts.agent_problems.empty()) {
      return {TargetState::kFailed, "agent: " + Text(facts.agent_problems.front())};
    }
    return {TargetState::kOutOfSync, "the agent has not reported on it yet"};
  }
  return FromReport(facts);
}

TargetState Worst(const std::vector<TargetState>& states) {
  static constexpr std::array kOrder = {TargetState::kFailed,   TargetState::kOutOfSync,
                                        TargetState::kDegraded, TargetState::kUnknown,
                                        TargetState::kStale,    TargetState::kProgressing};
  for (const TargetState candidate : kOrder) {
    if (std::find(states.begin(), states.end(), candidate) != states.end()) return candidate;
  }
  return TargetState::kSynced;
}

}  // namespace dunlin::hub
