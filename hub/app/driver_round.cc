// One look at a repository: fetch, catalogue, trees, renders.
#include <algorithm>
#include <iterator>
#include <utility>

#include "hub/app/driver.h"
#include "hub/app/render_job.h"
#include "hub/app/repository.h"

namespace dunlin::hub {

namespace {

constexpr Millis kRenderLimit{600'000};  // a sandbox has its own, shorter limit

// What a cancelled await says is no finding about the repository.
Error Stopping() { return MakeError(Errc::kCancelled, "the hub is stopping"); }

}  // namespace

git::Repository Driver::RepositoryOf(const std::string& repo_key) const {
  const auto followed = parts_.pipeline.Followed();
  const auto repo = followed.find(repo_key);
  const std::string& url = repo != followed.end() ? repo->second.repo : config_.fleet_repo;
  return hub::RepositoryOf(url, parts_.catalogue.catalogue());
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
  const Look before = std::exchange(rounds_[repo_key].look, LookOf(looked));
  TellFetch(repo_key, looked);
  if (looked && before != Look::kReached) FindLost();  // what could not be rendered again till now
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
    if (taken) {
      (void)told_.Over("catalogue", parts_.clock.Monotonic());
      continue;
    }
    fleet_error_ = taken.error();
    TellFailure("catalogue_unreadable", "catalogue", taken.error(),
                {{"repo", repo_key}, {"path", config_.fleet_path}});
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
      TellFailure("revision_unknown", "revision " + repo_key + " " + revision.name, *revision.error,
                  {{"repo", repo_key}, {"revision", revision.name}});
    } else {
      ref.commit = revision.commit;
      (void)told_.Over("revision " + repo_key + " " + revision.name, parts_.clock.Monotonic());
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
  TellCatalogue();
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
    TellFailure("tree_unreadable", "render " + task.repo_key, tree.error(),
                {{"repo", task.repo_key}, {"commit", task.commit.str()}});
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
  if (!rendered) {
    TellFailure("render_failed", "render " + task.repo_key, rendered.error(),
                {{"repo", task.repo_key}, {"commit", task.commit.str()}});
    parts_.pipeline.OnTaskFailed(task, Stage::kRender, rendered.error());
  }
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
  TellRenders(task, plan, results);
  parts_.pipeline.OnRendered(task, plan, results, parts_.clock.Now());
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

// Every poll finds the same again.
void Driver::TellFailure(const std::string& event, const std::string& about, const Error& error,
                         LogFields fields) {
  if (told_.News(about, error, parts_.clock.Monotonic())) {
    log_.Warn(event, error, std::move(fields));
  }
}

void Driver::TellFetch(const std::string& repo_key, const Status& looked) {
  const Millis now = parts_.clock.Monotonic();
  const std::string about = "fetch " + repo_key;
  const auto note = looked ? told_.Over(about, now) : told_.News(about, looked.error(), now);
  if (!note) return;
  const LogFields fields = {
      {"repo", repo_key}, {"looks", note->times}, {"lasted_s", note->lasted.count() / 1000}};
  if (looked) {
    log_.Info("fetch_recovered", fields);
  } else {
    log_.Warn("fetch_failed", looked.error(), fields);
  }
}

void Driver::TellCatalogue() {
  std::set<std::string> still;
  for (const catalog::Problem& problem : parts_.catalogue.catalogue().problems()) {
    const std::string object = problem.id ? problem.id->Text() : "";
    const std::string about = "document " + problem.origin.Text() + " " + object;
    still.insert(about);
    TellFailure("catalogue_problem", about, problem.error,
                {{"file", problem.origin.file},
                 {"line", problem.origin.line},
                 {"object", object},
                 {"last_good_kept", problem.last_good_kept ? "yes" : "no"}});
  }
  told_.ForgetExcept("document ", still);
}

// Clusters share a path: one line for it, whatever number of renders it failed in.
void Driver::TellRenders(const CommitTask& task, const TaskPlan& plan,
                         const std::vector<JobResult>& results) {
  const Millis now = parts_.clock.Monotonic();
  (void)told_.Over("render " + task.repo_key, now);
  std::map<std::pair<std::string, std::string>, const Error*> paths;  // (app, path); null: works
  for (size_t i = 0; i < results.size(); ++i) {
    const RenderInput& input = plan.inputs[plan.plan.jobs[i].representative];
    const Error*& failure = paths[{input.app, input.path}];
    if (!results[i].sealed && results[i].error && failure == nullptr) failure = &*results[i].error;
  }
  for (const auto& [key, failure] : paths) {
    const auto& [app, path] = key;
    const std::string about = "render " + app + " " + path;
    const LogFields fields = {
        {"app", app}, {"repo", task.repo_key}, {"path", path}, {"commit", task.commit.str()}};
    if (failure != nullptr) {
      TellFailure("render_failed", about, *failure, fields);
    } else if (told_.Over(about, now)) {
      log_.Info("render_works", fields);
    }
  }
}

}  // namespace dunlin::hub
