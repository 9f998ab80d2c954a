// POST /v1/report: the state of every target of one cluster. Idempotent by (cluster, report id): an
// agent keeps a report in its outbox until the hub answered 204 and sends it again after a crash.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace dunlin::wire {

// One problem, for people: cause and hint are filled whenever they are known.
struct Problem {
  std::string object;  // "Deployment.apps shop/cart", or empty for the whole target
  std::string code;    // Errc name, or a stable word such as "prune_guard"
  std::string message;
  std::string hint;
  bool operator==(const Problem&) const = default;
};

struct Counts {
  int64_t created = 0, configured = 0, unchanged = 0, deleted = 0, skipped = 0, failed = 0;
  bool operator==(const Counts&) const = default;
};

struct TargetReport {
  std::string app;
  std::string state;   // Synced, OutOfSync, Progressing, Degraded, Failed (design: words)
  std::string health;  // Current, InProgress, Failed, Terminating, Suspended, Missing, Unknown
  int64_t seq = 0;     // of the statement it reports on
  std::string bundle;  // hex digest
  std::string revision;
  int64_t objects = 0;
  Counts counts;  // of the last run that did something
  int64_t conflicts = 0;
  int64_t drift_repaired = 0;                   // since the agent's start
  std::vector<Problem> problems;                // at most limits::kReportErrors
  std::vector<Problem> warnings;                // prune refused, hooks skipped …; same cap
  TimePoint received{}, verified{}, applied{};  // of `seq`, by the agent's clock
  bool operator==(const TargetReport&) const = default;
};

struct Report {
  std::string id;  // UUID
  int64_t epoch = 0, number = 0, seq = 0;
  std::string agent_version;
  std::vector<Problem> problems;  // of the agent itself: refused head, apiserver away, disk full …
  std::vector<TargetReport> targets;
  TimePoint time{};
  bool operator==(const Report&) const = default;
};

// Fewer problems of each target where the whole would be larger than limits::kReportBytes: the hub
// refuses such a report, and would go on showing an older state.
Bytes Encode(const Report& report);
Result<Report> ParseReport(
    BytesView json);  // <= limits::kReportBytes; unknown fields are ignored (N-1)

}  // namespace dunlin::wire
