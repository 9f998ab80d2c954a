#include "hub/pipeline/schedule.h"

#include <algorithm>

namespace dunlin::hub {

namespace {

Millis Jittered(Millis interval, uint64_t random) {
  const int64_t span = interval.count() * 2 / 5;  // 40 % wide: ±20 %
  if (span == 0) return interval;
  return interval - Millis(span / 2) + Millis(static_cast<int64_t>(random % uint64_t(span + 1)));
}

}  // namespace

void SourceSchedule::Follow(const std::map<std::string, Millis>& repositories, Millis now) {
  std::erase_if(entries_, [&](const auto& entry) { return !repositories.contains(entry.first); });
  for (const auto& [repository, poll] : repositories) {
    const auto [entry, fresh] = entries_.try_emplace(repository);
    if (fresh) entry->second.due = now;
    entry->second.poll = poll == Millis(0) ? default_poll_ : poll;
  }
}

bool SourceSchedule::Trigger(const std::string& repository, Millis now) {
  const auto entry = entries_.find(repository);
  if (entry == entries_.end()) return false;
  if (entry->second.running) {
    entry->second.again = true;
  } else {
    entry->second.due = now;
  }
  return true;
}

std::vector<std::string> SourceSchedule::TakeDue(Millis now, size_t most) {
  std::vector<std::pair<Millis, std::string>> waiting;
  for (const auto& [repository, entry] : entries_) {
    if (!entry.running && entry.due <= now) waiting.emplace_back(entry.due, repository);
  }
  std::sort(waiting.begin(), waiting.end());
  if (waiting.size() > most) waiting.resize(most);
  std::vector<std::string> due;
  for (auto& [since, repository] : waiting) {
    Entry& entry = entries_.at(repository);
    entry.running = true;
    entry.again = false;
    due.push_back(std::move(repository));
  }
  return due;
}

void SourceSchedule::Done(const std::string& repository, bool reached, Millis now,
                          uint64_t random) {
  const auto found = entries_.find(repository);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.running = false;
  if (reached) {
    entry.backoff.Reset();
    entry.due = now + Jittered(entry.poll, random);
  } else {
    // Never slower than the poll itself: an outage must not delay the first change after it more
    // than an ordinary poll does.
    entry.due = now + std::min(entry.backoff.Next(random), Jittered(entry.poll, random));
  }
  if (entry.again) entry.due = now;
}

std::optional<Millis> SourceSchedule::NextDue() const {
  std::optional<Millis> next;
  for (const auto& [repository, entry] : entries_) {
    if (!entry.running && (!next || entry.due < *next)) next = entry.due;
  }
  return next;
}

}  // namespace dunlin::hub
