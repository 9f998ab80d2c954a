// status.json in the state directory: what a running agent last said, for `dunlin-agent status`,
// which must not touch the database of a running agent.
#pragma once

#include <optional>
#include <string>

#include "agent/sync/identity.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/object/value.h"
#include "protocol/wire/report.h"

namespace dunlin::app {

struct LocalStatus {
  TimePoint time{};
  std::string kube_version;
  std::optional<Error> hub_problem;  // of the last poll
  wire::Report report;
};

std::string StatusPath(const std::string& state_dir);
Bytes Encode(const LocalStatus& status);
Result<LocalStatus> ParseLocalStatus(BytesView json);

// What `status` shows: identity, certificate, whether an agent runs, and its last report when there
// is one.
struct StatusView {
  sync::Identity identity;
  TimePoint certificate_not_after{};
  bool running = false;
  bool has_report = false;
  LocalStatus last;
};
object::Value ToJson(const StatusView& view);
std::string ToText(const StatusView& view);

// Whether a process holds the lock of the directory's database, without asking for the lock: a
// moment of holding it would refuse an agent that is just starting. Reads /proc/locks.
bool IsLocked(const std::string& lock_path);

}  // namespace dunlin::app
