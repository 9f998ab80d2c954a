#include "agent/sync/hub_lane.h"

#include <algorithm>
#include <utility>

#include "protocol/base/limits.h"

namespace dunlin::sync {

namespace {

// An answer without news comes when the hold is over. One that comes sooner must not make a loop.
constexpr Millis kShortestHold{1000};
// A hub that is away for so long may have another address.
constexpr Millis kMovedAfter{10 * 60 * 1000};

std::string_view HintFor(trust::Refusal reason) {
  using trust::Refusal;
  switch (reason) {
    case Refusal::kStaleHead:
      return "the hub's answer is older than its life: check the hub and both clocks; the cluster "
             "keeps the last accepted state";
    case Refusal::kHeadFromFuture:
      return "the clock of this machine is behind, or the hub's is ahead: set it; the cluster "
             "keeps "
             "the last accepted state";
    case Refusal::kHeadRollback:
    case Refusal::kSequenceRollback:
      return "the hub offers an older state than this cluster has: was it restored from a backup? "
             "It raises its numbers after the next report";
    case Refusal::kEquivocation:
      return "the hub signed two different states under one number: treat its key as stolen until "
             "this is explained";
    case Refusal::kOtherCluster:
    case Refusal::kOtherKube:
      return "the state is for another cluster: was this machine or its state directory copied? "
             "Enrol this agent anew";
    case Refusal::kHeadSignature:
    case Refusal::kRootSignature:
    case Refusal::kProof:
      return "the state was changed on its way, or the hub uses a key that its root document does "
             "not name; nothing of it was applied";
    default:
      return "nothing of it was applied; the cluster keeps the last accepted state";
  }
}

}  // namespace

struct HubLane::Row {
  State from;
  size_t on;
  State (HubLane::*act)(const Event&);
};

// clang-format off
const HubLane::Row HubLane::kTable[] = {
    {State::kStart,          EventIndex<Started>(),       &HubLane::OnStarted},
    {State::kLoading,        EventIndex<StateLoaded>(),   &HubLane::OnLoaded},
    {State::kLoading,        EventIndex<StateFailed>(),   &HubLane::OnLoadFailed},
    {State::kLoading,        EventIndex<Tick>(),          &HubLane::Stay},
    {State::kPolling,        EventIndex<PollAnswered>(),  &HubLane::OnAnswer},
    {State::kPolling,        EventIndex<PollFailed>(),    &HubLane::OnPollFailed},
    {State::kPolling,        EventIndex<FetchFailed>(),   &HubLane::Stay},  // late: its candidate was refused
    {State::kPolling,        EventIndex<BundleFetched>(), &HubLane::Stay},
    {State::kPolling,        EventIndex<Tick>(),          &HubLane::OnPollingTick},
    {State::kLoadingBundles, EventIndex<PollAnswered>(),  &HubLane::KeepAnswer},
    {State::kLoadingBundles, EventIndex<PollFailed>(),    &HubLane::KeepAnswer},
    {State::kLoadingBundles, EventIndex<BundlesLoaded>(), &HubLane::OnBundlesLoaded},
    {State::kLoadingBundles, EventIndex<FetchFailed>(),   &HubLane::Stay},
    {State::kLoadingBundles, EventIndex<BundleFetched>(), &HubLane::Stay},
    {State::kLoadingBundles, EventIndex<Tick>(),          &HubLane::Stay},
    {State::kFetching,       EventIndex<PollAnswered>(),  &HubLane::KeepAnswer},
    {State::kFetching,       EventIndex<PollFailed>(),    &HubLane::KeepAnswer},
    {State::kFetching,       EventIndex<BundleFetched>(), &HubLane::OnFetched},
    {State::kFetching,       EventIndex<FetchFailed>(),   &HubLane::OnFetchFailed},
    {State::kFetching,       EventIndex<Tick>(),          &HubLane::Stay},
    {State::kStoring,        EventIndex<PollAnswered>(),  &HubLane::KeepAnswer},
    {State::kStoring,        EventIndex<PollFailed>(),    &HubLane::KeepAnswer},
    {State::kStoring,        EventIndex<IntentStored>(),  &HubLane::OnStored},
    {State::kStoring,        EventIndex<IntentFailed>(),  &HubLane::OnStoreFailed},
    {State::kStoring,        EventIndex<FetchFailed>(),   &HubLane::Stay},
    {State::kStoring,        EventIndex<BundleFetched>(), &HubLane::Stay},
    {State::kStoring,        EventIndex<Tick>(),          &HubLane::Stay},
    {State::kWaiting,        EventIndex<PollAnswered>(),  &HubLane::KeepAnswer},
    {State::kWaiting,        EventIndex<PollFailed>(),    &HubLane::KeepAnswer},
    {State::kWaiting,        EventIndex<Tick>(),          &HubLane::OnTick},
    {State::kWaiting,        EventIndex<FetchFailed>(),   &HubLane::Stay},
    {State::kWaiting,        EventIndex<BundleFetched>(), &HubLane::Stay},
};
// clang-format on

std::string_view Name(HubLane::State state) {
  switch (state) {
    case HubLane::State::kStart:
      return "start";
    case HubLane::State::kLoading:
      return "loading";
    case HubLane::State::kPolling:
      return "polling";
    case HubLane::State::kLoadingBundles:
      return "loading_bundles";
    case HubLane::State::kFetching:
      return "fetching";
    case HubLane::State::kStoring:
      return "storing";
    case HubLane::State::kWaiting:
      return "waiting";
  }
  return "start";
}

bool HubLane::Takes(const Event& event) {
  for (const Row& row : kTable) {
    if (row.on == event.index()) return true;
  }
  return false;
}

bool HubLane::Resume(const Event& event, TimePoint now, Out& out) {
  now_ = now;
  out_ = &out;
  accepted_ = false;
  const Row* found = nullptr;
  for (const Row& row : kTable) {
    if (row.from == state_ && row.on == event.index()) found = &row;
  }
  // A tick belongs to whoever asked for it; before the start nobody has.
  if (found == nullptr && state_ == State::kStart && std::holds_alternative<Tick>(event)) {
    return false;
  }
  if (found == nullptr) NoTransition("hub", Name(state_), event);
  state_ = (this->*found->act)(event);
  out_ = nullptr;
  return accepted_;
}

std::optional<TimePoint> HubLane::Wake() const {
  if (state_ == State::kWaiting) return wake_;
  if (state_ == State::kPolling && !world_.behind.empty()) return ask_again_;
  return std::nullopt;
}

HubLane::State HubLane::Stay(const Event&) { return state_; }

HubLane::State HubLane::OnStarted(const Event&) {
  out_->Do(LoadState{});
  return State::kLoading;
}

HubLane::State HubLane::OnLoaded(const Event& event) {
  LoadedState state = std::get<StateLoaded>(event).state;
  world_.identity = std::move(state.identity);
  world_.trusted = std::move(state.trusted);
  world_.trusted.max_head_life = world_.config.max_head_life;
  if (world_.trusted.kube_uid.empty()) world_.trusted.kube_uid = world_.identity.kube_uid;
  world_.held = std::move(state.held);
  world_.reset_reason = std::move(state.reset_reason);
  for (StoredBundle& bundle : state.bundles) world_.bundles[bundle.digest] = std::move(bundle);
  world_.inventory.Load(std::move(state.records), std::move(state.announced));
  world_.hooks.Load(state.hook_runs);
  world_.keep_on_removal = std::move(state.keep_on_removal);
  if (!world_.reset_reason.empty()) {
    world_.Raise("state_reset",
                 "the agent's database was lost and begun again: " + world_.reset_reason,
                 "nothing is pruned until a newer state than the first one after the loss; remove "
                 "by hand what was deleted from Git meanwhile");
  }
  if (!world_.trusted.statement_raw.empty()) {
    auto statement = trust::Statement::Parse(world_.trusted.statement_raw);
    if (statement) {
      // A database of an older version does not say it.
      for (const auto& [app, entry] : statement->apps) {
        if (!entry.prune) world_.keep_on_removal.insert(app.str());
      }
      Forget(*statement);
      LoadBehind(std::move(state.behind), *statement);
      world_.statement = std::move(*statement);
      accepted_ = true;
    } else {
      world_.Raise("state_corrupt", "the stored statement is damaged: " + statement.error().message,
                   "the agent asks the hub for it again");
      world_.trusted.seq = 0;
      world_.trusted.statement_raw.clear();
      world_.trusted.statement_digest = {};
    }
  }
  return StartPoll();
}

HubLane::State HubLane::OnLoadFailed(const Event& event) {
  out_->Fatal(std::get<StateFailed>(event).error);
  return State::kLoading;
}

HubLane::State HubLane::StartPoll() {
  if (early_) {
    const Event ended = std::move(*std::exchange(early_, std::nullopt));
    return std::holds_alternative<PollAnswered>(ended) ? OnAnswer(ended) : OnPollFailed(ended);
  }
  if (poll_open_) return State::kPolling;  // what it said that we have is still true
  wire::PollRequest request;
  request.have.epoch = world_.trusted.epoch;
  request.have.number = world_.trusted.number;
  request.have.head = world_.trusted.head_digest;
  request.have.seq = world_.trusted.seq;
  // Without a digest the hub sends the whole statement instead of a change.
  if (!whole_statement_) request.have.statement = world_.trusted.statement_digest;
  request.bundles.assign(world_.held.begin(),
                         world_.held.begin() + static_cast<ptrdiff_t>(std::min(
                                                   world_.held.size(), limits::kNamedBundles)));
  if (world_.statement) {
    for (const auto& [app, entry] : world_.statement->apps) {
      // Naming one makes the hub answer at once, so one that it does not have is asked for beside
      // the poll instead.
      if (world_.behind.contains(app) || world_.bundles.contains(entry.bundle)) continue;
      request.want.push_back(entry.bundle);
    }
  }
  request.facts.agent_version = world_.config.agent_version;
  if (world_.facts) {
    request.facts.kube_version = world_.facts->version;
    request.facts.api_versions = world_.facts->api_versions;
  }
  polled_at_ = now_;
  poll_open_ = true;
  wanted_bundles_ = !request.want.empty();
  out_->Do(Poll{std::move(request)});
  return State::kPolling;
}

HubLane::State HubLane::Wait(Millis at_least) {
  wake_ = now_ + std::max(at_least, backoff_.NextFullJitter(world_.jitter.Next()));
  return State::kWaiting;
}

HubLane::State HubLane::OnTick(const Event&) {
  if (now_ < wake_) return State::kWaiting;
  return StartPoll();
}

HubLane::State HubLane::KeepAnswer(const Event& event) {
  if (!poll_open_ || early_) NoTransition("hub", Name(state_), event);
  early_ = event;
  return state_;
}

HubLane::State HubLane::OnPollingTick(const Event&) {
  return world_.behind.empty() || now_ < ask_again_ ? State::kPolling : AskAgain();
}

HubLane::State HubLane::OnPollFailed(const Event& event) {
  poll_open_ = false;
  const Error& error = std::get<PollFailed>(event).error;
  connected_ = false;
  std::string hint = "the cluster keeps enforcing the last accepted state meanwhile";
  if (error.code == Errc::kUnauthenticated || error.code == Errc::kPermission ||
      error.code == Errc::kSignature) {
    hint =
        "the hub refuses this agent, or is not the hub it was enrolled with: see `dunlin "
        "cluster list` on the hub; " +
        hint;
  }
  if (!away_since_) away_since_ = now_;
  if (now_ - *away_since_ >= kMovedAfter) {
    hint += "; if the hub has moved, tell the agent: dunlin-agent set-hub https://HOST:8443";
  }
  world_.Raise("hub_unreachable", "no answer from the hub: " + error.message, std::move(hint));
  return Wait(Millis(0));
}

HubLane::State HubLane::OnAnswer(const Event& event) {
  poll_open_ = false;
  connected_ = true;
  away_since_.reset();
  world_.Clear("hub_unreachable");
  auto content =
      ParsePollAnswer(std::get<PollAnswered>(event).answer, world_.trusted.statement_raw);
  if (!content && !whole_statement_ && content.error().code == Errc::kNotFound) {
    whole_statement_ = true;
    return StartPoll();
  }
  if (!content) return Refuse("answer_refused", content.error().message);
  if (content->empty() && wanted_bundles_) return AskAgain();
  if (content->empty()) {
    if (now_ - polled_at_ >= kShortestHold) {
      backoff_.Reset();
      return StartPoll();
    }
    return Wait(kShortestHold);
  }
  return Judge(std::move(*content));
}

HubLane::State HubLane::Refuse(std::string code, std::string message, std::string hint) {
  candidate_.reset();
  if (!world_.behind.empty()) ask_again_ = now_ + again_.Next(world_.jitter.Next());
  whole_statement_ = true;  // whatever was wrong, it was not wrong with a change of our own bytes
  if (hint.empty()) hint = "nothing of it was applied; the cluster keeps the last accepted state";
  refusals_.insert(code);
  world_.Raise(std::move(code), std::move(message), std::move(hint));
  return Wait(kRefusedPause);
}

HubLane::State HubLane::Judge(PollContent content) {
  Candidate next;
  next.received = now_;
  next.payloads = std::move(content.bundles);
  if (content.has_head) {
    trust::Verdict verdict = trust::Verify(world_.trusted, content.offer, now_);
    if (!verdict) {
      const trust::Rejection& rejection = verdict.error();
      return Refuse(std::string(trust::Name(rejection.reason)), rejection.error.message,
                    std::string(HintFor(rejection.reason)));
    }
    if (verdict->unchanged && world_.StatementComplete()) return Wait(kShortestHold);
    next.trusted = std::move(verdict->state);
    next.statement = std::move(verdict->statement);
  } else if (world_.statement) {  // bundles that we had lost
    next.trusted = world_.trusted;
    next.statement = Signed();
  } else {
    return Refuse("answer_refused", "the hub sent bundles without a statement that lists them");
  }
  next.verified = now_;
  candidate_ = std::move(next);
  return Assemble();
}

}  // namespace dunlin::sync
