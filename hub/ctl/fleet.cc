// `dunlin fleet status`, `-w`, and `dunlin fleet wait`.
#include <chrono>
#include <cstdio>

#include "hub/ctl/commands.h"
#include "hub/ctl/rows.h"
#include "protocol/base/time.h"
#include "protocol/object/json.h"

namespace dunlin::ctl {

namespace {

constexpr int kWaitSeconds = 25;  // below the admin server's own hold limit of 30 s

Answer<object::Value> NextStatus(Session& session, int64_t seen_version) {
  const std::string path = "/api/v1/status?after=" + std::to_string(seen_version) +
                           "&seconds=" + std::to_string(kWaitSeconds);
  return session.hub.Get(path, Seconds(kWaitSeconds + 10));
}

void PrintTable(const object::Value& status) {
  std::fputs(RenderTable(TargetColumns(), Items(status, "targets")).c_str(), stdout);
  const object::Value* summary = object::Find(status, {"summary"});
  if (summary == nullptr) return;
  std::printf("\n%lld of %lld targets Synced on %lld clusters (%lld connected)\n",
              static_cast<long long>(Number(*summary, "synced")),
              static_cast<long long>(Number(*summary, "targets")),
              static_cast<long long>(Number(*summary, "clusters")),
              static_cast<long long>(Number(*summary, "connected")));
  for (const object::Value& problem : Items(status, "problems")) {
    std::printf("\nhub: %s\n", std::string(object::FindString(problem, {"message"})).c_str());
    const std::string_view hint = object::FindString(problem, {"hint"});
    if (!hint.empty()) std::printf("  hint: %s\n", std::string(hint).c_str());
  }
}

bool AllSynced(const object::Value& status) {
  const object::Value* summary = object::Find(status, {"summary"});
  return summary != nullptr && Number(*summary, "targets") > 0 &&
         Number(*summary, "synced") == Number(*summary, "targets");
}

void PrintStatus(const Session& session, const object::Value& status, bool watch) {
  if (session.format == Format::kTable) {
    if (watch) std::fputs("\n", stdout);
    PrintTable(status);
  } else if (watch && session.format == Format::kYaml) {
    std::fputs(("---\n" + RenderDocument(status, session.format)).c_str(), stdout);
  } else {
    std::fputs(RenderDocument(status, session.format).c_str(), stdout);
  }
  std::fflush(stdout);
}

}  // namespace

int FleetStatus(Session& session, bool watch) {
  auto status = session.hub.Get("/api/v1/status");
  while (true) {
    if (!status) return PrintFailure(status.error(), session.format);
    PrintStatus(session, *status, watch);
    if (!watch) return 0;
    const int64_t version = Number(*status, "version");
    do {
      status = NextStatus(session, version);
    } while (status && Number(*status, "version") == version);
  }
}

int FleetWait(Session& session, Millis limit) {
  const SystemClock clock;
  const Millis deadline = clock.Monotonic() + limit;
  auto status = session.hub.Get("/api/v1/status");
  while (true) {
    if (!status) return PrintFailure(status.error(), session.format);
    if (AllSynced(*status)) {
      PrintStatus(session, *status, false);
      return 0;
    }
    const Millis left = deadline - clock.Monotonic();
    if (left <= Millis(0)) {
      PrintStatus(session, *status, false);
      Failure failure;
      failure.code = Errc::kTimeout;
      failure.body = {std::string(Name(failure.code)), "not every target is Synced", "",
                      "the REASON column says why; `dunlin app get NAME` shows the details"};
      return PrintFailure(failure, Format::kTable);
    }
    const auto seconds = std::min<int64_t>(kWaitSeconds, left.count() / 1000 + 1);
    status = session.hub.Get("/api/v1/status?after=" + std::to_string(Number(*status, "version")) +
                                 "&seconds=" + std::to_string(seconds),
                             Seconds(seconds + 10));
  }
}

}  // namespace dunlin::ctl
