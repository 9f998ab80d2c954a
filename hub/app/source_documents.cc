// What is known of sources, and what came of a look at them, as documents.
#include <algorithm>
#include <map>
#include <set>

#include "hub/app/documents.h"

namespace dunlin::hub {

namespace {

constexpr size_t kNamedApps = 3;

using RefKey = std::pair<std::string, std::string>;  // (repository key, revision)

struct Row {
  Driver::SourceView source;
  std::set<std::string> apps;
  std::optional<wire::Problem> failed;  // the first of its targets that could not be rendered
};

// Whoever follows one reference shares its row: the catalogue and the apps.
std::map<RefKey, Row> RowsOf(const FleetView& view,
                             const std::vector<Driver::SourceView>& sources) {
  std::map<RefKey, Row> rows;
  for (const Driver::SourceView& source : sources) {
    const auto [row, fresh] =
        rows.try_emplace({source.repo_key, source.revision}, Row{source, {}, {}});
    if (fresh) continue;
    Driver::SourceView& shown = row->second.source;
    shown.fleet = shown.fleet || source.fleet;
    if (!shown.error) shown.error = source.error;
    if (shown.commit.empty()) shown.commit = source.commit;
  }
  for (const auto& [key, target] : view.pipeline.targets()) {
    if (target.spec == nullptr) continue;
    const auto row = rows.find({target.spec->repo_key, target.spec->revision});
    if (row == rows.end()) continue;
    row->second.apps.insert(key.first);
    if (target.memory.problem.code.empty() || row->second.failed) continue;
    row->second.failed = target.memory.problem;
    row->second.failed->object = "app " + key.first + " on " + target.cluster_name;
  }
  return rows;
}

std::string UsedBy(const Row& row) {
  std::string text = row.source.fleet ? "catalogue" : "";
  const auto add = [&text](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (row.apps.size() > kNamedApps) {
    add(std::to_string(row.apps.size()) + " apps");
  } else {
    for (const std::string& app : row.apps) add("app " + app);
  }
  return text;
}

object::Object RowDocument(const Row& row) {
  const Driver::SourceView& source = row.source;
  std::string state = source.commit.empty() ? "Unknown" : "Ready";
  if (source.error) state = "Failed";
  return {{"checked", source.checked.time_since_epoch().count()},
          {"code", source.error ? Name(source.error->code) : ""},
          {"commit", source.commit.str()},
          {"fleet", source.fleet},
          {"reason", source.error ? source.error->message : ""},
          {"ref", source.revision},
          {"repo", source.repo},
          {"state", state},
          {"used_by", UsedBy(row)}};
}

}  // namespace

object::Object SourcesDocument(const FleetView& view,
                               const std::vector<Driver::SourceView>& sources) {
  object::Array items;
  for (const auto& [ref, row] : RowsOf(view, sources)) items.push_back(RowDocument(row));
  return {{"items", items}, {"time", view.now.time_since_epoch().count()}};
}

object::Object RefreshDocument(const FleetView& view,
                               const std::vector<Driver::SourceView>& sources,
                               const std::string& repo_key) {
  object::Array items;
  int64_t refreshed = 0;
  for (const auto& [ref, row] : RowsOf(view, sources)) {
    if (!repo_key.empty() && ref.first != repo_key) continue;
    object::Object document = RowDocument(row);
    // Git has answered; what came of it is part of the outcome, too.
    if (!row.source.error && row.failed) {
      document["code"] = row.failed->code;
      document["reason"] = row.failed->object + ": " + row.failed->message;
      document["hint"] = row.failed->hint;
    }
    const bool failed = row.source.error || row.failed;
    document["result"] = failed ? "failed" : "refreshed";
    if (!failed) ++refreshed;
    items.push_back(std::move(document));
  }
  return {
      {"items", items}, {"refreshed", refreshed}, {"time", view.now.time_since_epoch().count()}};
}

object::Array SyncFailures(const FleetView& view, const std::vector<Driver::SourceView>& sources,
                           const std::string& app) {
  std::vector<wire::Problem> failures;
  const auto add = [&failures](wire::Problem problem) {
    if (std::find(failures.begin(), failures.end(), problem) == failures.end()) {
      failures.push_back(std::move(problem));
    }
  };
  for (const Driver::SourceView& source : sources) {
    if (!source.fleet || !source.error) continue;
    add({"the fleet repository", std::string(Name(source.error->code)), source.error->message,
         "the last good catalogue is in force; dunlin source list shows what it waits for"});
  }
  for (const auto& [key, target] : view.pipeline.targets()) {
    if (key.first != app) continue;
    if (auto problem = view.pipeline.LookProblem(target)) {
      problem->object = target.spec->repo;
      add(std::move(*problem));
    } else if (!target.memory.problem.code.empty()) {
      wire::Problem failed = target.memory.problem;
      failed.object = "cluster " + target.cluster_name;
      add(std::move(failed));
    }
  }
  object::Array out;
  for (const wire::Problem& problem : failures) out.push_back(ProblemDocument(problem));
  return out;
}

std::vector<wire::Problem> SourceProblems(const Pipeline& pipeline) {
  std::map<std::pair<std::string, std::string>, std::pair<wire::Problem, int>> by_ref;
  for (const auto& [key, target] : pipeline.targets()) {
    const auto problem = pipeline.SourceProblem(target);
    if (!problem) continue;
    auto& [shown, targets] = by_ref[{target.spec->repo_key, target.spec->revision}];
    shown = *problem;
    ++targets;
  }
  std::vector<wire::Problem> out;
  for (auto& [ref, entry] : by_ref) {
    entry.first.message += "; " + std::to_string(entry.second) + " target(s) wait for it";
    out.push_back(std::move(entry.first));
  }
  return out;
}

}  // namespace dunlin::hub
