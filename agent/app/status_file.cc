#include "agent/app/status_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/object/json.h"
#include "protocol/store/files.h"
#include "protocol/wire/error.h"
#include "protocol/wire/json_fields.h"

namespace dunlin::app {

namespace {

constexpr size_t kLocksBytes = 16 * limits::kMiB;

object::Value ReportJson(const wire::Report& report) {
  auto value = object::ParseJson(wire::Encode(report));
  return value ? std::move(*value) : object::Value(nullptr);
}

// {} when there is none.
object::Object ProblemJson(const std::optional<Error>& problem) {
  if (!problem) return {};
  return {{"code", Name(problem->code)}, {"message", problem->message}};
}

std::string Short(const std::string& revision) { return revision.substr(0, 10); }

void AppendProblems(std::string& out, const std::string& owner,
                    const std::vector<wire::Problem>& problems) {
  for (const wire::Problem& problem : problems) {
    out += "  " + owner + (problem.object.empty() ? "" : " " + problem.object) + ": " +
           problem.message + "\n";
    if (!problem.hint.empty()) out += "    hint: " + problem.hint + "\n";
  }
}

std::string HubState(const StatusView& view) {
  if (!view.running || !view.has_report) return "";
  return view.last.hub_problem ? " (not reached: " + view.last.hub_problem->message + ")"
                               : std::string(" (connected)");
}

std::string Columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace

TaskVoid StatusKeeper::Keep(LocalStatus status) {
  const bool same = kept_ && kept_->report == status.report &&
                    kept_->kube_version == status.kube_version &&
                    ProblemJson(kept_->hub_problem) == ProblemJson(status.hub_problem);
  if (same) co_return Status();
  std::function<Status()> write = [path = path_, text = Encode(status)] {
    return WriteFileDurably(path, text, 0600);
  };
  CO_TRY_VOID(co_await net::RunOn<void>(pool_, std::move(write)));
  kept_ = std::move(status);
  co_return Status();
}

std::string StatusPath(const std::string& state_dir) { return state_dir + "/status.json"; }

Bytes Encode(const LocalStatus& status) {
  return object::CanonicalJson(object::Object{{"hub_problem", ProblemJson(status.hub_problem)},
                                              {"kube_version", status.kube_version},
                                              {"report", ReportJson(status.report)},
                                              {"time", FormatTime(status.time)}});
}

Result<LocalStatus> ParseLocalStatus(BytesView json) {
  TRY(const object::Object message,
      wire::ParseMessage(json, limits::kLocalStatusBytes, "status.json"));
  LocalStatus out;
  TRY(const std::string time, wire::NeedString(message, "time"));
  TRY(out.time, ParseTime(time));
  TRY(out.kube_version, wire::GetString(message, "kube_version"));
  TRY(const object::Object problem, wire::GetObject(message, "hub_problem"));
  if (!problem.empty()) {
    Error error;
    TRY(const std::string code, wire::GetString(problem, "code"));
    error.code = wire::ErrcOfName(code).value_or(Errc::kInternal);
    TRY(error.message, wire::GetString(problem, "message"));
    out.hub_problem = std::move(error);
  }
  TRY(const object::Object report, wire::GetObject(message, "report"));
  TRY(out.report, wire::ParseReport(object::CanonicalJson(report)));
  return out;
}

object::Value ToJson(const StatusView& view) {
  object::Object out{{"agent", view.identity.agent.str()},
                     {"certificateNotAfter", FormatTime(view.certificate_not_after)},
                     {"cluster", view.identity.cluster_name},
                     {"clusterId", view.identity.cluster.str()},
                     {"hub", view.identity.hub_url},
                     {"kubeUid", view.identity.kube_uid},
                     {"region", view.identity.region},
                     {"running", view.running}};
  if (view.has_report) {
    out["hubProblem"] = ProblemJson(view.last.hub_problem);
    out["kubeVersion"] = view.last.kube_version;
    out["report"] = ReportJson(view.last.report);
    out["reportTime"] = FormatTime(view.last.time);
  }
  return out;
}

std::string ToText(const StatusView& view) {
  const sync::Identity& identity = view.identity;
  std::vector<std::vector<std::string>> head = {
      {"cluster", identity.cluster_name + " (" + identity.region + ")"},
      {"hub", identity.hub_url + HubState(view)},
      {"agent", view.running ? "running" : "not running"},
      {"certificate", "until " + FormatTime(view.certificate_not_after)}};
  if (!view.has_report) return Columns(head) + "No report yet.\n";
  const wire::Report& report = view.last.report;
  head.push_back({"kubernetes", view.last.kube_version.empty() ? "-" : view.last.kube_version});
  head.push_back({"statement", std::to_string(report.seq)});
  head.push_back({"as of", FormatTime(view.last.time)});
  std::vector<std::vector<std::string>> rows = {
      {"APP", "STATE", "HEALTH", "REVISION", "OBJECTS", "CONFLICTS"}};
  std::string problems;
  AppendProblems(problems, "agent", report.problems);
  for (const wire::TargetReport& target : report.targets) {
    rows.push_back({target.app, target.state, target.health, Short(target.revision),
                    std::to_string(target.objects), std::to_string(target.conflicts)});
    AppendProblems(problems, target.app, target.problems);
    AppendProblems(problems, target.app, target.warnings);
  }
  std::string out = Columns(head) + "\n" + Columns(rows);
  if (!problems.empty()) out += "\nPROBLEMS\n" + problems;
  return out;
}

bool IsLocked(const std::string& lock_path) {
  struct stat info {};
  if (::stat(lock_path.c_str(), &info) != 0) return false;
  const auto locks = ReadFile("/proc/locks", kLocksBytes);
  if (!locks) return false;
  // "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF"
  const std::string inode = ":" + std::to_string(info.st_ino) + " 0 EOF";
  std::string_view rest = *locks;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find(" FLOCK ") != std::string_view::npos && line.ends_with(inode)) return true;
  }
  return false;
}

}  // namespace dunlin::app
