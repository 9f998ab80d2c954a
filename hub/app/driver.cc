#include "hub/app/driver.h"

#include <algorithm>

#include "hub/app/repository.h"

namespace dunlin::hub {

namespace {

constexpr size_t kRounds = 8;  // repositories looked at side by side
constexpr Millis kTick{1000};  // head renewal, retries of a failed publish

}  // namespace

Driver::Driver(Parts parts, Config config, asio::any_io_executor executor, Log log)
    : parts_(parts),
      config_(std::move(config)),
      fleet_key_(config_.fleet_repo.empty() ? "" : RepoKeyOf(config_.fleet_repo)),
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
  // Rounds and checks refer to this object: they end before it does.
  while (running_ > 0 || checks_ > 0) {
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
  std::set<std::string> still;
  for (const auto& [key, poll] : repos) still.insert("fetch " + key);
  told_.ForgetExcept("fetch ", still);
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

}  // namespace dunlin::hub
