// What the app lane says in the agent's log: how a run ended that did something, and what keeps it
// from its end, when that is news.
#include <utility>

#include "agent/sync/app_lane.h"

namespace dunlin::sync {

namespace {

std::string Text(const wire::Problem& problem) {
  return problem.object.empty() ? problem.message : problem.object + ": " + problem.message;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

// Of a run that a newer plan replaced: the end that is told is that of the newer one.
void AppRun::Untold::Add(const wire::Counts& counts) {
  created += counts.created;
  configured += counts.configured;
  pruned += counts.deleted;
  released += counts.skipped;
}

void AppRun::Untold::AddName(const object::ResourceKey& key) {
  if (names.size() < kNames) names.push_back(key.Text());
}

void AppLane::TellEnd(AppRun& app) {
  std::string failure;
  std::string held = app.prune_refused;
  int64_t failed = 0;
  for (const auto& [key, trouble] : app.troubles) {
    if (trouble.failed && failed++ == 0) failure = Text(trouble.problem);
    if (!trouble.failed && held.empty()) held = Text(trouble.problem);
  }
  AppRun::Untold did = std::exchange(app.untold, {});
  did.Add(app.counts);
  if (did.Wrote() || failure != app.told_failure) {
    LogFields fields = {{"app", app.name}};
    const auto entry = world_.statement->apps.find(AppName(app.name));
    if (entry != world_.statement->apps.end()) {
      fields.emplace_back("revision", entry->second.revision.str());
    }
    fields.insert(fields.end(), {{"created", did.created},
                                 {"configured", did.configured},
                                 {"pruned", did.pruned},
                                 {"released", did.released},
                                 {"failed", failed}});
    if (!did.names.empty()) fields.emplace_back("pruned_first", Joined(did.names));
    if (!failure.empty()) fields.emplace_back("error", failure);
    out_->Tell(
        {failed > 0 ? LogLevel::kWarn : LogLevel::kInfo, "app_run_ended", std::move(fields)});
    app.told_failure = std::move(failure);
  }
  if (held == app.told_held) return;
  if (held.empty()) {
    out_->Tell({LogLevel::kInfo, "prune_held_over", {{"app", app.name}}});
  } else {
    out_->Tell({LogLevel::kWarn, "prune_held", {{"app", app.name}, {"reason", held}}});
  }
  app.told_held = std::move(held);
}

}  // namespace dunlin::sync
