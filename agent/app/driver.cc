#include "agent/app/driver.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "agent/app/namespace_contents.h"

namespace dunlin::app {

namespace {

// The wall clock may jump: look at it at least this often.
constexpr Millis kLongestNap{30000};
constexpr const char* kApiRequests = "dunlin_agent_api_requests_total";
constexpr const char* kPolls = "dunlin_agent_polls_total";

std::string CodeOf(const sync::ApiAnswer& answer) {
  if (answer.ok()) return "2xx";
  return answer.failure->http == 0 ? std::string("none") : std::to_string(answer.failure->http);
}

}  // namespace

void DeclareDriverMetrics(Metrics& metrics) {
  metrics.Counter(kApiRequests, "Requests to the apiserver for single objects, by verb and code");
  metrics.Counter(kPolls, "Polls of the hub, by result");
}

Driver::Driver(asio::any_io_executor executor, DriverParts parts)
    : executor_(executor),
      parts_(std::move(parts)),
      parents_(parts_.kube),
      signal_(executor),
      watch_context_{parts_.kube, parts_.random, [this](sync::Event e) { Feed(std::move(e)); },
                     parts_.clock, parts_.log} {}

TaskVoid Driver::Run() {
  Feed(sync::Started{});
  while (!stopping_ && !broken_) {
    if (queue_.empty()) {
      const Status woken = co_await signal_.Wait(UntilWake());
      if (!woken && woken.error().code != Errc::kTimeout) co_return woken;
      if (queue_.empty() && wake_ && *wake_ <= parts_.clock.Now()) Feed(sync::Tick{});
      continue;
    }
    const sync::Event event = std::move(queue_.front());
    queue_.pop_front();
    sync::Step step = parts_.resume(event, parts_.clock.Now());
    wake_ = step.wake;
    for (sync::Note& note : step.notes) Say(std::move(note));
    if (step.fatal) co_return std::move(*step.fatal);
    for (sync::Action& action : step.actions) {
      std::visit([this](auto& one) { Start(std::move(one)); }, action);
    }
  }
  if (broken_) co_return *broken_;
  co_return Status();
}

void Driver::Stop() {
  stopping_ = true;
  for (auto& [kind, watcher] : watchers_) watcher->Stop();
  queue_.clear();
  signal_.Notify();
}

void Driver::Feed(sync::Event event) {
  if (stopping_) return;
  queue_.push_back(std::move(event));
  signal_.Notify();
}

void Driver::Say(sync::Note note) const {
  if (note.level == LogLevel::kInfo) {
    parts_.log.Info(note.event, std::move(note.fields));
  } else {
    parts_.log.Warn(note.event, std::move(note.fields));
  }
}

// One of many tries: what comes of them is the machine's to say.
void Driver::Try(std::string_view event, const Error& error, LogFields fields) const {
  fields.emplace_back("code", Name(error.code));
  fields.emplace_back("error", error.message);
  parts_.log.Debug(event, std::move(fields));
}

// Of a row of the same only the news is said.
void Driver::First(std::string_view event, const Error& error, LogFields fields,
                   std::string_view of) {
  const std::string about = std::string(event) + " " + std::string(of);
  if (!told_.News(about, error, parts_.clock.Monotonic())) {
    return Try(event, error, std::move(fields));
  }
  parts_.log.Warn(event, error, std::move(fields));
}

void Driver::Over(std::string_view event, LogFields fields, std::string_view of) {
  const std::string about = std::string(event) + " " + std::string(of);
  if (!told_.Over(about, parts_.clock.Monotonic())) return;
  parts_.log.Info(std::string(event) + "_over", std::move(fields));
}

Millis Driver::UntilWake() const {
  if (!wake_) return kLongestNap;
  return std::clamp(*wake_ - parts_.clock.Now(), Millis(0), kLongestNap);
}

void Driver::Go(const char* what, TaskVoid task) {
  ++running_;
  std::function<void(Status)> done = [this, what](Status ended) {
    --running_;
    if (ended) return;
    // Tasks feed their failures as events. What arrives here was thrown: the machine would wait for
    // its event for ever.
    parts_.log.Warn("task_broken", ended.error(), {{"task", what}});
    broken_ = MakeError(Errc::kInternal, std::string(what) + ": " + ended.error().message);
    signal_.Notify();
  };
  net::Spawn(executor_, std::move(task), std::move(done));
}

template <typename T>
Task<T> Driver::OnStateThread(std::function<Result<T>()> work) {
  co_return co_await net::RunOn<T>(state_thread_, std::move(work));
}

void Driver::Start(sync::LoadState) { Go("load state", DoLoadState()); }

TaskVoid Driver::DoLoadState() {
  std::function<Result<sync::LoadedState>()> work = [this] { return parts_.state.Load(); };
  auto loaded = co_await OnStateThread(std::move(work));
  if (loaded) {
    Feed(sync::StateLoaded{std::move(*loaded)});
  } else {
    Feed(sync::StateFailed{loaded.error()});
  }
  co_return Status();
}

void Driver::Start(sync::Poll action) { Go("poll", DoPoll(std::move(action))); }

TaskVoid Driver::DoPoll(sync::Poll action) {
  auto answer = co_await parts_.hub.Poll(std::move(action.request));
  hub_problem_.reset();
  parts_.metrics.Add(kPolls, {{"result", answer ? "ok" : std::string(Name(answer.error().code))}});
  if (answer) {
    Feed(sync::PollAnswered{std::move(*answer)});
  } else {
    hub_problem_ = answer.error();
    Try("poll_failed", answer.error());
    Feed(sync::PollFailed{answer.error()});
  }
  co_return Status();
}

void Driver::Start(sync::LoadBundles action) { Go("load bundles", DoLoadBundles(action)); }

TaskVoid Driver::DoLoadBundles(sync::LoadBundles action) {
  using Bundles = std::vector<sync::StoredBundle>;
  std::function<Result<Bundles>()> work = [this, digests = std::move(action.digests)] {
    return parts_.state.Bundles(digests);
  };
  auto loaded = co_await OnStateThread(std::move(work));
  // A bundle that cannot be read is one that is not there: the machine fetches it.
  if (!loaded) parts_.log.Warn("bundles_unreadable", loaded.error());
  Feed(sync::BundlesLoaded{loaded ? std::move(*loaded) : Bundles()});
  co_return Status();
}

void Driver::Start(sync::FetchBundle action) { Go("fetch", DoFetch(action)); }

TaskVoid Driver::DoFetch(sync::FetchBundle action) {
  auto bundle = co_await parts_.hub.Fetch(action.digest, action.from);
  if (bundle) {
    Over("fetch_failed", {});
    Feed(sync::BundleFetched{std::move(*bundle)});
  } else {
    First("fetch_failed", bundle.error(), {{"bundle", action.digest.Hex()}});
    Feed(sync::FetchFailed{action.digest, bundle.error()});
  }
  co_return Status();
}

void Driver::Start(sync::StoreIntent action) {
  Go("store intent", DoStoreIntent(std::make_shared<const sync::StoreIntent>(std::move(action))));
}

TaskVoid Driver::DoStoreIntent(std::shared_ptr<const sync::StoreIntent> intent) {
  std::function<Status()> work = [this, intent] { return parts_.state.StoreIntent(*intent); };
  auto stored = co_await OnStateThread<void>(std::move(work));
  if (stored) {
    Feed(sync::IntentStored{});
  } else {
    Try("intent_not_stored", stored.error());
    Feed(sync::IntentFailed{stored.error()});
  }
  co_return Status();
}

void Driver::Start(sync::Discover) { Go("discover", DoDiscover()); }

TaskVoid Driver::DoDiscover() {
  auto facts = co_await parts_.kube.Discover();
  if (facts) {
    Feed(sync::Discovered{std::move(*facts)});
  } else {
    Try("discovery_failed", facts.error());
    Feed(sync::DiscoverFailed{facts.error()});
  }
  co_return Status();
}

void Driver::Start(sync::LoadSchema action) { Go("load schema", DoLoadSchema(std::move(action))); }

TaskVoid Driver::DoLoadSchema(sync::LoadSchema action) {
  auto schema = co_await parts_.kube.Schema(action.version);
  if (schema) {
    Feed(sync::SchemaLoaded{action.version, std::move(*schema)});
  } else {
    Try("schema_failed", schema.error(), {{"version", action.version.ApiVersion()}});
    Feed(sync::SchemaFailed{action.version, schema.error()});
  }
  co_return Status();
}

void Driver::Start(sync::Watch action) {
  std::shared_ptr<Watcher>& place = watchers_[action.kind];
  if (place) place->Stop();
  place = std::make_shared<Watcher>(watch_context_, std::move(action));
  Go("watch", Watcher::Run(place));
}

void Driver::Start(sync::Unwatch action) {
  const auto it = watchers_.find(action.kind);
  if (it == watchers_.end()) return;
  it->second->Stop();
  watchers_.erase(it);
}

void Driver::Start(sync::Request action) { Go("request", DoRequest(std::move(action))); }

TaskVoid Driver::DoRequest(sync::Request action) {
  const uint64_t id = action.id;
  const std::string verb(sync::Name(action.verb));
  const std::string object = action.key.Text();
  auto answer = co_await parts_.kube.Send(std::move(action));
  sync::ApiAnswer out;
  if (answer) {
    out = std::move(*answer);
  } else {
    out.failure = LostAnswer(answer.error());
  }
  parts_.metrics.Add(kApiRequests, {{"code", CodeOf(out)}, {"verb", verb}});
  if (!out.ok()) {
    Try("request_failed", MakeError(out.failure->code, out.failure->message),
        {{"verb", verb}, {"object", object}});
  }
  Feed(sync::Answered{id, std::move(out)});
  co_return Status();
}

void Driver::Start(sync::WriteParent action) {
  Go("write parent", DoWriteParent(std::move(action)));
}

TaskVoid Driver::DoWriteParent(sync::WriteParent action) {
  auto written = co_await parents_.Write(std::move(action.config_map));
  std::optional<sync::ApiFailure> failure =
      written ? std::move(*written) : LostAnswer(written.error());
  if (failure) {
    First("parent_not_written", MakeError(failure->code, failure->message), {{"app", action.app}},
          action.app);
  } else {
    Over("parent_not_written", {{"app", action.app}}, action.app);
  }
  Feed(sync::ParentWritten{action.app, std::move(failure)});
  co_return Status();
}

void Driver::Start(sync::RemoveParent action) {
  Go("remove parent", DoRemoveParent(std::move(action)));
}

TaskVoid Driver::DoRemoveParent(sync::RemoveParent action) {
  auto removed = co_await parents_.Remove(action);
  std::optional<sync::ApiFailure> failure =
      removed ? std::move(*removed) : LostAnswer(removed.error());
  Feed(sync::ParentRemoved{action.app, std::move(failure)});
  co_return Status();
}

void Driver::Start(sync::LookInto action) {
  Go("look into namespace", DoLookInto(std::move(action)));
}

TaskVoid Driver::DoLookInto(sync::LookInto action) {
  CO_TRY(sync::LookedInto looked, co_await LookInto(parts_.kube, std::move(action)));
  Feed(std::move(looked));
  co_return Status();
}

void Driver::Start(sync::StoreRecords action) {
  Go("store records",
     DoStoreRecords(std::make_shared<const sync::StoreRecords>(std::move(action))));
}

TaskVoid Driver::DoStoreRecords(std::shared_ptr<const sync::StoreRecords> records) {
  std::function<Status()> work = [this, records] { return parts_.state.StoreRecords(*records); };
  auto stored = co_await OnStateThread<void>(std::move(work));
  if (stored) {
    Feed(sync::RecordsStored{});
  } else {
    Try("records_not_stored", stored.error());
    Feed(sync::RecordsFailed{stored.error()});
  }
  co_return Status();
}

void Driver::Start(sync::SendReport action) {
  Go("report",
     DoSendReport(std::make_shared<const wire::Report>(std::move(action.report)), action.stored));
}

TaskVoid Driver::DoSendReport(std::shared_ptr<const wire::Report> report, bool stored) {
  if (!stored) {
    std::function<Status()> put = [this, report] { return parts_.state.PutReport(*report); };
    // A report that the disk cannot keep is still worth sending.
    auto kept = co_await OnStateThread<void>(std::move(put));
    if (!kept) parts_.log.Warn("report_not_kept", kept.error());
  }
  auto sent = co_await parts_.hub.Report(*report);
  if (!sent) {
    // Of a hub that is away the machine speaks.
    if (hub_problem_) {
      Try("report_not_sent", sent.error());
    } else {
      First("report_not_sent", sent.error());
    }
    Feed(sync::ReportFailed{report->id, sent.error()});
    co_return Status();
  }
  Over("report_not_sent", {});
  CO_TRY_VOID(co_await DoDropReport(report->id));
  Feed(sync::ReportSent{report->id});
  co_return Status();
}

void Driver::Start(sync::DropReport action) {
  Go("drop report", DoDropReport(std::move(action.id)));
}

TaskVoid Driver::DoDropReport(std::string id) {
  std::function<Status()> drop = [this, id] { return parts_.state.DropReport(id); };
  auto dropped = co_await OnStateThread<void>(std::move(drop));
  // It is sent again after a restart; the hub knows its id.
  if (!dropped) parts_.log.Warn("report_not_dropped", dropped.error());
  co_return Status();
}

}  // namespace dunlin::app
