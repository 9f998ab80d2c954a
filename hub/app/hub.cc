#include "hub/app/hub.h"

#include "hub/app/fleet_metrics.h"
#include "hub/app/records.h"

namespace dunlin::hub {

namespace {

Driver::Config DriverConfig(const HubConfig& config) {
  Driver::Config out;
  out.fleet_repo = config.catalog.repo;
  out.fleet_revision = config.catalog.revision;
  out.fleet_path = config.catalog.path;
  out.poll = config.git.poll;
  out.git_limit = config.git.deadline + Seconds(10);
  return out;
}

Publisher::Config PublisherConfig(const HubConfig& config, const HubKeys& keys) {
  Publisher::Config out;
  out.head_life = config.head_life;
  out.epoch = keys.root.HubRole().epoch;
  return out;
}

}  // namespace

Hub::Hub(HubConfig config, HubKeys keys, Worlds worlds, asio::any_io_executor executor, Log log)
    : config_(std::move(config)),
      keys_(std::move(keys)),
      model_(worlds.state, executor),
      catalogue_(model_, worlds.clock, worlds.random),
      pipeline_(Pipeline::Config{config_.render.kube_version}),
      gate_(executor),
      publisher_(worlds.state, worlds.bundles, keys_.hub, worlds.clock,
                 PublisherConfig(config_, keys_)),
      driver_({worlds.git, worlds.renderer, worlds.bundles, publisher_, model_, catalogue_,
               pipeline_, gate_, worlds.pool, worlds.clock, worlds.random, metrics_},
              DriverConfig(config_), executor, log),
      enrolment_(model_, keys_, config_, worlds.clock, worlds.random),
      agents_({model_, publisher_, driver_, gate_, pipeline_, worlds.clock, metrics_}, executor,
              log),
      admin_({model_, catalogue_, pipeline_, driver_, publisher_, enrolment_, worlds.renderer,
              agents_, worlds.clock, metrics_},
             log) {
  DeclareHubMetrics(metrics_);
  model_.OnCutOff([this, log](const AgentRecord& agent, const Error& why) {
    log.Warn("agent_cut_off", why, {{"agent", agent.id.str()}});
    gate_.Notify(agent.cluster);
    if (cut_off_) cut_off_(agent, why);
  });
  publisher_.OnPublish([this](const ClusterId& cluster) { gate_.Notify(cluster); });
  publisher_.OnLost([this](const BundleDigest& bundle) { driver_.Lost({bundle}); });
  publisher_.OnFetched([this](const BundleDigest& bundle) { driver_.Check(bundle); });
  enrolment_.OnEnrolled([this](const ClusterId& cluster) { driver_.Enrolled(cluster); });
}

Result<std::unique_ptr<Hub>> Hub::Make(HubConfig config, HubKeys keys, Worlds worlds,
                                       asio::any_io_executor executor, Log log) {
  std::unique_ptr<Hub> hub(
      new Hub(std::move(config), std::move(keys), worlds, executor, std::move(log)));
  TRY_VOID(hub->Load(worlds.state));
  return hub;
}

Status Hub::Load(HubState& state) {
  TRY(HubSnapshot snapshot, state.Load());
  TRY_VOID(publisher_.Restore(snapshot));
  std::map<TargetKey, TargetMemory> targets;
  for (const TargetRecord& target : snapshot.targets) {
    targets[{target.app, target.cluster}] = ToMemory(target);
  }
  Pipeline::Pins pinned;
  for (const auto& [app, entry] : snapshot.pins) pinned[app];
  for (const HistoryRecord& entry : snapshot.history) {
    const auto pin = snapshot.pins.find(entry.app);
    if (pin == snapshot.pins.end() || pin->second != std::to_string(entry.id)) continue;
    Pipeline::Pin& held = pinned[entry.app];
    held.commit = entry.revision;
    for (const HistoryRecord::Entry& old : entry.entries) held.clusters.insert(old.cluster);
  }
  pipeline_.Restore(std::move(targets), std::move(pinned));
  for (const SourceRecord& source : snapshot.sources) {
    pipeline_.RestoreRef(source.repo, source.ref, RevisionId(source.commit));
  }
  catalogue_.Load(snapshot.objects);
  TRY_VOID(model_.Load(std::move(snapshot)));
  driver_.CatalogueChanged();
  return {};
}

void Hub::SetAddresses(uint16_t agent_port, uint16_t public_port) {
  enrolment_.SetAgentPort(agent_port);
  const bool v6 = config_.advertise_host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + config_.advertise_host + "]" : config_.advertise_host;
  admin_.SetPublicUrl("https://" + host + ":" + std::to_string(public_port));
}

void Hub::Stop() {
  driver_.Stop();
  agents_.Stop();
  gate_.NotifyAll();
  model_.Touch();
}

}  // namespace dunlin::hub
