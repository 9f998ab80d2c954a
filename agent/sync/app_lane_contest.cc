// The app lane's manners towards others who write our objects (contest.h).
#include "agent/sync/app_lane.h"

namespace dunlin::sync {

namespace {

void Earlier(TimePoint& due, TimePoint time) {
  if (due == TimePoint{} || time < due) due = time;
}

LogFields FieldsOf(const AppRun& app, const object::ResourceKey& key, const Contest& contest) {
  return {{"app", app.name}, {"object", key.Text()}, {"repairs", contest.repairs()}};
}

}  // namespace

// False: it waits its time, and is looked at again then.
bool AppLane::MaySetBack(AppRun& app, const object::ResourceKey& key) {
  const auto found = app.contests.find(key);
  if (found == app.contests.end()) return true;
  Contest& contest = found->second;
  const bool contested = contest.contested();
  const bool waiting = contest.waiting();
  const bool may = contest.MayRepair(now_);
  if (!contested && contest.contested()) {
    LogFields fields = FieldsOf(app, key, contest);
    fields.emplace_back("hint", kContestedHint);
    out_->Tell({LogLevel::kWarn, "contested", std::move(fields)});
  }
  if (waiting != contest.waiting()) news_.moved = true;
  Earlier(app.contests_due, contest.Next());
  return may;
}

void AppLane::SetBack(AppRun& app, const object::ResourceKey& key) {
  Contest& contest = app.contests[key];
  contest.Repaired(now_);
  Earlier(app.contests_due, contest.Next());
}

void AppLane::FoundRight(AppRun& app, const object::ResourceKey& key) {
  const auto found = app.contests.find(key);
  if (found == app.contests.end() || !found->second.waiting()) return;
  found->second.FoundRight();
  news_.moved = true;
  Earlier(app.contests_due, found->second.Next());
}

void AppLane::WatchContests() {
  for (auto& [name, app] : runs_) {
    if (app.contests_due == TimePoint{} || app.contests_due > now_) continue;
    app.contests_due = {};
    for (auto it = app.contests.begin(); it != app.contests.end();) {
      const auto& [key, contest] = *it;
      if (contest.Over(now_)) {
        Forget(app, key, contest);
        it = app.contests.erase(it);
        continue;
      }
      const bool due = contest.waiting() && contest.Next() <= now_;
      if (due && !Busy(key)) app.repairs.try_emplace(key);
      // A newer plan may have taken it off the list again.
      Earlier(app.contests_due, due ? now_ + Contest::kFirstPause : contest.Next());
      ++it;
    }
  }
}

void AppLane::Forget(const AppRun& app, const object::ResourceKey& key, const Contest& contest) {
  if (!contest.contested()) return;
  out_->Tell({LogLevel::kInfo, "contest_over", FieldsOf(app, key, contest)});
  news_.moved = true;
}

// Another bundle of the app: perhaps just what ends it.
void AppLane::ForgetContests(AppRun& app) {
  for (const auto& [key, contest] : app.contests) Forget(app, key, contest);
  app.contests.clear();
  app.contests_due = {};
}

}  // namespace dunlin::sync
