#include "protocol/base/told.h"

namespace dunlin {

std::optional<Told::Note> Told::News(const std::string& about, const Error& reason, Millis now) {
  const auto [entry, begins] = troubles_.try_emplace(about);
  Trouble& trouble = entry->second;
  if (begins) trouble.since = now;
  ++trouble.times;
  const bool same = trouble.reason.code == reason.code && trouble.reason.message == reason.message;
  if (!begins && same && now - trouble.said < kReminder) return std::nullopt;
  trouble.reason = reason;
  trouble.said = now;
  return Note{trouble.times, now - trouble.since};
}

std::optional<Told::Note> Told::Over(const std::string& about, Millis now) {
  const auto trouble = troubles_.find(about);
  if (trouble == troubles_.end()) return std::nullopt;
  const Note note{trouble->second.times, now - trouble->second.since};
  troubles_.erase(trouble);
  return note;
}

void Told::ForgetExcept(const std::string& prefix, const std::set<std::string>& still) {
  std::erase_if(troubles_, [&](const auto& item) {
    return item.first.starts_with(prefix) && !still.contains(item.first);
  });
}

}  // namespace dunlin
