// The whole agent without I/O: the machine, a hub, a cluster and a disk as values, and one loop
// that performs actions and feeds events in a fixed order. Time stands still unless it is moved.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/sync/machine.h"
#include "tests/agent/sync/fake_cluster.h"
#include "tests/agent/sync/fake_hub.h"

namespace dunlin::sync {

class Simulation {
 public:
  Simulation();

  // Starts a (new) agent process from what is on the disk.
  void Boot();
  // The process dies: everything but hub, cluster and disk is lost.
  void Kill() { machine_.reset(); }
  // One event; false when nothing is left to do at this time.
  bool Next();
  // Until nothing is left to do at this time.
  void Settle();
  // The same, moving the clock from wake-up to wake-up for so long.
  void Run(Millis duration);
  // Something else that a driver may say.
  void Inject(Event event) { events_.push_back(std::move(event)); }
  // What a watcher says when its watch was refused for a while; and that it tries to list again.
  void FailWatch(const plan::GroupKind& kind, ApiFailure failure);
  // Watches open again and list, as a driver does when the apiserver is back.
  void Relist();

  SyncMachine& machine() { return *machine_; }
  bool running() const { return machine_ != nullptr; }
  // The target in a report made now.
  wire::TargetReport Target(const std::string& app);
  std::string State(const std::string& app) { return Target(app).state; }
  bool HasProblem(const std::string& code);

  FakeHub hub;
  FakeCluster cluster;
  TimePoint now = *ParseTime("2026-11-24T12:00:00Z");
  bool hub_away = false;
  bool cluster_away = false;
  bool disk_full = false;
  bool hold_answers = false;                         // of the apiserver: they stay in flight
  bool delay_watch = false;                          // watch events come after everything else
  bool hold_lists = false;                           // new watches list with the next Relist()
  std::map<plan::GroupKind, ApiFailure> unreadable;  // lists of these fail so
  std::optional<Error> report_error;
  std::optional<ApiFailure> look_failure;  // of a look into a namespace
  bool hold_looks = false;                 // they take their time
  bool foreign_parent = false;             // the parents' name is taken by somebody else
  std::set<object::GroupVersion> forbidden_schemas;

  // The disk.
  LoadedState disk;
  std::map<BundleDigest, StoredBundle> bundles;
  int64_t records_stored = 0;
  std::vector<std::string> actions;  // names, in order
  std::vector<Note> notes;           // in order
  int events_fed = 0;

  // The poll that the hub holds.
  const std::optional<wire::PollRequest>& poll() const { return poll_; }
  std::vector<Request> HeldRequests() const { return {held_.begin(), held_.end()}; }
  // Answers that are held, in order.
  void ReleaseAnswers();
  void ReleaseLooks();

 private:
  void Perform(const Action& action);
  void OpenWatch(const Watch& watch);
  void PerformStore(const StoreIntent& intent);
  void PerformStore(const StoreRecords& batch);
  void PerformSend(const SendReport& send);
  void PerformParent(const Action& action);
  void AnswerRequest(const Request& request);
  void AnswerLook(const LookInto& look);
  bool AnswerPoll();

  std::unique_ptr<SyncMachine> machine_;
  std::deque<Event> events_;
  std::deque<Request> held_;
  std::deque<LookInto> looks_;
  std::optional<wire::PollRequest> poll_;
  TimePoint poll_until_{};  // the hub holds it no longer
  std::optional<TimePoint> wake_;
};

// Small manifests.
object::Value ConfigMapOf(const std::string& name, const std::string& value);
object::Value DeploymentOf(const std::string& name, const std::string& image);
object::Value NamespaceOf(const std::string& name);
object::ResourceKey ConfigMapKey(const std::string& name);
object::ResourceKey DeploymentKey(const std::string& name);
// A namespace, a deployment and some config maps.
FakeHub::App Shop(const std::string& image, int config_maps);

}  // namespace dunlin::sync
