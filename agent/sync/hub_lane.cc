#include "agent/sync/hub_lane.h"

#include <algorithm>

#include "agent/plan/keep.h"
#include "agent/sync/bundle_reader.h"
#include "protocol/base/limits.h"

namespace dunlin::sync {

namespace {

// An answer without news comes when the hold is over. One that comes sooner must not make a loop.
constexpr Millis kShortestHold{1000};
// The hub refused, or the disk is full: asking again at once gives the same answer.
constexpr Millis kRefusedPause{5000};
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
    {State::kPolling,        EventIndex<Tick>(),          &HubLane::Stay},
    {State::kLoadingBundles, EventIndex<BundlesLoaded>(), &HubLane::OnBundlesLoaded},
    {State::kLoadingBundles, EventIndex<FetchFailed>(),   &HubLane::Stay},
    {State::kLoadingBundles, EventIndex<BundleFetched>(), &HubLane::Stay},
    {State::kLoadingBundles, EventIndex<Tick>(),          &HubLane::Stay},
    {State::kFetching,       EventIndex<BundleFetched>(), &HubLane::OnFetched},
    {State::kFetching,       EventIndex<FetchFailed>(),   &HubLane::OnFetchFailed},
    {State::kFetching,       EventIndex<Tick>(),          &HubLane::Stay},
    {State::kStoring,        EventIndex<IntentStored>(),  &HubLane::OnStored},
    {State::kStoring,        EventIndex<IntentFailed>(),  &HubLane::OnStoreFailed},
    {State::kStoring,        EventIndex<FetchFailed>(),   &HubLane::Stay},
    {State::kStoring,        EventIndex<BundleFetched>(), &HubLane::Stay},
    {State::kStoring,        EventIndex<Tick>(),          &HubLane::Stay},
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
      if (!world_.bundles.contains(entry.bundle)) request.want.push_back(entry.bundle);
    }
  }
  request.facts.agent_version = world_.config.agent_version;
  if (world_.facts) {
    request.facts.kube_version = world_.facts->version;
    request.facts.api_versions = world_.facts->api_versions;
  }
  polled_at_ = now_;
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

HubLane::State HubLane::OnPollFailed(const Event& event) {
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
    next.statement = *world_.statement;
  } else {
    return Refuse("answer_refused", "the hub sent bundles without a statement that lists them");
  }
  next.verified = now_;
  candidate_ = std::move(next);
  return Assemble();
}

std::set<BundleDigest> HubLane::Needed() const {
  std::set<BundleDigest> needed;
  for (const auto& [app, entry] : candidate_->statement.apps) needed.insert(entry.bundle);
  return needed;
}

HubLane::State HubLane::OnBundlesLoaded(const Event& event) {
  for (const StoredBundle& bundle : std::get<BundlesLoaded>(event).bundles) {
    candidate_->pool[bundle.digest] = bundle;
  }
  return Assemble();
}

HubLane::State HubLane::OnFetched(const Event& event) {
  const wire::BundlePayload& payload = std::get<BundleFetched>(event).bundle;
  candidate_->fetching.erase(payload.digest);
  candidate_->payloads.push_back(payload);
  return candidate_->fetching.empty() ? Assemble() : State::kFetching;
}

HubLane::State HubLane::OnFetchFailed(const Event& event) {
  const FetchFailed& failed = std::get<FetchFailed>(event);
  return Refuse("bundle_missing",
                "bundle " + failed.digest.Hex() + " could not be fetched: " + failed.error.message);
}

// Everything that is needed is in memory, in the store, in the answer, or has to be fetched.
HubLane::State HubLane::Assemble() {
  Candidate& next = *candidate_;
  const std::set<BundleDigest> needed = Needed();
  std::set<BundleDigest> wanted = needed;
  for (const wire::BundlePayload& payload : next.payloads) {
    if (payload.from) wanted.insert(*payload.from);
  }
  std::vector<BundleDigest> load;
  for (const BundleDigest& digest : wanted) {
    if (next.pool.contains(digest)) continue;
    if (const auto held = world_.bundles.find(digest); held != world_.bundles.end()) {
      next.pool.insert(*held);
    } else if (!next.loaded &&
               std::find(world_.held.begin(), world_.held.end(), digest) != world_.held.end()) {
      load.push_back(digest);
    }
  }
  if (!load.empty()) {
    next.loaded = true;
    out_->Do(LoadBundles{std::move(load)});
    return State::kLoadingBundles;
  }
  std::string damage;
  for (const wire::BundlePayload& payload : next.payloads) {
    if (!needed.contains(payload.digest) || next.pool.contains(payload.digest)) continue;
    auto accepted = AcceptBundle(payload, next.pool);
    if (accepted) {
      next.pool[payload.digest] = std::move(*accepted);
    } else {
      damage = accepted.error().message;
    }
  }
  next.payloads.clear();
  for (const BundleDigest& digest : needed) {
    if (next.pool.contains(digest)) continue;
    if (!next.fetched.insert(digest).second) return Refuse("bundle_refused", damage);
    next.fetching.insert(digest);
    out_->Do(FetchBundle{digest, std::nullopt});
  }
  if (!next.fetching.empty()) return State::kFetching;
  if (auto checked = CheckBundles(); !checked) {
    return Refuse("bundle_refused", checked.error().message);
  }
  StoreIntent intent;
  intent.trusted = next.trusted;
  intent.keep_on_removal = next.keep_on_removal;
  for (const auto& [app, keys] : Forgotten(next.statement)) {
    intent.forget.insert(intent.forget.end(), keys.begin(), keys.end());
  }
  for (const auto& [app, entry] : next.statement.apps) {
    intent.current[app.str()] = entry.bundle;
    if (IsNews(app, entry)) {
      intent.announced.push_back({app.str(), next.statement.seq, entry.bundle});
    }
    if (std::find(world_.held.begin(), world_.held.end(), entry.bundle) == world_.held.end()) {
      intent.bundles.push_back(next.pool.at(entry.bundle));
    }
  }
  next.announced = intent.announced;
  out_->Do(std::move(intent));
  return State::kStoring;
}

bool HubLane::IsNews(const AppName& app, const trust::StatementApp& entry) const {
  if (!world_.statement) return true;
  const auto before = world_.statement->apps.find(app);
  return before == world_.statement->apps.end() || before->second.bundle != entry.bundle;
}

// What `next` makes us forget: the records of apps that it does not name, when it says `keep`. The
// one before it counts, too: what was in flight when it came may have been recorded since.
std::map<std::string, std::vector<object::ResourceKey>> HubLane::Forgotten(
    const trust::Statement& next) const {
  std::map<std::string, std::vector<object::ResourceKey>> out;
  const trust::Statement* before = world_.statement ? &*world_.statement : nullptr;
  for (const trust::Statement* statement : {&next, before}) {
    if (statement == nullptr || !statement->keep) continue;
    std::set<std::string> named;
    for (const auto& [app, entry] : statement->apps) named.insert(app.str());
    out.merge(plan::UnnamedRecords(named, world_.inventory.view()));
  }
  return out;
}

void HubLane::Forget(const trust::Statement& next) {
  for (const auto& [app, keys] : Forgotten(next)) {
    for (const object::ResourceKey& key : keys) world_.inventory.Remove(key);
    world_.kept.insert(app);
  }
  std::erase_if(world_.kept,
                [&](const std::string& app) { return next.apps.contains(AppName(app)); });
  std::string names;
  for (const std::string& app : world_.kept) names += (names.empty() ? "" : ", ") + app;
  if (names.empty()) return world_.Clear("app_kept");
  world_.Raise(
      "app_kept",
      "the hub, on an older copy of its database, does not know what runs here as app " + names +
          ": its objects stay and are no longer managed",
      "apply the App again (dunlin apply -f) and it takes its objects over; delete by hand "
      "what is not wanted any more");
}

// Step 12: every object of every bundle that is new to us; one failure refuses the whole statement.
Status HubLane::CheckBundles() {
  std::set<std::string>& keep = candidate_->keep_on_removal;
  keep = world_.keep_on_removal;
  const std::set<std::string> recorded = world_.inventory.Apps();
  std::erase_if(keep, [&](const std::string& app) {
    return !candidate_->statement.apps.contains(AppName(app)) && !recorded.contains(app);
  });
  for (const auto& [app, entry] : candidate_->statement.apps) {
    if (!entry.prune) keep.insert(app.str());
    if (world_.bundles.contains(entry.bundle)) continue;
    const StoredBundle& stored = candidate_->pool.at(entry.bundle);
    TRY(const bundle::Bundle bundle, OpenBundle(stored));
    TRY_VOID(CheckAgainstStatement(bundle, stored.raw_bytes, app.str(), entry));
    if (RulesOf(bundle, entry).keep_on_removal) {
      keep.insert(app.str());
    } else {
      keep.erase(app.str());
    }
  }
  return {};
}

HubLane::State HubLane::OnStored(const Event&) {
  Candidate& next = *candidate_;
  const bool moved = !world_.statement || !(*world_.statement == next.statement);
  const bool repaired = !world_.StatementComplete();
  Forget(next.statement);
  world_.trusted = std::move(next.trusted);
  world_.keep_on_removal = std::move(next.keep_on_removal);
  world_.statement = std::move(next.statement);
  BundlePool kept;
  for (const auto& [app, entry] : world_.statement->apps) {
    kept.insert(*next.pool.find(entry.bundle));
    auto known = std::find(world_.held.begin(), world_.held.end(), entry.bundle);
    if (known == world_.held.end()) world_.held.insert(world_.held.begin(), entry.bundle);
  }
  world_.inventory.Announced(next.announced);
  for (const Announcement& one : world_.inventory.announced()) {
    if (const auto old = world_.bundles.find(one.bundle); old != world_.bundles.end()) {
      kept.insert(*old);
    }
  }
  world_.bundles = std::move(kept);
  if (moved) {
    world_.received = next.received;
    world_.verified = next.verified;
  }
  if (world_.held.size() > limits::kHeldBundles) world_.held.resize(limits::kHeldBundles);
  if (!world_.reset_reason.empty()) {
    if (world_.reset_seq == 0) world_.reset_seq = world_.statement->seq;
    if (world_.statement->seq > world_.reset_seq) world_.Clear("state_reset");
  }
  candidate_.reset();
  whole_statement_ = false;
  refusals_.insert({"state_corrupt", "state_full"});
  for (const std::string& code : refusals_) world_.Clear(code);
  refusals_.clear();
  accepted_ = moved || repaired;
  backoff_.Reset();
  return StartPoll();  // before anything is applied: the agent is never deaf
}

HubLane::State HubLane::OnStoreFailed(const Event& event) {
  candidate_.reset();
  world_.Raise("state_full",
               "the new state could not be stored: " + std::get<IntentFailed>(event).error.message,
               "free space in the agent's state directory; nothing of it was applied");
  return Wait(kRefusedPause);
}

}  // namespace dunlin::sync
