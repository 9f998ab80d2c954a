#include "hub/pipeline/schedule.h"

#include <algorithm>

namespace dunlin::hub {

namespace {

// A server that is asked with a wrong key every 30 s may lock the hub out, and whoever corrects the
// Source has `dunlin source refresh`.
constexpr int kRefusedPolls = 10;
constexpr Millis kRefusedCap{300'000};

// Doubles from one poll to the next, up to ten polls or five minutes; a slower poll stays as it is.
Millis AfterRefusals(Millis poll, int refusals) {
  const Millis cap = std::max(poll, std::min(kRefusedPolls * poll, kRefusedCap));
  Millis wait = poll;
  for (int i = 1; i < refusals && wait < cap; ++i) wait *= 2;
  return std::min(wait, cap);
}

Millis Jittered(Millis interval, uint64_t random) {
  const int64_t span = interval.count() * 2 / 5;  // 40 % wide: ±20 %
  if (span == 0) return interval;
  return interval - Millis(span / 2) + Millis(static_cast<int64_t>(random % uint64_t(span + 1)));
}

}  // namespace

Look LookOf(const Status& looked) {
  if (looked) return Look::kReached;
  return IsRetryable(looked.error().code) ? Look::kAway : Look::kRefused;
}

void SourceSchedule::Follow(const std::map<std::string, Millis>& repositories, Millis now) {
  std::erase_if(entries_, [&](const auto& entry) { return !repositories.contains(entry.first); });
  for (const auto& [repository, poll] : repositories) {
    const auto [entry, fresh] = entries_.try_emplace(repository);
    if (fresh) entry->second.due = now;
    if (entry->second.refusals > 0) (void)Trigger(repository, now);
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

void SourceSchedule::Done(const std::string& repository, Look look, Millis now, uint64_t random) {
  const auto found = entries_.find(repository);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.running = false;
  entry.refusals = look == Look::kRefused ? entry.refusals + 1 : 0;
  if (look != Look::kAway) entry.backoff.Reset();
  switch (look) {
    case Look::kReached:
      entry.due = now + Jittered(entry.poll, random);
      break;
    case Look::kAway:
      // Never slower than the poll itself: an outage must not delay the first change after it more
      // than an ordinary poll does.
      entry.due = now + std::min(entry.backoff.Next(random), Jittered(entry.poll, random));
      break;
    case Look::kRefused:
      entry.due = now + Jittered(AfterRefusals(entry.poll, entry.refusals), random);
      break;
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
