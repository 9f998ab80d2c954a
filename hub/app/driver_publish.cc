// What the rounds brought goes out: bundles with their deltas, heads, and what nobody names any
// more.
#include "hub/app/driver.h"
#include "hub/app/garbage.h"
#include "hub/app/records.h"

namespace dunlin::hub {

namespace {

constexpr std::chrono::hours kCollectEvery{24};
constexpr int kDeltaLooks = 3;

}  // namespace

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
  Status published = EndRollbacks();
  if (published) published = PublishChanges();
  if (published) {
    publish_error_.reset();
    publish_backoff_.Reset();
    return {};
  }
  publish_error_ = published.error();
  publish_again_ = parts_.clock.Monotonic() + publish_backoff_.Next(parts_.random.Next());
  log_.Warn("publish_failed", published.error());
  TouchWhenChanged();
  return published;
}

Status Driver::PublishChanges() {
  const Publication publication = parts_.pipeline.Collect();
  if (publication.empty()) return {};
  const TimePoint now = parts_.clock.Now();
  PublishRecord record = ToRecord(publication, parts_.pipeline.targets(), parts_.model, now);
  const std::vector<ClusterContent> contents = ContentsOf(publication);
  const Millis start = parts_.clock.Monotonic();
  // A transaction that stays on the io thread (2 to 4 ms with its fsync for one cluster):
  // database and memory change together, and no poll is answered between the two.
  TRY(const PublishResult published, parts_.publisher.Publish(contents, record));
  parts_.pipeline.Published(publication, parts_.clock.Now());
  parts_.model.TakePublished(record);
  if (published.head_number != 0) {
    parts_.metrics.Add("dunlin_publish_total");
    log_.Info("published", {{"head", published.head_number},
                            {"clusters", published.changed.size()},
                            {"ms", (parts_.clock.Monotonic() - start).count()}});
  }
  return {};
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

}  // namespace dunlin::hub
