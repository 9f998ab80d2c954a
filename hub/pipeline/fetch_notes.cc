#include "hub/pipeline/fetch_notes.h"

namespace dunlin::hub {

std::optional<FetchNotes::Note> FetchNotes::Failed(const std::string& repository,
                                                   const Error& error, Millis now) {
  const auto [entry, begins] = failures_.try_emplace(repository);
  Failure& failure = entry->second;
  if (begins) failure.since = now;
  ++failure.looks;
  const bool same = failure.reason.code == error.code && failure.reason.message == error.message;
  if (!begins && same && now - failure.said < kReminder) return std::nullopt;
  failure.reason = error;
  failure.said = now;
  return Note{failure.looks, now - failure.since};
}

std::optional<FetchNotes::Note> FetchNotes::Reached(const std::string& repository, Millis now) {
  const auto failure = failures_.find(repository);
  if (failure == failures_.end()) return std::nullopt;
  const Note note{failure->second.looks, now - failure->second.since};
  failures_.erase(failure);
  return note;
}

void FetchNotes::Log(const dunlin::Log& log, const std::string& repository, const Status& looked,
                     Millis now) {
  const auto note = looked ? Reached(repository, now) : Failed(repository, looked.error(), now);
  if (!note) return;
  const LogFields fields = {
      {"repo", repository}, {"looks", note->looks}, {"lasted_s", note->lasted.count() / 1000}};
  if (looked) {
    log.Info("fetch_recovered", fields);
  } else {
    log.Warn("fetch_failed", looked.error(), fields);
  }
}

void FetchNotes::Follow(const std::map<std::string, Millis>& repositories) {
  std::erase_if(failures_, [&](const auto& entry) { return !repositories.contains(entry.first); });
}

}  // namespace dunlin::hub
