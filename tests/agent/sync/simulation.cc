#include "tests/agent/sync/simulation.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace dunlin::sync {

Simulation::Simulation() {
  disk.identity.cluster = kCluster;
  disk.identity.kube_uid = "kube-1";
  disk.trusted = hub.Trust();
}

void Simulation::Boot() {
  Kill();
  events_.clear();
  held_.clear();
  looks_.clear();
  poll_.reset();
  wake_.reset();
  cluster.TakeEvents();
  for (const plan::GroupKind& kind : std::set<plan::GroupKind>(cluster.watched())) {
    cluster.Close(kind);
  }
  Config config;
  config.agent_version = "0.1.0";
  machine_ = std::make_unique<SyncMachine>(config);
  events_.push_back(Started{});
}

bool Simulation::Next() {
  for (Event& event : cluster.TakeEvents()) events_.push_back(std::move(event));
  if (events_.empty() && !AnswerPoll() && !(wake_ && *wake_ <= now)) return false;
  Event event = Tick{};
  if (!events_.empty()) {
    event = std::move(events_.front());
    events_.pop_front();
  }
  ++events_fed;
  Step step = machine_->Resume(event, now);
  CHECK(!step.fatal.has_value());
  wake_ = step.wake;
  notes.insert(notes.end(), step.notes.begin(), step.notes.end());
  for (const Action& action : step.actions) Perform(action);
  return true;
}

void Simulation::Settle() {
  int steps = 0;
  while (Next()) CHECK(++steps < 100000);  // a loop that asks and never waits
}

void Simulation::Run(Millis duration) {
  const TimePoint end = now + duration;
  Settle();
  const auto next = [&] {
    TimePoint time = wake_.value_or(end + Millis(1));
    return poll_ ? std::min(time, poll_until_) : time;
  };
  while (next() <= end) {
    now = std::max(now, next());
    Settle();
  }
  now = end;
}

void Simulation::Relist() {
  for (const auto& [kind, failure] : std::exchange(unreadable, {})) cluster.Open(kind);
  for (const plan::GroupKind& kind : cluster.watched()) events_.push_back(cluster.List(kind));
}

wire::TargetReport Simulation::Target(const std::string& app) {
  for (wire::TargetReport& target : machine_->Report(now).targets) {
    if (target.app == app) return std::move(target);
  }
  return {};
}

bool Simulation::HasProblem(const std::string& code) {
  return machine_->world().problems.contains(code);
}

bool Simulation::AnswerPoll() {
  if (!poll_) return false;
  if (hub_away) {
    events_.push_back(PollFailed{MakeError(Errc::kUnavailable, "connection refused")});
    poll_.reset();
    return true;
  }
  auto answer = hub.Answer(*poll_);
  if (!answer && now < poll_until_) return false;
  events_.push_back(PollAnswered{std::move(answer).value_or(Bytes())});
  poll_.reset();
  return true;
}

void Simulation::Perform(const Action& action) {
  actions.emplace_back(Name(action));
  if (std::holds_alternative<LoadState>(action)) {
    LoadedState state = disk;
    if (const auto statement = trust::Statement::Parse(disk.trusted.statement_raw)) {
      for (const auto& [app, entry] : statement->apps) {
        if (bundles.contains(entry.bundle)) state.bundles.push_back(bundles.at(entry.bundle));
      }
    }
    for (const Announcement& one : disk.announced) {
      if (bundles.contains(one.bundle)) state.bundles.push_back(bundles.at(one.bundle));
    }
    for (const HeldBack& one : disk.behind) {
      if (bundles.contains(one.entry.bundle)) {
        state.bundles.push_back(bundles.at(one.entry.bundle));
      }
    }
    for (const auto& [digest, bundle] : bundles) state.held.push_back(digest);
    events_.push_back(StateLoaded{std::move(state)});
  } else if (const auto* poll = std::get_if<Poll>(&action)) {
    poll_ = poll->request;
    poll_until_ = now + Seconds(wire::kHoldSeconds);
  } else if (const auto* load = std::get_if<LoadBundles>(&action)) {
    BundlesLoaded loaded;
    for (const BundleDigest& digest : load->digests) {
      if (bundles.contains(digest)) loaded.bundles.push_back(bundles.at(digest));
    }
    events_.push_back(std::move(loaded));
  } else if (const auto* fetch = std::get_if<FetchBundle>(&action)) {
    auto bundle = hub.Fetch(fetch->digest);
    if (bundle && !hub_away) {
      events_.push_back(BundleFetched{std::move(*bundle)});
    } else {
      events_.push_back(FetchFailed{fetch->digest, MakeError(Errc::kUnavailable, "no hub")});
    }
  } else if (const auto* intent = std::get_if<StoreIntent>(&action)) {
    PerformStore(*intent);
  } else if (std::holds_alternative<Discover>(action)) {
    if (cluster_away) {
      events_.push_back(DiscoverFailed{MakeError(Errc::kUnavailable, "connection refused")});
    } else {
      events_.push_back(Discovered{cluster.Facts()});
    }
  } else if (const auto* schema = std::get_if<LoadSchema>(&action)) {
    const auto held = cluster.schemas.find(schema->version);
    const SchemaPtr found = held == cluster.schemas.end() ? nullptr : held->second;
    if (forbidden_schemas.contains(schema->version)) {
      events_.push_back(SchemaFailed{schema->version, MakeError(Errc::kPermission, "forbidden")});
    } else {
      events_.push_back(SchemaLoaded{schema->version, found});
    }
  } else if (const auto* watch = std::get_if<Watch>(&action)) {
    OpenWatch(*watch);
  } else if (const auto* unwatch = std::get_if<Unwatch>(&action)) {
    cluster.Close(unwatch->kind);
  } else if (const auto* request = std::get_if<Request>(&action)) {
    held_.push_back(*request);
    if (!hold_answers) ReleaseAnswers();
  } else if (const auto* look = std::get_if<LookInto>(&action)) {
    looks_.push_back(*look);
    if (!hold_looks) ReleaseLooks();
  } else if (const auto* batch = std::get_if<StoreRecords>(&action)) {
    PerformStore(*batch);
  } else if (const auto* send = std::get_if<SendReport>(&action)) {
    PerformSend(*send);
  } else if (const auto* drop = std::get_if<DropReport>(&action)) {
    std::erase_if(disk.outbox, [&](const auto& report) { return report.id == drop->id; });
  } else {
    PerformParent(action);
  }
}

void Simulation::OpenWatch(const Watch& watch) {
  if (const auto refused = unreadable.find(watch.kind); refused != unreadable.end()) {
    events_.push_back(ListFailed{watch.kind, refused->second});
    return;
  }
  cluster.Open(watch.kind);
  if (!hold_lists) events_.push_back(cluster.List(watch.kind));
}

void Simulation::FailWatch(const plan::GroupKind& kind, ApiFailure failure) {
  cluster.Close(kind);
  unreadable[kind] = failure;
  events_.push_back(WatchBroken{kind});
  events_.push_back(ListFailed{kind, std::move(failure)});
}

void Simulation::ReleaseAnswers() {
  while (!held_.empty()) {
    AnswerRequest(held_.front());
    held_.pop_front();
  }
}

void Simulation::ReleaseLooks() {
  while (!looks_.empty()) {
    AnswerLook(looks_.front());
    looks_.pop_front();
  }
}

void Simulation::AnswerLook(const LookInto& look) {
  LookedInto looked;
  looked.id = look.id;
  for (const auto& [key, object] : cluster.objects()) {
    if (key.namespace_ == look.namespace_) looked.found.push_back(key);
  }
  looked.failure = look_failure;
  events_.push_back(std::move(looked));
}

void Simulation::AnswerRequest(const Request& request) {
  Answered answered{request.id, {}};
  if (cluster_away) {
    cluster.log.push_back(request);
    answered.answer.failure = Refusal(0, "", "connection refused");
  } else {
    answered.answer = cluster.Answer(request);
  }
  if (!delay_watch) {
    for (Event& event : cluster.TakeEvents()) events_.push_back(std::move(event));
  }
  events_.push_back(std::move(answered));
}

void Simulation::PerformParent(const Action& action) {
  std::optional<ApiFailure> failure;
  if (cluster_away) failure = Refusal(0, "", "connection refused");
  if (const auto* write = std::get_if<WriteParent>(&action)) {
    if (foreign_parent) failure = Refusal(409, std::string(kForeignParent));
    if (!failure) cluster.parents[write->app] = write->config_map;
    cluster.parent_log.push_back("write " + write->app);
    events_.push_back(ParentWritten{write->app, failure});
    return;
  }
  const RemoveParent& remove = std::get<RemoveParent>(action);
  if (!failure) cluster.parents.erase(remove.app);
  cluster.parent_log.push_back("remove " + remove.app);
  events_.push_back(ParentRemoved{remove.app, failure});
}

void Simulation::PerformStore(const StoreIntent& intent) {
  if (disk_full) {
    events_.push_back(IntentFailed{MakeError(Errc::kIo, "disk full")});
    return;
  }
  disk.trusted = intent.trusted;
  disk.keep_on_removal = intent.keep_on_removal;
  disk.behind = intent.behind;
  for (const object::ResourceKey& key : intent.forget) {
    std::erase_if(disk.records, [&](const Record& record) { return record.key == key; });
  }
  for (const StoredBundle& bundle : intent.bundles) bundles[bundle.digest] = bundle;
  disk.announced.insert(disk.announced.end(), intent.announced.begin(), intent.announced.end());
  events_.push_back(IntentStored{});
}

void Simulation::PerformStore(const StoreRecords& batch) {
  if (disk_full) {
    events_.push_back(RecordsFailed{MakeError(Errc::kIo, "disk full")});
    return;
  }
  const auto without = [&](const object::ResourceKey& key) {
    std::erase_if(disk.records, [&](const Record& record) { return record.key == key; });
  };
  for (const Record& record : batch.upserts) {
    without(record.key);
    disk.records.push_back(record);
  }
  for (const object::ResourceKey& key : batch.deletes) without(key);
  for (const auto& [app, run] : batch.hook_runs) {
    if (run.empty()) {
      disk.hook_runs.erase(app);
    } else {
      disk.hook_runs[app] = run;
    }
  }
  std::erase_if(disk.announced, [&](const Announcement& one) {
    const auto settled = batch.settled.find(one.app);
    return settled != batch.settled.end() && one.seq <= settled->second;
  });
  ++records_stored;
  events_.push_back(RecordsStored{});
}

void Simulation::PerformSend(const SendReport& send) {
  if (!send.stored) disk.outbox.push_back(send.report);
  const std::string id = send.report.id;
  if (hub_away || report_error) {
    const Error away = MakeError(Errc::kUnavailable, "connection refused");
    events_.push_back(ReportFailed{id, report_error.value_or(away)});
    return;
  }
  hub.reports.push_back(send.report);
  std::erase_if(disk.outbox, [&](const auto& report) { return report.id == id; });
  events_.push_back(ReportSent{id});
}

object::Value ConfigMapOf(const std::string& name, const std::string& value) {
  return Json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
              R"(","namespace":"shop"},"data":{"key":")" + value + R"("}})");
}

object::Value DeploymentOf(const std::string& name, const std::string& image) {
  return Json(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":")" + name +
              R"(","namespace":"shop"},"spec":{"replicas":1,"template":{"spec":{"image":")" +
              image + R"("}}}})");
}

object::Value NamespaceOf(const std::string& name) {
  return Json(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + R"("}})");
}

object::ResourceKey ConfigMapKey(const std::string& name) {
  return {"", "ConfigMap", "shop", name};
}
object::ResourceKey DeploymentKey(const std::string& name) {
  return {"apps", "Deployment", "shop", name};
}

FakeHub::App Shop(const std::string& image, int config_maps) {
  FakeHub::App app;
  app.objects.push_back(NamespaceOf("shop"));
  app.objects.push_back(DeploymentOf("web", image));
  for (int i = 0; i < config_maps; ++i) {
    app.objects.push_back(ConfigMapOf("config-" + std::to_string(i), "one"));
  }
  return app;
}

}  // namespace dunlin::sync
