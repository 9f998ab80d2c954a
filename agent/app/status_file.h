// status.json in the state directory: what a running agent last said, for `dunlin-agent status`,
// which must not touch the database of a running agent.
#pragma once

#include <optional>
#include <string>

#include "agent/sync/identity.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/net/runtime.h"
#include "protocol/object/value.h"
#include "protocol/wire/report.h"

namespace dunlin::app {

struct LocalStatus {
  TimePoint time{};
  std::string kube_version;
  std::optional<Error> hub_problem;  // of the last poll
  wire::Report report;
};

// Writes status.json when something in it moved. A write that failed is tried again at the next
// call. REQUIRES: one call at a time; the pool outlives them.
class StatusKeeper {
 public:
  StatusKeeper(std::string path, asio::thread_pool& pool) : path_(std::move(path)), pool_(pool) {}
  TaskVoid Keep(LocalStatus status);

 private:
  std::string path_;
  asio::thread_pool& pool_;
  std::optional<LocalStatus> kept_;
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
