// Performs what the sync machine asks for, all at once on one io thread, and feeds back one event
// for each action. No policy: when to retry, what comes next and what may wait is the machine's.
//
// State calls block: they run in order on one thread of their own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/app/parent_objects.h"
#include "agent/app/watcher.h"
#include "agent/hublink/hub_link.h"
#include "agent/kube/kube.h"
#include "agent/state/agent_state.h"
#include "agent/sync/event.h"
#include "protocol/base/log.h"
#include "protocol/base/metrics.h"
#include "protocol/base/random.h"
#include "protocol/base/told.h"
#include "protocol/net/runtime.h"

namespace dunlin::app {

struct DriverParts {
  // SyncMachine::Resume.
  std::function<sync::Step(const sync::Event&, TimePoint)> resume;
  hublink::HubLink& hub;
  kube::Kube& kube;
  state::AgentState& state;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  Log log;
};

class Driver {
 public:
  // The parts outlive the driver, and the driver everything that it spawned (running() is 0).
  Driver(asio::any_io_executor executor, DriverParts parts);

  // From Started until Stop() or a fatal error, which is returned.
  TaskVoid Run();
  // From the io thread. Actions under way are left alone; their events are dropped.
  void Stop();
  // Waits for the state calls that were begun. Blocks; the io thread must not need to run for it.
  void FinishStateCalls() { state_thread_.join(); }
  size_t running() const { return running_; }
  // Why the last poll failed; nothing when it was answered, or before the first one.
  const std::optional<Error>& hub_problem() const { return hub_problem_; }

 private:
  void Feed(sync::Event event);
  void Say(sync::Note note) const;
  void Try(std::string_view event, const Error& error, LogFields fields = {}) const;
  void First(std::string_view event, const Error& error, LogFields fields = {},
             std::string_view of = {});
  void Over(std::string_view event, LogFields fields, std::string_view of = {});
  Millis UntilWake() const;
  void Go(const char* what, TaskVoid task);
  template <typename T>
  Task<T> OnStateThread(std::function<Result<T>()> work);

  void Start(sync::LoadState action);
  void Start(sync::Poll action);
  void Start(sync::LoadBundles action);
  void Start(sync::FetchBundle action);
  void Start(sync::StoreIntent action);
  void Start(sync::Discover action);
  void Start(sync::LoadSchema action);
  void Start(sync::Watch action);
  void Start(sync::Unwatch action);
  void Start(sync::Request action);
  void Start(sync::WriteParent action);
  void Start(sync::RemoveParent action);
  void Start(sync::LookInto action);
  void Start(sync::StoreRecords action);
  void Start(sync::SendReport action);
  void Start(sync::DropReport action);

  TaskVoid DoLoadState();
  TaskVoid DoPoll(sync::Poll action);
  TaskVoid DoLoadBundles(sync::LoadBundles action);
  TaskVoid DoFetch(sync::FetchBundle action);
  TaskVoid DoStoreIntent(std::shared_ptr<const sync::StoreIntent> intent);
  TaskVoid DoDiscover();
  TaskVoid DoLoadSchema(sync::LoadSchema action);
  TaskVoid DoRequest(sync::Request action);
  TaskVoid DoWriteParent(sync::WriteParent action);
  TaskVoid DoRemoveParent(sync::RemoveParent action);
  TaskVoid DoLookInto(sync::LookInto action);
  TaskVoid DoStoreRecords(std::shared_ptr<const sync::StoreRecords> records);
  TaskVoid DoSendReport(std::shared_ptr<const wire::Report> report, bool stored);
  TaskVoid DoDropReport(std::string id);

  asio::any_io_executor executor_;
  DriverParts parts_;
  ParentObjects parents_;
  asio::thread_pool state_thread_{1};
  net::Event signal_;
  std::deque<sync::Event> queue_;
  std::optional<TimePoint> wake_;
  std::optional<Error> broken_;
  bool stopping_ = false;
  std::optional<Error> hub_problem_;
  Told told_;  // by event and whose it is
  size_t running_ = 0;
  WatchContext watch_context_;
  std::map<plan::GroupKind, std::shared_ptr<Watcher>> watchers_;
};

// Declares what the driver counts.
void DeclareDriverMetrics(Metrics& metrics);

}  // namespace dunlin::app
