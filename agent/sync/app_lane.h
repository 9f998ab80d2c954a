// Planning and applying, per app. Every app runs its own machine (app_run.h); what they share is
// the write window, handed out by priority.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sync/app_run.h"
#include "agent/sync/cluster_lane.h"
#include "agent/sync/decider.h"
#include "agent/sync/desired_store.h"
#include "agent/sync/world.h"
#include "agent/sync/write_window.h"

namespace dunlin::sync {

class AppLane {
 public:
  AppLane(World& world, ClusterLane& cluster)
      : world_(world), cluster_(cluster), decider_(world, desired_) {}

  static bool Takes(const Event& event);
  void Resume(const Event& event, TimePoint now, Out& out);
  // World::statement or one of its bundles is new: every app is planned again, between two steps.
  void OnStatement();
  // Does everything that can be done now. After every event, whoever took it.
  void Advance(TimePoint now, Out& out);
  std::optional<TimePoint> Wake() const;

  const std::map<std::string, AppRun>& runs() const { return runs_; }
  const DesiredStore& desired() const { return desired_; }
  const WriteWindow& window() const { return window_; }
  size_t in_flight() const { return flights_.size(); }
  // Since the last call: something that a report shows has moved; a run has ended; and no other run
  // is open.
  struct News {
    bool moved = false;
    bool ended = false;
    bool at_rest = false;
  };
  News TakeNews();

 private:
  enum class Purpose { kApply, kRead, kPrune, kLook, kHook, kClear };
  struct Flight {
    std::string app;
    object::ResourceKey key;
    Verb verb = Verb::kGet;
    Purpose purpose = Purpose::kApply;
    bool repair = false;
    bool drift = false;  // sets back what somebody changed
    plan::Step step;     // without body
    int64_t seq = 0;     // of the statement that it was decided by
  };
  struct Landed {
    Flight flight;
    AppRun* app;
  };
  struct EventRow {
    size_t on;
    void (AppLane::*act)(const Event&);
  };
  struct StateRow {
    AppState from;
    AppState (AppLane::*act)(AppRun&);
  };
  static const EventRow kEvents[];
  static const StateRow kStates[];

  // Events.
  void OnListed(const Event& event);
  void OnLiveChanged(const Event& event);
  void OnLiveDeleted(const Event& event);
  void OnAnswered(const Event& event);
  void OnParentWritten(const Event& event);
  void OnParentRemoved(const Event& event);
  void OnLookedInto(const Event& event);
  void OnRecordsStored(const Event& event);
  void OnRecordsFailed(const Event& event);
  void OnTick(const Event& event);
  void Seen(const object::ResourceKey& key, object::Value object);
  void Gone(const object::ResourceKey& key);
  AppRun* Removing(const object::ResourceKey& key);
  void Doubt(const object::ResourceKey& key);
  void StillHolds(const object::ResourceKey& key, const std::string& old_version);
  void ParentAnswered(AppRun& app, const std::optional<ApiFailure>& failure);

  // States.
  AppState Idle(AppRun& app);
  AppState Begin(AppRun& app);
  AppState Announce(AppRun& app);
  AppState ApplyStage(AppRun& app);
  AppState PassGate(AppRun& app);
  AppState ClearHooks(AppRun& app);
  AppState PruneStage(AppRun& app);
  AppState Close(AppRun& app);
  AppState Pause(AppRun& app);

  // Planning.
  void Refresh();
  void SetUpRuns();
  void RequireKinds();
  void WatchDiscoveries();
  void WatchSchemas();
  bool MakePlans();
  void FindAnnounced();
  void Adopt(AppRun& app, plan::AppPlan plan);
  bool WaitsItsTime(AppRun& app, const object::ResourceKey& key) const;
  bool ApplyFailed(const AppRun& app) const;
  bool KeepOpen(AppRun& app, plan::Step& step);
  bool DependenciesMet(AppRun& app);
  bool Move(AppRun& app);
  void Hurry();
  void JudgeHealth();

  // Parts of states.
  AppState EnterStage(AppRun& app);
  AppState FailSync(AppRun& app);
  AppState EnterPrune(AppRun& app);
  AppState EnterPruneStage(AppRun& app);
  AppState EnterClose(AppRun& app);
  void End(AppRun& app);
  void TellEnd(AppRun& app);
  void Settle(const AppRun& app);
  bool GateOpen(AppRun& app);
  bool CrdsServed(const AppRun& app, bool* established) const;
  bool ParentGrows(const AppRun& app) const;
  void NeedParent(AppRun& app, AppRun::Parent parent);
  void SendParent(AppRun& app);
  void Store();
  void DropDocuments();
  void LetGo();

  // Hooks.
  enum class Gate { kOpen, kShut, kFailed };
  Gate GateOf(AppRun& app);
  void ReportFailedHook(AppRun& app, const plan::HookTask& task);
  AppState EnterClear(AppRun& app);
  AppState LeaveClear(AppRun& app);
  void BeginHooks(AppRun& app);
  std::vector<plan::HookTask> ToClear(const AppRun& app) const;
  bool MayClearRemoved(const AppRun& app) const;
  bool OpenWork(AppRun& app, plan::Stage& stage);
  void LookAtHooks(AppRun& app);
  void LookAtHook(AppRun& app, const plan::HookTask& task);
  Gate HookGate(const AppRun& app, plan::HookPhase phase) const;
  bool PerformHook(AppRun& app, const object::ResourceKey& key, Work& work, Flight flight);
  bool PerformClear(AppRun& app, const object::ResourceKey& key, Work& work, Flight flight);
  bool WaitForHookToGo(Work& work);
  bool DeleteHook(AppRun& app, Work& work, Flight flight, Purpose purpose);
  bool StartedHook(AppRun& app, const plan::Desired& hook, std::string_view uid);
  bool HookAnswered(AppRun& app, const Flight& flight, const ApiAnswer& answer, Work& work);
  std::vector<object::ResourceKey> HookObjectsOf(const std::string& app) const;
  void HookGone(AppRun& app, const object::ResourceKey& key);
  void Cleared(AppRun& app, const plan::HookTask& task);

  // Others who write our objects, too.
  bool MaySetBack(AppRun& app, const object::ResourceKey& key);
  void SetBack(AppRun& app, const object::ResourceKey& key);
  void FoundRight(AppRun& app, const object::ResourceKey& key);
  void WatchContests();
  void Forget(const AppRun& app, const object::ResourceKey& key, const Contest& contest);
  void ForgetContests(AppRun& app);

  // Writing.
  // Those that look at one object answer true when nothing is left to do for it in this run.
  bool Pump();
  bool PumpMap(AppRun& app, WorkMap& map, bool repair, bool alone);
  bool MayStart(const AppRun& app, bool alone) const;
  bool Perform(AppRun& app, const object::ResourceKey& key, Work& work, bool repair);
  bool PerformPrune(AppRun& app, const object::ResourceKey& key, Work& work, Flight flight);
  void ReadAgain(AppRun& app, const object::ResourceKey& key, const object::Value& object);
  bool Objected(AppRun& app, const plan::Step& step);
  bool Send(AppRun& app, Work& work, Verb verb, Flight flight);
  void Skipped(AppRun& app, const plan::Step& step, const object::Value* read);
  bool Refused(AppRun& app, const object::ResourceKey& key, wire::Problem problem);
  void Hold(AppRun& app, const object::ResourceKey& key, wire::Problem problem);
  void Look(AppRun& app, Work& work, Flight flight);
  Landed Land(uint64_t id, const Event& event);
  bool Wrote(AppRun& app, const Flight& flight, const ApiAnswer& answer);
  bool Removed(AppRun& app, const Flight& flight, bool gone);
  bool Failed(AppRun& app, const Flight& flight, const ApiFailure& failure, Work& work);
  bool TryLater(AppRun& app, const Flight& flight, const ApiFailure& failure, Work& work);
  void WaitFor(AppRun& app, const Flight& flight, const ApiFailure& failure, Work& work);
  void ForgetNamespace(const object::ResourceKey& key, const ApiFailure& failure);
  void LookAgain(AppRun& app, const object::ResourceKey& key);
  void Count(const Flight& flight, std::string_view result);
  Trouble& TroubleOf(AppRun& app, const object::ResourceKey& key);
  bool Busy(const object::ResourceKey& key) const { return busy_.contains(key); }

  World& world_;
  ClusterLane& cluster_;
  DesiredStore desired_;
  Decider decider_;
  WriteWindow window_;
  std::map<std::string, AppRun> runs_;
  std::map<uint64_t, Flight> flights_;
  std::set<object::ResourceKey> busy_;
  uint64_t next_id_ = 1;
  bool stale_ = true;        // the desired objects are not those of the statement
  int64_t discoveries_ = 0;  // that the desired objects were made with
  std::set<object::GroupVersion> schemas_missing_;  // when it was looked at last
  bool replan_all_ = false;
  uint64_t stores_begun_ = 0;
  uint64_t stored_ = 0;  // the last one that succeeded
  bool storing_ = false;
  TimePoint store_due_{};  // after a failed one
  TimePoint plan_due_{};   // after a failed one
  TimePoint health_due_{};
  News news_;

  // Of the current call.
  TimePoint now_{};
  Out* out_ = nullptr;
};

}  // namespace dunlin::sync
