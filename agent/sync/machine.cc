#include "agent/sync/machine.h"

#include "agent/sync/target_report.h"

namespace dunlin::sync {

Step SyncMachine::Resume(const Event& event, TimePoint now) {
  Out out;
  if (HubLane::Takes(event) && hub_.Resume(event, now, out)) apps_.OnStatement();
  if (const auto* state = std::get_if<StateLoaded>(&event)) {
    loaded_ = true;
    reports_.Load(state->state.outbox);
    cluster_.Rediscover(now, out);
  }
  if (ClusterLane::Takes(event)) cluster_.Resume(event, now, out);
  if (AppLane::Takes(event)) apps_.Resume(event, now, out);
  if (ReportLane::Takes(event)) reports_.Resume(event, now, out);
  if (!loaded_) return out.Take();

  CheckHead(now);
  apps_.Advance(now, out);
  const AppLane::News news = apps_.TakeNews();
  using Urgency = ReportLane::Urgency;
  if (news.moved) reports_.Notice(Urgency::kSoon);
  if (news.ended || world_.problems_moved) reports_.Notice(Urgency::kNow);
  if (news.at_rest) reports_.Notice(Urgency::kRest);
  if (world_.problems_moved) TellProblems(out);
  world_.problems_moved = false;
  if (reports_.Due(now) && (world_.statement || !world_.problems.empty())) {
    reports_.Offer(MakeReport(world_, apps_.desired(), apps_.runs()), now);
  }
  reports_.Advance(out);
  for (const auto& wake : {hub_.Wake(), cluster_.Wake(), apps_.Wake(), reports_.Wake(now)}) {
    out.WakeAt(wake);
  }
  return out.Take();
}

// An expired head blocks advancing and removing, never enforcing.
void SyncMachine::CheckHead(TimePoint now) {
  if (!world_.statement) return;
  if (!trust::HeadIsStale(world_.trusted, now)) {
    world_.Clear("head_expired");
    return;
  }
  world_.Raise("head_expired", "the hub's last signed state is out of its time",
               "the cluster keeps enforcing it and removes nothing; check that the hub is up and "
               "that both clocks are right");
}

void SyncMachine::TellProblems(Out& out) {
  for (const auto& [code, problem] : told_) {
    if (!world_.problems.contains(code)) {
      out.Tell({LogLevel::kInfo, "problem_over", {{"problem", code}}});
    }
  }
  for (const auto& [code, problem] : world_.problems) {
    const auto told = told_.find(code);
    if (told != told_.end() && told->second == problem) continue;
    LogFields fields = {{"problem", code}, {"message", problem.message}};
    if (!problem.hint.empty()) fields.emplace_back("hint", problem.hint);
    out.Tell({LogLevel::kWarn, "problem", std::move(fields)});
  }
  told_ = world_.problems;
}

wire::Report SyncMachine::Report(TimePoint now) const {
  wire::Report report = MakeReport(world_, apps_.desired(), apps_.runs());
  report.time = now;
  return report;
}

}  // namespace dunlin::sync
