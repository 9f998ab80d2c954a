#include "agent/sync/report_lane.h"

#include <algorithm>

#include "protocol/base/limits.h"

namespace dunlin::sync {

namespace {

constexpr Millis kReportPause{1000};

// The same report, sent again unchanged, will be refused again.
bool IsFinal(Errc code) {
  return code == Errc::kInvalidArgument || code == Errc::kLimit || code == Errc::kUnsupported ||
         code == Errc::kCorrupt;
}

}  // namespace

struct ReportLane::Row {
  State from;
  size_t on;
  State (ReportLane::*act)(const Event&);
};

// clang-format off
const ReportLane::Row ReportLane::kTable[] = {
    {State::kIdle,    EventIndex<Tick>(),         &ReportLane::OnTick},
    {State::kSending, EventIndex<ReportSent>(),   &ReportLane::OnSent},
    {State::kSending, EventIndex<ReportFailed>(), &ReportLane::OnFailed},
    {State::kSending, EventIndex<Tick>(),         &ReportLane::OnTick},
    {State::kPausing, EventIndex<Tick>(),         &ReportLane::OnTick},
};
// clang-format on

std::string_view Name(ReportLane::State state) {
  switch (state) {
    case ReportLane::State::kIdle:
      return "idle";
    case ReportLane::State::kSending:
      return "sending";
    case ReportLane::State::kPausing:
      return "pausing";
  }
  return "idle";
}

bool ReportLane::Takes(const Event& event) {
  return std::any_of(std::begin(kTable), std::end(kTable),
                     [&](const Row& row) { return row.on == event.index(); });
}

void ReportLane::Resume(const Event& event, TimePoint now, Out& out) {
  now_ = now;
  out_ = &out;
  const auto row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Row& one) {
    return one.from == state_ && one.on == event.index();
  });
  if (row == std::end(kTable)) NoTransition("report", Name(state_), event);
  state_ = (this->*row->act)(event);
  out_ = nullptr;
}

void ReportLane::Load(std::vector<wire::Report> outbox) {
  for (wire::Report& report : outbox) outbox_.push_back({std::move(report), true});
}

void ReportLane::Notice(Urgency urgency) {
  moved_ = true;
  urgency_ = std::max(urgency_, urgency);
}

bool ReportLane::Due(TimePoint now) const {
  if (!moved_) return false;
  if (urgency_ == Urgency::kRest) return outbox_.size() < limits::kWaitingReports;
  return outbox_.empty() && (urgency_ == Urgency::kNow || now >= not_before_);
}

void ReportLane::Offer(wire::Report report, TimePoint now) {
  moved_ = false;
  urgency_ = Urgency::kSoon;
  not_before_ = now + kReportPause;
  if (last_ && *last_ == report) return;
  last_ = report;
  report.id = world_.jitter.Uuid();
  report.time = now;
  // One that nobody has seen yet and that speaks of the same state is overtaken.
  const size_t under_way = state_ == State::kSending ? 1 : 0;
  if (outbox_.size() > under_way && !outbox_.back().stored &&
      outbox_.back().report.seq == report.seq) {
    outbox_.pop_back();
  }
  outbox_.push_back({std::move(report), false});
}

void ReportLane::Advance(Out& out) {
  if (state_ != State::kIdle || outbox_.empty()) return;
  Waiting& next = outbox_.front();
  out.Do(SendReport{next.report, next.stored});
  next.stored = true;
  state_ = State::kSending;
}

std::optional<TimePoint> ReportLane::Wake(TimePoint now) const {
  if (state_ == State::kPausing) return due_;
  if (moved_ && outbox_.empty() && not_before_ > now) return not_before_;
  return std::nullopt;
}

ReportLane::State ReportLane::OnSent(const Event& event) {
  if (outbox_.front().report.id != std::get<ReportSent>(event).id) {
    NoTransition("report", "sending another", event);
  }
  outbox_.pop_front();
  backoff_.Reset();
  world_.Clear("report_refused");
  return State::kIdle;
}

ReportLane::State ReportLane::OnFailed(const Event& event) {
  const ReportFailed& failed = std::get<ReportFailed>(event);
  if (outbox_.front().report.id != failed.id) NoTransition("report", "sending another", event);
  if (IsFinal(failed.error.code)) {
    world_.Raise("report_refused", "the hub does not take a report: " + failed.error.message,
                 "hub and agent may be too far apart in version: update the older one");
    out_->Do(DropReport{failed.id});
    outbox_.pop_front();
    return State::kIdle;
  }
  due_ = now_ + backoff_.Next(world_.jitter.Next());
  return State::kPausing;
}

ReportLane::State ReportLane::OnTick(const Event&) {
  if (state_ == State::kPausing && now_ >= due_) return State::kIdle;
  return state_;
}

}  // namespace dunlin::sync
