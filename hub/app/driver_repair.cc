// What the driver does when a rollback ends and when a bundle's file is gone.
#include "hub/app/driver.h"

namespace dunlin::hub {

// On disk before what ended them is published: after a crash between the two it is news again.
Status Driver::EndRollbacks() {
  std::set<std::string> ended;
  for (const auto& [app, entry] : parts_.model.pins()) {
    if (!parts_.pipeline.Pinned(app)) ended.insert(app);
  }
  for (const std::string& app : ended) {
    TRY_VOID(parts_.model.SetPin(app, std::nullopt));
    log_.Info("rollback_ended", {{"app", app}});
  }
  return {};
}

void Driver::Lost(const std::set<BundleDigest>& bundles) {
  const std::set<std::string> apps = parts_.pipeline.Lost(bundles);
  for (const std::string& app : apps) log_.Warn("bundle_lost", {{"app", app}});
  if (!apps.empty()) wake_.Notify();
}

void Driver::Check(const BundleDigest& bundle) {
  if (stopping_) return;
  ++checks_;
  tasks_.Spawn(CheckFile(bundle), [this, bundle](const Status& sound) {
    --checks_;
    round_done_.Notify();
    const bool lost =
        !sound && (sound.error().code == Errc::kCorrupt || sound.error().code == Errc::kNotFound);
    if (lost && !stopping_) Lost({bundle});
  });
}

TaskVoid Driver::CheckFile(BundleDigest bundle) {
  // A damaged file is removed by this look at it.
  std::function<Status()> look = [&store = parts_.bundles, bundle]() -> Status {
    TRY(const Bytes raw, store.GetRaw(bundle));
    return {};
  };
  co_return co_await net::RunOn(parts_.pool, std::move(look));
}

void Driver::FindLost() {
  std::set<BundleDigest> wanted;
  for (const auto& [key, target] : parts_.pipeline.targets()) {
    if (target.memory.bundle) wanted.insert(*target.memory.bundle);
  }
  Lost(parts_.publisher.Missing(wanted));
}

}  // namespace dunlin::hub
