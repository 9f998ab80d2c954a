// Which report is sent when. One is under way at a time, oldest first; it stays in the outbox until
// the hub took it. What changes meanwhile is coalesced: at most one report a second while things
// move, at once when a run has ended (the hub's "Synced" must not wait).
#pragma once

#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/sync/world.h"
#include "protocol/base/backoff.h"
#include "protocol/wire/report.h"

namespace dunlin::sync {

class ReportLane {
 public:
  enum class State { kIdle, kSending, kPausing };

  explicit ReportLane(World& world) : world_(world) {}

  static bool Takes(const Event& event);
  void Resume(const Event& event, TimePoint now, Out& out);
  // What a former life of the agent could not deliver.
  void Load(std::vector<wire::Report> outbox);
  // kSoon: within a second. kNow: a run has ended, the hub waits for it. kRest: and no other run is
  // open, so that this is the result of the statement: it is kept even while another report is on
  // its way.
  enum class Urgency { kSoon, kNow, kRest };
  void Notice(Urgency urgency);
  // Whether a report may be made now.
  bool Due(TimePoint now) const;
  // The report as it would be now (no id, no time); dropped when it says nothing new.
  void Offer(wire::Report report, TimePoint now);
  void Advance(Out& out);
  // The earliest time after `now` at which Due() may turn true by itself.
  std::optional<TimePoint> Wake(TimePoint now) const;
  size_t outbox() const { return outbox_.size(); }

 private:
  struct Waiting {
    wire::Report report;
    bool stored = false;
  };
  struct Row;
  static const Row kTable[];
  State OnSent(const Event& event);
  State OnFailed(const Event& event);
  State OnTick(const Event& event);

  World& world_;
  State state_ = State::kIdle;
  std::deque<Waiting> outbox_;
  std::optional<wire::Report> last_;
  bool moved_ = true;  // the first report says who is there
  Urgency urgency_ = Urgency::kNow;
  TimePoint not_before_{};
  Backoff backoff_;
  TimePoint due_{};
  TimePoint now_{};
  Out* out_ = nullptr;
};

std::string_view Name(ReportLane::State state);

}  // namespace dunlin::sync
