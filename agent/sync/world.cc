#include "agent/sync/world.h"

#include <cstdio>
#include <cstdlib>

#include "protocol/base/bytes.h"
#include "protocol/trust/verify.h"

namespace dunlin::sync {

uint64_t Jitter::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::string Jitter::Uuid() {
  Bytes raw;
  for (const uint64_t half : {Next(), Next()}) {
    for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<char>(half >> shift));
  }
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);  // RFC 9562: version 4
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);  // and its variant
  const std::string hex = HexEncode(raw);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

void World::Raise(std::string code, std::string message, std::string hint) {
  wire::Problem problem;
  problem.code = code;
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  wire::Problem& slot = problems[std::move(code)];
  if (slot == problem) return;
  slot = std::move(problem);
  problems_moved = true;
}

void World::Clear(const std::string& code) {
  if (problems.erase(code) > 0) problems_moved = true;
}

bool World::StatementComplete() const {
  if (!statement || !behind.empty()) return false;
  for (const auto& [app, entry] : statement->apps) {
    if (!bundles.contains(entry.bundle)) return false;
  }
  return true;
}

int64_t World::SeqOf(const std::string& app) const {
  const auto held = behind.find(AppName(app));
  return held != behind.end() && held->second.runs ? held->second.seq : statement->seq;
}

bool World::MayPrune(TimePoint now) const {
  return statement && !trust::HeadIsStale(trusted, now) && statement->seq > reset_seq;
}

void NoTransition(std::string_view lane, std::string_view state, const Event& event) {
  const std::string_view name = Name(event);
  std::fprintf(stderr, "agent/sync: the %.*s lane has no transition for %.*s in state %.*s\n",
               static_cast<int>(lane.size()), lane.data(), static_cast<int>(name.size()),
               name.data(), static_cast<int>(state.size()), state.data());
  std::abort();
}

}  // namespace dunlin::sync
