// `dunlin fleet status`, `-w`, and `dunlin fleet wait`.
#include <chrono>
#include <cstdio>

#include "hub/ctl/commands.h"
#include "hub/ctl/rows.h"
#include "protocol/base/time.h"

namespace dunlin::ctl {

namespace {

constexpr int kWaitSeconds = 25;  // below the admin server's own hold limit of 30 s

Answer<object::Value> NextStatus(Session& session, int64_t seen_version) {
  const std::string path = "/api/v1/status?after=" + std::to_string(seen_version) +
                           "&seconds=" + std::to_string(kWaitSeconds);
  return session.hub.Get(path, Seconds(kWaitSeconds + 10));
}

void PrintTable(const object::Value& status, size_t width) {
  std::fputs(RenderTable(TargetColumns(), Items(status, "targets"), width).c_str(), stdout);
  const object::Value* summary = object::Find(status, {"summary"});
  if (summary == nullptr) return;
  std::printf("\n%lld of %lld targets Synced on %lld clusters (%lld connected)\n",
              static_cast<long long>(Number(*summary, "synced")),
              static_cast<long long>(Number(*summary, "targets")),
              static_cast<long long>(Number(*summary, "clusters")),
              static_cast<long long>(Number(*summary, "connected")));
  for (const object::Value& problem : Items(status, "problems")) {
    const std::string object(object::FindString(problem, {"object"}));
    std::string message(object::FindString(problem, {"message"}));
    // Most messages name what they are about.
    if (!object.empty() && message.find(object) == std::string::npos) {
      message = object + ": " + message;
    }
    std::printf("\nhub: %s\n", message.c_str());
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
    PrintTable(status, session.width);
  } else if (watch && session.format == Format::kYaml) {
    std::fputs(("---\n" + cli::DocumentText(status, session.format)).c_str(), stdout);
  } else {
    std::fputs(cli::DocumentText(status, session.format).c_str(), stdout);
  }
}

// What a wait that ran out of time ends with: how many, and which ones with their reasons.
Failure NotSynced(const object::Value& status, Millis limit) {
  constexpr size_t kShown = 3;
  size_t waiting = 0;
  std::string cause;
  for (const object::Value& target : Items(status, "targets")) {
    const std::string state(object::FindString(target, {"state"}));
    if (state == "Synced") continue;
    if (++waiting > kShown) continue;
    const std::string reason(object::FindString(target, {"reason"}));
    cause += (cause.empty() ? "" : "\n") + std::string(object::FindString(target, {"app"})) +
             " on " + std::string(object::FindString(target, {"cluster"})) + " is " + state +
             (reason.empty() ? "" : ": " + reason);
  }
  if (waiting > kShown) cause += "\nand " + std::to_string(waiting - kShown) + " more";
  const object::Value* summary = object::Find(status, {"summary"});
  const int64_t targets = summary == nullptr ? 0 : Number(*summary, "targets");
  const int64_t synced = summary == nullptr ? 0 : Number(*summary, "synced");
  Failure failure;
  failure.code = Errc::kTimeout;
  failure.body.code = Name(failure.code);
  failure.body.message = std::to_string(targets - synced) + " of " + std::to_string(targets) +
                         " targets are not Synced after " + std::to_string(limit.count() / 1000) +
                         " s";
  if (targets == 0) cause = "no app has a target: no App matches a cluster";
  failure.body.cause = std::move(cause);
  failure.body.hint = "`dunlin app get NAME` shows the details; --timeout SECONDS waits longer";
  return failure;
}

}  // namespace

int FleetStatus(Session& session, bool watch) {
  auto status = session.hub.Get("/api/v1/status");
  while (true) {
    if (!status) {
      if (watch && session.format == Format::kYaml) std::fputs("---\n", stdout);
      return PrintFailure(status.error(), session.format);
    }
    PrintStatus(session, *status, watch);
    // The end of main() says why a write failed.
    if (!watch || std::fflush(stdout) != 0) return 0;
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
      // A program gets one document: the error, which names what is left.
      if (session.format == Format::kTable) PrintStatus(session, *status, false);
      return PrintFailure(NotSynced(*status, limit), session.format);
    }
    const auto seconds = std::min<int64_t>(kWaitSeconds, left.count() / 1000 + 1);
    status = session.hub.Get("/api/v1/status?after=" + std::to_string(Number(*status, "version")) +
                                 "&seconds=" + std::to_string(seconds),
                             Seconds(seconds + 10));
  }
}

}  // namespace dunlin::ctl
