// What the status shows of the driver: followed sources and the hub's own problems.
#include <algorithm>

#include "hub/app/documents.h"
#include "hub/app/driver.h"

namespace dunlin::hub {

namespace {

wire::Problem HubProblem(const std::string& what, const Error& error, std::string hint) {
  return {"", std::string(Name(error.code)), what + ": " + error.message, std::move(hint)};
}

wire::Problem RestoredProblem(const std::string& cluster, const std::string& seen,
                              const std::string& waits_for) {
  wire::Problem problem{"Cluster " + cluster, "database_is_old",
                        "the hub's database is older than what cluster " + cluster +
                            " runs (a restored backup?): " + seen,
                        ""};
  if (waits_for.empty()) {
    problem.message += "; what Git says now is published, its agent has not taken it yet";
    problem.hint = "nothing to do; the agent takes it with its next poll";
    return problem;
  }
  problem.message += "; nothing is published for it, waiting for " + waits_for;
  problem.hint =
      "the cluster keeps what it runs meanwhile; apply again what was applied from the command "
      "line since the backup was made";
  return problem;
}

}  // namespace

// A status that is watched is sent again only when it shows something else: what is published or
// reported touches the model by itself, what changes with time or lives here does not.
void Driver::TouchWhenChanged() {
  const TimePoint now = parts_.clock.Now();
  std::vector<Presence> presence;
  for (const auto& [id, cluster] : parts_.model.clusters()) {
    presence.push_back(PresenceOf(SeenOf(parts_.model.FindContact(id), now), {}, now));
  }
  std::vector<wire::Problem> problems = Problems();
  if (presence == shown_presence_ && problems == shown_problems_) return;
  shown_presence_ = std::move(presence);
  shown_problems_ = std::move(problems);
  parts_.model.Touch();
}

std::vector<std::string> Driver::ReposOf(const std::string& app) const {
  std::vector<std::string> repos;
  if (!fleet_key_.empty()) repos.push_back(fleet_key_);
  for (const auto& [key, target] : parts_.pipeline.targets()) {
    if (key.first != app || target.spec == nullptr) continue;
    if (std::find(repos.begin(), repos.end(), target.spec->repo_key) == repos.end()) {
      repos.push_back(target.spec->repo_key);
    }
  }
  return repos;
}

std::vector<Driver::SourceView> Driver::Sources() const {
  std::vector<SourceView> out;
  const auto checked = [&](const std::string& key) {
    const auto round = rounds_.find(key);
    return round == rounds_.end() ? TimePoint() : round->second.checked;
  };
  if (!fleet_key_.empty()) {
    SourceView fleet{fleet_key_,
                     config_.fleet_repo,
                     config_.fleet_revision,
                     RevisionId(fleet_commit_),
                     fleet_fetch_error_,
                     checked(fleet_key_),
                     true};
    if (!fleet.error) fleet.error = fleet_error_;
    out.push_back(std::move(fleet));
  }
  for (const auto& [key, repo] : parts_.pipeline.Followed()) {
    for (const std::string& revision : repo.revisions) {
      SourceView view{key, repo.repo, revision, RevisionId(), std::nullopt, checked(key), false};
      if (const Pipeline::Ref* ref = parts_.pipeline.FindRef(key, revision)) {
        view.commit = ref->commit;
        view.error = ref->error;
      }
      out.push_back(std::move(view));
    }
  }
  return out;
}

std::vector<wire::Problem> Driver::Problems() const {
  std::vector<wire::Problem> out;
  if (publish_error_) {
    out.push_back(HubProblem("cannot publish; agents keep what they have", *publish_error_,
                             "check the hub's disk and state directory; it tries again by itself"));
  }
  if (fleet_fetch_error_) {
    out.push_back(HubProblem(
        "cannot follow the fleet repository; the last good catalogue stays", *fleet_fetch_error_,
        IsRetryable(fleet_fetch_error_->code)
            ? "the hub tries again by itself; `dunlin source refresh` tries now"
            : "check catalog.repo and catalog.revision"));
  }
  if (fleet_error_) {
    out.push_back(HubProblem("cannot read the catalogue; the last good one stays", *fleet_error_,
                             "check catalog.path in the hub's configuration"));
  }
  for (const auto& [cluster, waits_for] : parts_.pipeline.Recovering()) {
    out.push_back(RestoredProblem(NameOf(cluster), restored_.at(cluster), waits_for));
  }
  return out;
}

}  // namespace dunlin::hub
