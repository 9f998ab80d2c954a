// The app lane's requests: who may send, what an answer means.
#include <algorithm>
#include <utility>

#include "agent/plan/special_kinds.h"
#include "agent/plan/stamp.h"
#include "agent/sync/app_lane.h"
#include "protocol/base/limits.h"

namespace dunlin::sync {

namespace {

constexpr Millis kShortestWait{1000};  // after a 429 that names no time
constexpr uint64_t kWaitSpread = 250;  // ms, so that not all come back at once
constexpr int kRereads = 5;

wire::Problem ProblemOf(const object::ResourceKey& key, const ApiFailure& failure) {
  std::string code = failure.reason;
  if (IsImmutableField(failure)) {
    code = "immutable_field";
  } else if (code.empty()) {
    code = Name(failure.code);
  }
  return {key.Text(), std::move(code), failure.message, HintFor(failure)};
}

// The name in `namespaces "shop" not found`; empty when something else is missing.
std::string MissingNamespace(const ApiFailure& failure) {
  constexpr std::string_view kBefore = "namespaces \"";
  const size_t begin = failure.message.find(kBefore);
  if (failure.http != 404 || begin == std::string::npos) return {};
  const size_t name = begin + kBefore.size();
  return failure.message.substr(name, failure.message.find('"', name) - name);
}

}  // namespace

// ---- who may send

bool AppLane::Pump() {
  std::vector<AppRun*> order;
  for (auto& [name, app] : runs_) {
    if (!app.work.empty() || !app.repairs.empty()) order.push_back(&app);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const AppRun* a, const AppRun* b) { return a->priority > b->priority; });
  bool moved = false;
  for (AppRun* app : order) {
    const bool alone = order.size() == 1;
    moved = PumpMap(*app, app->repairs, true, alone) || moved;
    moved = PumpMap(*app, app->work, false, alone) || moved;
  }
  return moved;
}

// A quarter of the window is for the others: an app whose writes hang in a webhook blocks none.
bool AppLane::MayStart(const AppRun& app, bool alone) const {
  const auto size = static_cast<size_t>(window_.size());
  if (flights_.size() >= size) return false;
  if (alone || size == 1) return true;
  const auto own = std::count_if(flights_.begin(), flights_.end(),
                                 [&](const auto& item) { return item.second.app == app.name; });
  return static_cast<size_t>(own) < size - size / 4;
}

bool AppLane::PumpMap(AppRun& app, WorkMap& map, bool repair, bool alone) {
  bool moved = false;
  for (auto it = map.begin(); it != map.end();) {
    Work& work = it->second;
    const bool due =
        work.state == Work::State::kOpen || (work.state == Work::State::kLater && work.due <= now_);
    if (!due || Busy(it->first)) {
      ++it;
      continue;
    }
    if (!MayStart(app, alone)) return moved;
    if (!Perform(app, it->first, work, repair)) {
      ++it;
      continue;
    }
    it = map.erase(it);
    moved = true;
  }
  return moved;
}

// ---- one object

bool AppLane::Perform(AppRun& app, const object::ResourceKey& key, Work& work, bool repair) {
  Flight flight{app.name, key, Verb::kGet, Purpose::kApply, repair, false, {}, 0};
  if (work.prune) return PerformPrune(app, key, work, std::move(flight));
  if (work.clear) return PerformClear(app, key, work, std::move(flight));
  if (work.hook) return PerformHook(app, key, work, std::move(flight));
  plan::DesiredPtr desired = decider_.Document(key);
  if (desired == nullptr && !desired_.loaded()) {
    desired_.Load(*world_.statement, world_.bundles, world_.inventory, world_.facts->kinds,
                  world_.config.agent_namespace);
    desired = decider_.Document(key);
  }
  if (desired == nullptr || desired->app != app.name) return true;  // not wanted any more
  if (work.must_read) {
    work.must_read = false;
    flight.purpose = Purpose::kRead;
    flight.step.key = key;
    flight.step.app = app.name;
    flight.step.api_version = desired->api_version;
    return Send(app, work, Verb::kGet, std::move(flight));
  }
  const object::Value* read = work.read ? &*work.read : nullptr;
  flight.step = decider_.Decide(desired, read);
  const plan::Step& step = flight.step;
  switch (step.action) {
    case plan::Action::kSkip:
      Skipped(app, step, read);
      if (!repair) ++app.counts.unchanged;
      return true;
    case plan::Action::kCreate:
    case plan::Action::kPatch: {
      flight.drift = step.reason == "drift";
      if (flight.drift && !MaySetBack(app, key)) return true;
      const Verb verb = step.action == plan::Action::kCreate ? Verb::kCreate : Verb::kPatch;
      return Send(app, work, verb, std::move(flight));
    }
    case plan::Action::kRead:
      work.must_read = true;
      return Perform(app, key, work, repair);
    case plan::Action::kWaitForCrd: {
      const bool failed = Refused(
          app, key,
          {key.Text(), "kind_missing", step.reason,
           "install the custom resource definition, or let an app that this one depends on do it"});
      TroubleOf(app, key).kind_missing = true;
      return failed;
    }
    case plan::Action::kConflict:
    case plan::Action::kBlocked:
      return Objected(app, step);
    case plan::Action::kDelete:
    case plan::Action::kRelease:
    case plan::Action::kForget:
      return true;  // the planner gives these for objects that are not desired only
  }
  return true;
}

// Only what an open watch shows is removed.
bool AppLane::PerformPrune(AppRun& app, const object::ResourceKey& key, Work& work, Flight flight) {
  using ListState = ClusterLane::ListState;
  const ListState known = cluster_.ListOf(plan::GroupKind::Of(key));
  if (known == ListState::kWaiting || known == ListState::kBroken) return false;
  if (known != ListState::kListed) {
    app.wants_plan = true;  // the plan says why it stays
    return true;
  }
  if (world_.live.Find(key) == nullptr) {
    world_.inventory.Remove(key);
    return true;
  }
  flight.purpose = Purpose::kPrune;
  flight.step = *work.prune;
  if (std::exchange(work.must_read, false)) {
    flight.purpose = Purpose::kRead;
    return Send(app, work, Verb::kGet, std::move(flight));
  }
  const bool space = flight.step.action == plan::Action::kDelete && plan::IsNamespace(key);
  // Good for one DELETE: when that fails, the next one comes later.
  if (space && !std::exchange(work.looked, false)) {
    Look(app, work, std::move(flight));
    return false;
  }
  const bool release = flight.step.action == plan::Action::kRelease;
  return Send(app, work, release ? Verb::kPatch : Verb::kDelete, std::move(flight));
}

// What could not be removed because it is not what we knew: whether it still goes is decided anew.
void AppLane::ReadAgain(AppRun& app, const object::ResourceKey& key, const object::Value& object) {
  if (object::FindString(object, {"metadata", "labels", plan::kPartOfLabel}).empty()) {
    world_.live.Remove(key);
  } else if (!world_.live.IsOlder(key, object)) {
    world_.live.Put(key, object, now_);
  }
  app.wants_plan = true;
}

// The planner lets nobody write it.
bool AppLane::Objected(AppRun& app, const plan::Step& step) {
  const std::string object = step.key.Text();
  if (step.action == plan::Action::kConflict) {
    ++app.conflicts;
    ++world_.counters.conflicts;
    return Refused(app, step.key,
                   {object, "ownership_conflict", step.reason,
                    "an object has one owner: take it out of one of the two"});
  }
  if (step.reason != plan::kReasonDrift) {
    const bool schema = step.code == plan::kSchemaUnavailable;
    return Refused(
        app, step.key,
        {object, schema ? std::string(step.code) : "blocked", step.reason,
         schema ? "see the agent's problem schema_unavailable; it is tried again as soon "
                  "as the document can be read"
                : ""});
  }
  app.drift.insert(step.key);
  news_.moved = true;
  return true;
}

bool AppLane::Send(AppRun& app, Work& work, Verb verb, Flight flight) {
  auto request = decider_.MakeRequest(flight.step, verb);
  if (!request) {
    const object::ResourceKey& key = flight.key;
    return Refused(app, key,
                   {key.Text(), "kind_missing", "the cluster does not serve this kind any more",
                    "install its custom resource definition again"});
  }
  flight.verb = verb;
  flight.seq = world_.SeqOf(app.name);
  flight.step.merge.body = nullptr;
  work.state = Work::State::kBusy;
  work.read.reset();
  request->id = next_id_++;
  ++app.in_flight;
  busy_.insert(flight.key);
  flights_.emplace(request->id, std::move(flight));
  out_->Do(std::move(*request));
  return false;
}

// A namespace takes along whatever lives in it, and the watches show only what carries our mark.
void AppLane::Look(AppRun& app, Work& work, Flight flight) {
  flight.purpose = Purpose::kLook;
  work.state = Work::State::kBusy;
  const uint64_t id = next_id_++;
  out_->Do(LookInto{id, flight.key.name});
  ++app.in_flight;
  busy_.insert(flight.key);
  flights_.emplace(id, std::move(flight));
}

// Takes what `id` names out of the air. `app` is null when its run has gone meanwhile.
AppLane::Landed AppLane::Land(uint64_t id, const Event& event) {
  const auto found = flights_.find(id);
  if (found == flights_.end()) NoTransition("app", "nothing of that id in flight", event);
  Landed landed{std::move(found->second), nullptr};
  flights_.erase(found);
  busy_.erase(landed.flight.key);
  const auto run = runs_.find(landed.flight.app);
  if (run == runs_.end()) return landed;
  --run->second.in_flight;
  landed.app = &run->second;
  return landed;
}

void AppLane::OnLookedInto(const Event& event) {
  const LookedInto& looked = std::get<LookedInto>(event);
  const auto [flight, run] = Land(looked.id, event);
  if (run == nullptr) return;
  AppRun& app = *run;
  const auto work = app.work.find(flight.key);
  if (work == app.work.end() || work->second.state != Work::State::kBusy) return;
  if (!looked.failure && looked.found.empty()) {
    work->second.looked = true;
    work->second.state = Work::State::kOpen;
    return;
  }
  const std::string name = flight.key.Text();
  if (looked.failure) {
    Hold(app, flight.key,
         {name, "prune_held", "what lives there is not known: " + looked.failure->message,
          HintFor(*looked.failure)});
  } else {
    std::string text = "it would take along what is not of this app:";
    for (const object::ResourceKey& key : looked.found) text += " " + key.Text() + ",";
    text.back() = '.';
    Hold(app, flight.key,
         {name, "prune_held", std::move(text),
          "move or delete these and it goes by itself; to keep the namespace, annotate it with "
          "dunlin.dev/prune: disabled"});
  }
  app.work.erase(work);
}

// Not removed, though it was given up: looked at again in the slow loop. Nothing has failed.
void AppLane::Hold(AppRun& app, const object::ResourceKey& key, wire::Problem problem) {
  Trouble& trouble = TroubleOf(app, key);
  trouble.failed = false;
  trouble.unreachable = false;
  trouble.due = now_ + trouble.slow.Next(world_.jitter.Next());
  trouble.problem = std::move(problem);
  news_.moved = true;
}

void AppLane::Skipped(AppRun& app, const plan::Step& step, const object::Value* read) {
  const object::ResourceKey& key = step.key;
  app.troubles.erase(key);
  if (!step.merge.conflicts.empty()) {  // drift that the policy only reports
    app.drift.insert(key);
    news_.moved = true;
    return;
  }
  app.drift.erase(key);
  FoundRight(app, key);
  const Record* record = world_.inventory.Find(key);
  const bool known = record != nullptr && record->app == app.name &&
                     record->desired_hash == step.desired->hash && !record->last_applied.empty() &&
                     record->uid == step.uid;
  if (known) {
    world_.inventory.Observed(key, step.uid, step.new_resource_version);
    return;
  }
  std::optional<object::Value> cached;
  if (read == nullptr) {
    cached = world_.live.Full(key);
    if (!cached) return;
    read = &*cached;
  }
  const Status kept = world_.inventory.Applied(
      *step.desired, *read, decider_.SchemaOf(*step.desired), world_.SeqOf(app.name));
  if (!kept) world_.Raise("record_failed", kept.error().message, "");
}

// ---- what an answer means

void AppLane::OnAnswered(const Event& event) {
  const Answered& answered = std::get<Answered>(event);
  const auto [flight, run] = Land(answered.id, event);
  if (run == nullptr) return;
  AppRun& app = *run;
  if (world_.kept.contains(flight.app)) return;  // its records are dropped, this one, too
  WorkMap& map = flight.repair ? app.repairs : app.work;
  auto work = map.find(flight.key);
  // A newer run may have put the same object on its list: that one decides anew.
  if (work != map.end() && work->second.state != Work::State::kBusy) work = map.end();
  Work nobody;
  Work& target = work == map.end() ? nobody : work->second;
  for (const std::string& warning : answered.answer.warnings) {
    if (app.api_warnings.size() < static_cast<size_t>(limits::kReportErrors)) {
      app.api_warnings.insert(warning);
    }
  }
  bool done = false;
  if (!answered.answer.ok()) {
    Count(flight, "failed");
    const bool gone = Judge(flight.verb, *answered.answer.failure) == FailureAction::kDone;
    if (work != map.end() || gone) done = Failed(app, flight, *answered.answer.failure, target);
  } else if (flight.purpose == Purpose::kRead) {
    target.state = Work::State::kOpen;
    if (target.prune) {
      ReadAgain(app, flight.key, answered.answer.object);
    } else {
      target.read = answered.answer.object;
    }
  } else if (flight.purpose == Purpose::kHook || flight.purpose == Purpose::kClear) {
    Count(flight, "ok");
    window_.Succeeded(now_);
    done = HookAnswered(app, flight, answered.answer, target);
  } else {
    Count(flight, "ok");
    window_.Succeeded(now_);
    done = flight.purpose == Purpose::kPrune ? Removed(app, flight, false)
                                             : Wrote(app, flight, answered.answer);
  }
  if (done && work != map.end()) map.erase(work);
  if (flight.purpose == Purpose::kApply) LookAgain(app, flight.key);
}

// After a write: somebody else's change may have come in while it was on its way, or it was the
// write of a run that a newer statement has replaced.
void AppLane::LookAgain(AppRun& app, const object::ResourceKey& key) {
  const plan::LiveObject* live = world_.live.Find(key);
  const Record* record = world_.inventory.Find(key);
  const Wanted* wanted = desired_.Find(key);
  if (live == nullptr || record == nullptr || wanted == nullptr || wanted->app != app.name) return;
  if (app.work.contains(key) || app.troubles.contains(key)) return;
  if (record->desired_hash != wanted->hash || record->observed_rv != ResourceVersionOf(*live)) {
    app.repairs.try_emplace(key);
  }
}

void AppLane::Count(const Flight& flight, std::string_view result) {
  if (flight.verb == Verb::kGet) return;
  ++world_.counters.applies[{std::string(Name(flight.verb)), std::string(result)}];
}

bool AppLane::Wrote(AppRun& app, const Flight& flight, const ApiAnswer& answer) {
  const plan::Desired& desired = *flight.step.desired;
  if (!world_.live.IsOlder(flight.key, answer.object)) {
    world_.live.Put(flight.key, answer.object, now_);
  }
  const Status kept =
      world_.inventory.Applied(desired, answer.object, decider_.SchemaOf(desired), flight.seq);
  if (!kept) world_.Raise("record_failed", kept.error().message, "");
  if (!flight.repair) {
    ++(flight.verb == Verb::kCreate ? app.counts.created : app.counts.configured);
    app.changed = true;
  }
  if (!flight.step.merge.conflicts.empty()) ++app.conflicts;
  if (flight.drift) {
    ++app.drift_repaired;
    ++world_.counters.drift_repaired;
    SetBack(app, flight.key);
  }
  app.troubles.erase(flight.key);
  app.drift.erase(flight.key);
  news_.moved = true;
  return true;
}

bool AppLane::Removed(AppRun& app, const Flight& flight, bool gone) {
  app.changed = true;
  app.troubles.erase(flight.key);
  news_.moved = true;
  if (flight.step.action == plan::Action::kRelease) {
    ++app.counts.skipped;
    world_.inventory.Remove(flight.key);
    return true;
  }
  ++app.counts.deleted;
  app.untold.AddName(flight.key);
  const auto known = cluster_.ListOf(plan::GroupKind::Of(flight.key));
  const bool listed = known != ClusterLane::ListState::kWaiting;
  if (gone || (listed && world_.live.Find(flight.key) == nullptr)) {
    world_.inventory.Remove(flight.key);
  } else {
    app.going.insert(flight.key);  // its record goes when the watch says that it is gone
  }
  return true;
}

bool AppLane::Failed(AppRun& app, const Flight& flight, const ApiFailure& failure, Work& work) {
  const object::ResourceKey& key = flight.key;
  work.state = Work::State::kOpen;
  switch (Judge(flight.verb, failure)) {
    case FailureAction::kDone:
      if (flight.purpose == Purpose::kHook ||
          flight.purpose == Purpose::kClear) {  // somebody else deleted it
        world_.live.Remove(key);
        return false;
      }
      return Removed(app, flight, true);
    case FailureAction::kWait:
      WaitFor(app, flight, failure, work);
      return false;
    case FailureAction::kRetry:
      return TryLater(app, flight, failure, work);
    case FailureAction::kReread:
      if (flight.verb == Verb::kPatch) {
        ++app.conflicts;
        ++world_.counters.conflicts;
      }
      work.must_read = true;
      if (work.prune || ++work.rereads > kRereads) return TryLater(app, flight, failure, work);
      return false;
    case FailureAction::kRecreate:
      if (work.prune) return Removed(app, flight, true);
      world_.live.Remove(key);
      if (++work.rereads > kRereads) return TryLater(app, flight, failure, work);
      return false;
    case FailureAction::kJsonMerge:
      if (flight.step.desired && decider_.UseJsonMerge(*flight.step.desired)) return false;
      return Refused(app, key, ProblemOf(key, failure));
    case FailureAction::kFail:
      return Refused(app, key, ProblemOf(key, failure));
  }
  return true;
}

// Overloaded: the server's time, not ours, and it is not one of our tries.
void AppLane::WaitFor(AppRun& app, const Flight& flight, const ApiFailure& failure, Work& work) {
  if (failure.http == 429) window_.Overloaded(now_);
  work.state = Work::State::kLater;
  work.due = now_ + std::max(failure.retry_after, kShortestWait) +
             Millis(world_.jitter.Next() % kWaitSpread);
  Trouble& trouble = TroubleOf(app, flight.key);
  trouble.problem = ProblemOf(flight.key, failure);
  trouble.due = work.due;
}

bool AppLane::TryLater(AppRun& app, const Flight& flight, const ApiFailure& failure, Work& work) {
  const object::ResourceKey& key = flight.key;
  if (flight.verb == Verb::kCreate) ForgetNamespace(key, failure);
  Trouble& trouble = TroubleOf(app, key);
  trouble.problem = ProblemOf(key, failure);
  trouble.unreachable = failure.http == 0;
  trouble.kind_missing = failure.http == 404 && MissingNamespace(failure).empty();
  work.rereads = 0;
  if (!trouble.fast.InSlowLoop()) {
    work.state = Work::State::kLater;
    work.due = now_ + trouble.fast.Next(world_.jitter.Next());
    trouble.due = work.due;
    return false;
  }
  trouble.failed = true;
  trouble.due = now_ + trouble.slow.Next(world_.jitter.Next());
  ++app.counts.failed;
  news_.moved = true;
  return true;
}

// Trying again at once is useless: reported, and tried again in the slow loop.
bool AppLane::Refused(AppRun& app, const object::ResourceKey& key, wire::Problem problem) {
  Trouble& trouble = TroubleOf(app, key);
  trouble.failed = true;
  trouble.unreachable = false;
  trouble.due = now_ + trouble.slow.Next(world_.jitter.Next());
  world_.inventory.Failed(key, problem.message);
  trouble.problem = std::move(problem);
  ++app.counts.failed;
  news_.moved = true;
  return true;
}

// A namespace that was there without our doing is gone: it has to be made.
void AppLane::ForgetNamespace(const object::ResourceKey& key, const ApiFailure& failure) {
  const std::string name = MissingNamespace(failure);
  if (name.empty() || name != key.namespace_) return;
  const object::ResourceKey space{"", "Namespace", "", name};
  const Wanted* wanted = desired_.Find(space);
  if (wanted == nullptr || !wanted->implied || world_.live.Find(space) != nullptr) return;
  const auto run = runs_.find(wanted->app);
  if (run == runs_.end() || Busy(space)) return;
  world_.inventory.Remove(space);
  world_.inventory.Announce(space, wanted->app, wanted->api_version);
  run->second.repairs.try_emplace(space);
}

Trouble& AppLane::TroubleOf(AppRun& app, const object::ResourceKey& key) {
  const auto [found, is_new] = app.troubles.try_emplace(key);
  const AppRules* rules = desired_.Rules(app.name);
  if (is_new && rules != nullptr) {
    found->second.fast = Backoff({.fast_tries = rules->retry_limit,
                                  .first = Millis(std::max<int64_t>(1, rules->retry_backoff_ms))});
  }
  return found->second;
}

}  // namespace dunlin::sync
