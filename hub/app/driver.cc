#include "hub/app/driver.h"

#include <algorithm>
#include <iterator>

#include "hub/app/garbage.h"
#include "hub/app/records.h"
#include "hub/app/render_job.h"
#include "hub/catalog/repo_url.h"

namespace dunlin::hub {

namespace {

constexpr size_t kRounds = 8;  // repositories looked at side by side
constexpr Millis kTick{1000};  // head renewal, retries of a failed publish
constexpr std::chrono::hours kCollectEvery{24};
constexpr Millis kRenderLimit{600'000};  // a sandbox has its own, shorter limit
constexpr int kDeltaLooks = 3;

std::string KeyOf(const std::string& repo) {
  const auto url = catalog::ParseRepoUrl(repo);
  return url ? catalog::RepoKey(*url) : repo;
}

// What a cancelled await says is no finding about the repository.
Error Stopping() { return MakeError(Errc::kCancelled, "the hub is stopping"); }

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

Driver::Driver(Parts parts, Config config, asio::any_io_executor executor, Log log)
    : parts_(parts),
      config_(std::move(config)),
      fleet_key_(config_.fleet_repo.empty() ? "" : KeyOf(config_.fleet_repo)),
      executor_(executor),
      log_(std::move(log)),
      schedule_(config_.poll),
      tasks_(executor),
      wake_(executor),
      round_done_(executor) {}

TaskVoid Driver::Run() {
  FollowAll();
  FindLost();
  while (!stopping_) {
    for (const std::string& repo : parts_.pipeline.TakeTriggers()) {
      (void)schedule_.Trigger(repo, parts_.clock.Monotonic());
    }
    CollectUnused();
    StartRounds();
    RenewHead();
    if (publish_error_ && parts_.clock.Monotonic() >= publish_again_) (void)Publish();
    TouchWhenChanged();
    Millis wait = kTick;
    if (const auto next = schedule_.NextDue(); next && running_ < static_cast<int>(kRounds)) {
      wait = std::clamp(*next - parts_.clock.Monotonic(), Millis(0), kTick);
    }
    auto woken = co_await wake_.Wait(wait);
    if (!woken && woken.error().code == Errc::kCancelled) break;
  }
  // Rounds refer to this object: they end before it does.
  while (running_ > 0) {
    auto waited = co_await round_done_.Wait(kTick);
    if (!waited && waited.error().code == Errc::kCancelled) break;
  }
  co_return Status();
}

void Driver::Stop() {
  stopping_ = true;
  tasks_.Cancel();
  wake_.Notify();
}

void Driver::FollowAll() {
  std::map<std::string, Millis> repos;
  for (const auto& [key, repo] : parts_.pipeline.Followed()) {
    const auto source = parts_.catalogue.catalogue().SourceFor(key);
    repos[key] = source == nullptr ? Millis(0) : source->poll;
  }
  if (!fleet_key_.empty()) repos.try_emplace(fleet_key_, Millis(0));
  schedule_.Follow(repos, parts_.clock.Monotonic());
  notes_.Follow(repos);
}

void Driver::CatalogueChanged() {
  parts_.pipeline.SetCatalogue(parts_.catalogue.catalogue(), parts_.catalogue.ClusterIds());
  FollowAll();
  parts_.model.Touch();
  wake_.Notify();
}

void Driver::NoteFacts(const ClusterId& cluster, const wire::Facts& facts) {
  parts_.pipeline.SetFacts(cluster, facts);
  wake_.Notify();
}

void Driver::Enrolled(const ClusterId& cluster) {
  parts_.pipeline.Enroll(cluster);
  (void)Publish();
}

void Driver::Recover(const ClusterId& cluster, std::string seen) {
  restored_[cluster] = std::move(seen);
  if (!parts_.pipeline.Recover(cluster, fleet_key_)) return;
  log_.Warn("database_is_old", {{"cluster", NameOf(cluster)}, {"seen", restored_[cluster]}});
  TouchWhenChanged();
  wake_.Notify();
}

void Driver::Recovered(const ClusterId& cluster) {
  if (restored_.erase(cluster) == 0) return;
  (void)parts_.pipeline.Recovered(cluster);
  log_.Info("cluster_recovered", {{"cluster", NameOf(cluster)}});
  TouchWhenChanged();
  (void)Publish();  // what was held back, if the agent came back to what the database knows
}

std::string Driver::NameOf(const ClusterId& cluster) const {
  const ClusterRecord* record = parts_.model.FindCluster(cluster);
  return record == nullptr ? cluster.str() : record->name;
}

void Driver::StartRounds() {
  const size_t free = kRounds - static_cast<size_t>(running_);
  for (const std::string& repo : schedule_.TakeDue(parts_.clock.Monotonic(), free)) {
    ++running_;
    ++rounds_[repo].started;
    auto done = [this, repo](const Status& status) { EndRound(repo, status); };
    tasks_.Spawn(Round(repo), done);
  }
}

void Driver::EndRound(const std::string& repo_key, const Status& status) {
  if (!status && !stopping_) log_.Warn("round_failed", status.error(), {{"repo", repo_key}});
  --running_;
  RoundState& round = rounds_[repo_key];
  round.done = round.started;
  round.checked = parts_.clock.Now();
  schedule_.Done(repo_key, round.look, parts_.clock.Monotonic(), parts_.random.Next());
  TouchWhenChanged();
  round_done_.Notify();
  wake_.Notify();
}

git::Repository Driver::RepositoryOf(const std::string& repo_key) const {
  git::Repository repository;
  const auto followed = parts_.pipeline.Followed();
  const auto repo = followed.find(repo_key);
  repository.url = repo != followed.end() ? repo->second.repo : config_.fleet_repo;
  if (const auto source = parts_.catalogue.catalogue().SourceFor(repo_key)) {
    repository.url = source->repo;
    repository.username = source->username;
    repository.password_file = source->password_file;
    repository.ssh_key_file = source->ssh_key_file;
    repository.known_hosts_file = source->known_hosts_file;
    repository.ca_file = source->ca_file;
  }
  return repository;
}

Task<git::FetchResult> Driver::Fetch(git::Repository repository,
                                     std::vector<std::string> revisions) {
  const Millis start = parts_.clock.Monotonic();
  auto fetch = parts_.git.Fetch(std::move(repository), std::move(revisions));
  auto result = co_await net::WithTimeout(std::move(fetch), config_.git_limit, "git fetch");
  const Millis took = parts_.clock.Monotonic() - start;
  const MetricLabels labels = {{"result", result ? "success" : "failure"}};
  parts_.metrics.Observe("dunlin_git_fetch_duration_seconds", double(took.count()) / 1000, labels);
  co_return result;
}

TaskVoid Driver::Round(std::string repo_key) {
  parts_.pipeline.LookBegins(repo_key);
  auto looked = co_await FetchAndLoad(repo_key);
  if (stopping_) co_return Stopping();
  rounds_[repo_key].look = LookOf(looked);
  notes_.Log(log_, repo_key, looked, parts_.clock.Monotonic());
  if (!looked) {
    parts_.pipeline.OnFetchFailed(repo_key, looked.error());
    if (repo_key == fleet_key_) fleet_fetch_error_ = looked.error();
  } else if (repo_key == fleet_key_ && !fleet_fetch_error_ && !fleet_error_) {
    parts_.pipeline.CatalogueRead(repo_key);
  }
  // Also after a failed fetch: commits that were fetched before can be rendered for new targets.
  while (auto task = parts_.pipeline.NextTask(repo_key)) {
    auto done = co_await DoTask(std::move(*task));
    if (!done) co_return done;
  }
  co_return co_await PublishWithDeltas();
}

// Until every revision that is followed now was looked at: the catalogue that comes with the fleet
// repository may name others of the same repository.
TaskVoid Driver::FetchAndLoad(std::string repo_key) {
  std::set<std::string> seen;
  while (true) {
    std::set<std::string> wanted;
    const auto followed = parts_.pipeline.Followed();
    if (const auto repo = followed.find(repo_key); repo != followed.end()) {
      wanted = repo->second.revisions;
    }
    if (repo_key == fleet_key_) wanted.insert(config_.fleet_revision);
    std::vector<std::string> revisions;
    std::set_difference(wanted.begin(), wanted.end(), seen.begin(), seen.end(),
                        std::back_inserter(revisions));
    if (revisions.empty()) co_return Status();
    seen.insert(revisions.begin(), revisions.end());
    const TimePoint noticed = parts_.clock.Now();
    CO_TRY(const git::FetchResult fetched,
           co_await Fetch(RepositoryOf(repo_key), std::move(revisions)));
    TakeFetched(repo_key, fetched, noticed);
    if (repo_key != fleet_key_) continue;
    auto taken = co_await TakeFleet(fetched);
    if (!taken) fleet_error_ = taken.error();
  }
}

TaskVoid Driver::TakeFleet(const git::FetchResult& fetched) {
  for (const git::ResolvedRevision& revision : fetched.revisions) {
    if (revision.name != config_.fleet_revision) continue;
    fleet_fetch_error_ = revision.error;
    const bool news = revision.commit.str() != fleet_commit_ || fleet_error_;
    if (revision.error || !news) continue;
    CO_TRY_VOID(co_await LoadFleet(revision.commit));
    fleet_error_.reset();
  }
  co_return Status();
}

void Driver::TakeFetched(const std::string& repo_key, const git::FetchResult& fetched,
                         TimePoint noticed) {
  const TimePoint now = parts_.clock.Now();
  std::vector<ResolvedRef> refs;
  std::vector<SourceRecord> moved;
  for (const git::ResolvedRevision& revision : fetched.revisions) {
    ResolvedRef ref;
    ref.revision = revision.name;
    if (revision.error) {
      ref.commit = *revision.error;
    } else {
      ref.commit = revision.commit;
      const Pipeline::Ref* known = parts_.pipeline.FindRef(repo_key, revision.name);
      if (known == nullptr || known->commit != revision.commit) {
        moved.push_back({repo_key, revision.name, revision.commit.str(), now});
        log_.Info(
            "resolved",
            {{"repo", repo_key}, {"revision", revision.name}, {"commit", revision.commit.str()}});
      }
    }
    refs.push_back(std::move(ref));
  }
  parts_.pipeline.OnFetched(repo_key, refs, noticed, now);
  for (const SourceRecord& source : moved) {
    const Status stored = parts_.model.state().PutSource(source);
    if (!stored) log_.Warn("store_failed", stored.error(), {{"repo", repo_key}});
  }
}

Task<git::Tree> Driver::ReadTree(std::string repo_key, RevisionId commit, bool with_bytes) {
  git::ReadOptions options;
  options.with_bytes = with_bytes;
  auto read = parts_.git.ReadTree(RepositoryOf(repo_key), std::move(commit), std::move(options));
  auto tree = co_await net::WithTimeout(std::move(read), config_.git_limit, "git read");
  co_return tree;
}

TaskVoid Driver::LoadFleet(RevisionId commit) {
  git::ReadOptions options;
  if (!config_.fleet_path.empty()) options.paths = {config_.fleet_path};
  auto read = parts_.git.ReadTree(RepositoryOf(fleet_key_), commit, std::move(options));
  CO_TRY(git::Tree tree, co_await net::WithTimeout(std::move(read), config_.git_limit, "git read"));
  std::vector<catalog::Document> documents;
  // An emptied or missing path is the catalogue's to judge: it removes nothing.
  if (!tree.entries.empty()) {
    auto request = CatalogRequest(TreeFiles(tree), config_.fleet_path);
    auto render = parts_.renderer.Render(std::move(request));
    CO_TRY(render::RenderAnswer answer,
           co_await net::WithTimeout(std::move(render), kRenderLimit, "reading the catalogue"));
    CO_TRY(documents, CatalogDocuments(std::move(answer)));
  }
  CO_TRY(const catalog::Catalogue::Change change,
         parts_.catalogue.ReplaceFleet(std::move(documents)));
  fleet_commit_ = commit.str();
  log_.Info("catalogue", {{"commit", commit.str()},
                          {"created", change.created.size()},
                          {"configured", change.configured.size()},
                          {"removed", change.removed.size()},
                          {"problems", parts_.catalogue.catalogue().problems().size()}});
  CatalogueChanged();
  co_return Status();
}

TaskVoid Driver::DoTask(CommitTask task) {
  RoundState& round = rounds_[task.repo_key];
  // Small trees come with their bytes at once: one child process instead of two.
  const bool with_bytes = round.tree_bytes > 0 && round.tree_bytes <= kSmallTreeBytes;
  auto tree = co_await ReadTree(task.repo_key, task.commit, with_bytes);
  if (stopping_) co_return Stopping();
  if (!tree) {
    parts_.pipeline.OnTaskFailed(task, Stage::kTree, tree.error());
    co_return Status();
  }
  round.tree_bytes = TreeBytes(*tree);
  auto index = std::make_shared<const TreeIndex>(IndexOf(*tree));
  const TaskPlan plan = parts_.pipeline.PlanTask(task, *index);
  if (plan.plan.jobs.empty()) {
    parts_.pipeline.OnRendered(task, plan, {}, parts_.clock.Now());
    co_return Status();
  }
  if (!with_bytes) {
    tree = co_await ReadTree(task.repo_key, task.commit, true);
    if (stopping_) co_return Stopping();
    if (!tree) {
      parts_.pipeline.OnTaskFailed(task, Stage::kTree, tree.error());
      co_return Status();
    }
  }
  auto rendered = co_await RenderTask(task, plan, *tree, std::move(index));
  if (stopping_) co_return Stopping();
  if (!rendered) parts_.pipeline.OnTaskFailed(task, Stage::kRender, rendered.error());
  co_return Status();
}

TaskVoid Driver::RenderTask(const CommitTask& task, const TaskPlan& plan, const git::Tree& tree,
                            std::shared_ptr<const TreeIndex> index) {
  const Millis start = parts_.clock.Monotonic();
  auto render = parts_.renderer.Render(JobRequest(TreeFiles(tree), plan));
  CO_TRY(render::RenderAnswer answer,
         co_await net::WithTimeout(std::move(render), kRenderLimit, "render"));
  if (answer.targets.size() != plan.plan.jobs.size()) {
    co_return MakeError(Errc::kInternal, "the renderer answered another number of targets");
  }
  for (const render::TargetAnswer& target : answer.targets) {
    const Millis took = parts_.clock.Monotonic() - start;
    const MetricLabels labels = {{"engine", target.kind.empty() ? "none" : target.kind}};
    parts_.metrics.Observe("dunlin_render_duration_seconds", double(took.count()) / 1000, labels);
  }
  std::function<Result<std::vector<JobResult>>()> seal =
      SealAll(plan.specs, std::move(answer), std::move(index), parts_.bundles);
  CO_TRY(const std::vector<JobResult> results, co_await net::RunOn(parts_.pool, std::move(seal)));
  parts_.pipeline.OnRendered(task, plan, results, parts_.clock.Now());
  EndRollbacks();
  const auto failed = std::count_if(results.begin(), results.end(),
                                    [](const JobResult& result) { return !result.sealed; });
  log_.Info("rendered", {{"repo", task.repo_key},
                         {"commit", task.commit.str()},
                         {"targets", task.members.size()},
                         {"renders", results.size()},
                         {"failed", failed},
                         {"ms", (parts_.clock.Monotonic() - start).count()}});
  co_return Status();
}

std::vector<ClusterContent> Driver::ContentsOf(const Publication& publication) const {
  std::vector<ClusterContent> contents;
  for (const auto& [id, apps] : publication.contents) {
    const ClusterRecord* cluster = parts_.model.FindCluster(id);
    // Before its agent has enrolled the cluster has no Kubernetes UID to bind a statement to.
    if (cluster == nullptr || cluster->kube_uid.empty()) continue;
    const bool restored = publication.restored.contains(id);
    const auto confirmed = publication.confirmed.find(id);
    contents.push_back(
        {id, cluster->kube_uid, cluster->channel, apps, restored,
         confirmed == publication.confirmed.end() ? std::set<AppName>() : confirmed->second});
  }
  return contents;
}

TaskVoid Driver::PublishWithDeltas() {
  // Another round may have brought more meanwhile; what is not ready then travels whole.
  for (int look = 0; look < kDeltaLooks && !stopping_; ++look) {
    auto wanted = parts_.publisher.MissingDeltas(ContentsOf(parts_.pipeline.Collect()));
    if (wanted.empty()) break;
    auto work = DeltaWork(parts_.bundles, std::move(wanted));
    auto made = co_await net::RunOn(parts_.pool, std::move(work));
    if (!made) {
      log_.Warn("deltas_failed", made.error());
      break;
    }
    parts_.publisher.TakeDeltas(std::move(*made));
  }
  co_return Publish();
}

Status Driver::Publish() {
  const Publication publication = parts_.pipeline.Collect();
  if (publication.empty()) return {};
  const TimePoint now = parts_.clock.Now();
  PublishRecord record = ToRecord(publication, parts_.pipeline.targets(), parts_.model, now);
  const std::vector<ClusterContent> contents = ContentsOf(publication);
  const Millis start = parts_.clock.Monotonic();
  auto published = parts_.publisher.Publish(contents, record);
  if (!published) {
    publish_error_ = published.error();
    publish_again_ = parts_.clock.Monotonic() + publish_backoff_.Next(parts_.random.Next());
    log_.Warn("publish_failed", published.error());
    TouchWhenChanged();
    return published.error();
  }
  publish_error_.reset();
  publish_backoff_.Reset();
  parts_.pipeline.Published(publication, parts_.clock.Now());
  parts_.model.TakePublished(record);
  if (published->head_number != 0) {
    parts_.metrics.Add("dunlin_publish_total");
    log_.Info("published", {{"head", published->head_number},
                            {"clusters", published->changed.size()},
                            {"ms", (parts_.clock.Monotonic() - start).count()}});
  }
  return {};
}

// A status that is watched is sent again only when it shows something else: what is published or
// reported touches the model by itself, what changes with time or lives here does not.
void Driver::TouchWhenChanged() {
  const TimePoint now = parts_.clock.Now();
  size_t silent = 0;
  for (const auto& [id, cluster] : parts_.model.clusters()) {
    const Contact* contact = parts_.model.FindContact(id);
    if (contact == nullptr || contact->held_polls > 0) continue;
    if (now - contact->last_seen >= ContactLimits().stale) ++silent;
    if (now - contact->last_seen >= ContactLimits().unknown) ++silent;
  }
  std::vector<wire::Problem> problems = Problems();
  if (silent == silent_clusters_ && problems == shown_problems_) return;
  silent_clusters_ = silent;
  shown_problems_ = std::move(problems);
  parts_.model.Touch();
}

void Driver::RenewHead() {
  const int64_t before = parts_.publisher.HeadNumber();
  const Status renewed = parts_.publisher.RenewHead();
  if (!renewed) {
    log_.Warn("renewal_failed", renewed.error());
  } else if (parts_.publisher.HeadNumber() != before) {
    log_.Info("head_renewed", {{"head", parts_.publisher.HeadNumber()}});
    parts_.gate.NotifyAll();
  }
}

// At start and daily, between rounds: a bundle that was just rendered is named by nothing yet.
void Driver::CollectUnused() {
  const Millis now = parts_.clock.Monotonic();
  if (running_ > 0 || now < collect_at_) return;
  collect_at_ = now + kCollectEvery;
  const auto removed =
      CollectGarbage(parts_.model.state(), parts_.bundles, parts_.pipeline.targets());
  if (!removed) {
    log_.Warn("collect_failed", removed.error());
  } else if (*removed > 0) {
    log_.Info("bundles_removed", {{"count", *removed}});
  }
}

Task<int64_t> Driver::Refresh(std::string repo_key, Millis limit) {
  const Millis until = parts_.clock.Monotonic() + limit;
  std::vector<std::string> repos(1, repo_key);
  if (!repo_key.empty()) {
    auto looked = co_await RefreshThese(std::move(repos), until);
    co_return looked;
  }
  // The fleet repository first: it says what else there is to look at.
  int64_t count = 0;
  if (!fleet_key_.empty()) {
    repos.front() = fleet_key_;
    CO_TRY(count, co_await RefreshThese(std::move(repos), until));
  }
  std::set<std::string> others;
  for (const auto& [key, repo] : parts_.pipeline.Followed()) others.insert(key);
  others.erase(fleet_key_);
  std::vector<std::string> rest(others.begin(), others.end());
  CO_TRY(const int64_t looked, co_await RefreshThese(std::move(rest), until));
  co_return count + looked;
}

Task<int64_t> Driver::RefreshThese(std::vector<std::string> repos, Millis until) {
  std::map<std::string, int64_t> rounds;
  for (const std::string& repo : repos) {
    if (!schedule_.Trigger(repo, parts_.clock.Monotonic())) {
      co_return MakeError(Errc::kNotFound, "no app and no fleet repository follows " + repo);
    }
    // A round that is under way may have looked before this moment: the next one counts.
    rounds[repo] = rounds_[repo].started + 1;
  }
  wake_.Notify();
  const auto open = [&] {
    return std::any_of(rounds.begin(), rounds.end(), [&](const auto& wanted) {
      return rounds_[wanted.first].done < wanted.second;
    });
  };
  while (open()) {
    const Millis left = until - parts_.clock.Monotonic();
    if (left <= Millis(0) || stopping_) {
      co_return MakeError(Errc::kTimeout,
                          "the repository did not answer in time; the hub goes on trying");
    }
    auto waited = co_await round_done_.Wait(left);
    if (!waited && waited.error().code == Errc::kCancelled) co_return waited.error();
  }
  co_return static_cast<int64_t>(rounds.size());
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
