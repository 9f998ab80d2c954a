// Performs what the pipeline decides: looks at repositories when they are due, reads trees,
// renders, seals and stores bundles, publishes, and wakes the held polls. It makes no decision of
// its own. One look at a repository is a round; rounds of different repositories run side by side.
// REQUIRES: one thread (the io thread); everything it refers to outlives it.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "hub/app/fleet_catalogue.h"
#include "hub/app/model.h"
#include "hub/app/poll_gate.h"
#include "hub/git/git.h"
#include "hub/pipeline/pipeline.h"
#include "hub/pipeline/schedule.h"
#include "hub/publish/publisher.h"
#include "hub/render/renderer.h"
#include "protocol/base/log.h"
#include "protocol/base/metrics.h"
#include "protocol/base/told.h"

namespace dunlin::hub {

class Driver {
 public:
  struct Parts {
    git::Git& git;
    render::Renderer& renderer;
    BundleStore& bundles;
    Publisher& publisher;
    FleetModel& model;
    FleetCatalogue& catalogue;
    Pipeline& pipeline;
    PollGate& gate;
    asio::thread_pool& pool;
    Clock& clock;
    Random& random;
    dunlin::Metrics& metrics;
  };
  struct Config {
    std::string fleet_repo;  // empty: no fleet repository
    std::string fleet_revision = "HEAD";
    std::string fleet_path;
    Millis poll{60'000};
    Millis git_limit{130'000};  // above the deadline of the git worker itself
  };
  // What is known of one followed reference.
  struct SourceView {
    std::string repo_key, repo, revision;
    RevisionId commit;
    std::optional<Error> error;
    TimePoint checked{};
    bool fleet = false;
  };

  Driver(Parts parts, Config config, asio::any_io_executor executor, Log log);

  // Runs until Stop, which cancels the rounds that are under way (their children are killed) and
  // leaves no trace of them: the next start looks again.
  TaskVoid Run();
  void Stop();

  // The catalogue in force has changed: new targets, new sources.
  void CatalogueChanged();
  void NoteFacts(const ClusterId& cluster, const wire::Facts& facts);
  // The cluster needs a statement although its content did not change: it has just enrolled.
  void Enrolled(const ClusterId& cluster);
  // Its agent holds what this database does not know (`seen`, in words): everything is looked at
  // again before the cluster gets anything. Then, that the agent has taken what it got.
  void Recover(const ClusterId& cluster, std::string seen);
  void Recovered(const ClusterId& cluster);
  // The files of these bundles are gone or damaged: their apps are rendered again.
  void Lost(const std::set<BundleDigest>& bundles);
  // Looks, on the pool, whether the file of the bundle is sound; if not, the bundle is lost.
  void Check(const BundleDigest& bundle);
  // Publishes what has changed; bundles whose deltas are not ready travel whole. A failure keeps
  // everything for the next try and is shown.
  Status Publish();
  // The same after the deltas of it were made, on the pool.
  TaskVoid PublishWithDeltas();

  // Looks now and returns when that look is done. `repo_key` empty: all. The number of
  // repositories. kNotFound: not followed; kTimeout.
  Task<int64_t> Refresh(std::string repo_key, Millis limit);
  // The repositories that an app needs, the fleet repository first.
  std::vector<std::string> ReposOf(const std::string& app) const;

  std::vector<SourceView> Sources() const;
  // Problems of the hub itself and of the fleet repository, for the status.
  std::vector<wire::Problem> Problems() const;

 private:
  struct RoundState {
    int64_t started = 0;
    int64_t done = 0;
    TimePoint checked{};
    uint64_t tree_bytes = 0;  // of the last tree; 0: not known
    Look look = Look::kReached;
  };

  void FollowAll();
  std::string NameOf(const ClusterId& cluster) const;
  void StartRounds();
  TaskVoid Round(std::string repo_key);
  void EndRound(const std::string& repo_key, const Status& status);
  git::Repository RepositoryOf(const std::string& repo_key) const;
  Task<git::FetchResult> Fetch(git::Repository repository, std::vector<std::string> revisions);
  TaskVoid FetchAndLoad(std::string repo_key);
  TaskVoid TakeFleet(const git::FetchResult& fetched);
  Task<int64_t> RefreshThese(std::vector<std::string> repos, Millis until);
  void TouchWhenChanged();
  void TakeFetched(const std::string& repo_key, const git::FetchResult& fetched, TimePoint noticed);
  TaskVoid LoadFleet(RevisionId commit);
  TaskVoid DoTask(CommitTask task);
  TaskVoid RenderTask(const CommitTask& task, const TaskPlan& plan, const git::Tree& tree,
                      std::shared_ptr<const TreeIndex> index);
  Task<git::Tree> ReadTree(std::string repo_key, RevisionId commit, bool with_bytes);
  void TellFailure(const std::string& event, const std::string& about, const Error& error,
                   LogFields fields);
  void TellFetch(const std::string& repo_key, const Status& looked);
  void TellCatalogue();
  void TellRenders(const CommitTask& task, const TaskPlan& plan,
                   const std::vector<JobResult>& results);
  Status EndRollbacks();
  Status PublishChanges();
  void FindLost();
  TaskVoid CheckFile(BundleDigest bundle);
  void RenewHead();
  void CollectUnused();
  std::vector<ClusterContent> ContentsOf(const Publication& publication) const;

  Parts parts_;
  Config config_;
  std::string fleet_key_;  // empty: no fleet repository
  asio::any_io_executor executor_;
  Log log_;
  SourceSchedule schedule_;
  std::map<std::string, RoundState> rounds_;
  net::TaskGroup tasks_;  // one for each round and each check
  int running_ = 0;
  int checks_ = 0;  // of files, under way
  bool stopping_ = false;
  net::Event wake_;
  net::Event round_done_;
  std::map<ClusterId, std::string> restored_;  // what was seen of an older copy
  std::optional<Error> publish_error_;
  Millis publish_again_{0};
  Millis collect_at_{0};  // monotonic
  Backoff publish_backoff_;
  std::string fleet_commit_;  // the last one whose catalogue was taken
  std::optional<Error> fleet_error_;
  std::optional<Error> fleet_fetch_error_;
  std::vector<wire::Problem> shown_problems_;
  Told told_;
  std::vector<Presence> shown_presence_;  // of all clusters, in the model's order
};

}  // namespace dunlin::hub
