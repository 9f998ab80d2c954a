// The hub lane's second half: from a verified offer to the state in force.
#include <algorithm>
#include <utility>

#include "agent/plan/keep.h"
#include "agent/sync/bundle_reader.h"
#include "agent/sync/hub_lane.h"
#include "protocol/base/check.h"
#include "protocol/base/limits.h"

namespace dunlin::sync {

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
  candidate_->fetching.erase(failed.digest);
  candidate_->missing[failed.digest] = failed.error.message;
  return candidate_->fetching.empty() ? Assemble() : State::kFetching;
}

// The accepted statement, as it was signed.
trust::Statement HubLane::Signed() const {
  auto statement = trust::Statement::Parse(world_.trusted.statement_raw);
  CHECK(statement.has_value());  // it was parsed when it was accepted or loaded
  return std::move(*statement);
}

// For the bundles that an accepted statement lists and that are not here.
HubLane::State HubLane::AskAgain() {
  Candidate again;
  again.trusted = world_.trusted;
  again.statement = Signed();
  again.received = again.verified = now_;
  candidate_ = std::move(again);
  return Assemble();
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
    if (next.pool.contains(digest) || next.missing.contains(digest)) continue;
    if (!next.fetched.insert(digest).second) return Refuse("bundle_refused", damage);
    next.fetching.insert(digest);
    out_->Do(FetchBundle{digest, std::nullopt});
  }
  if (!next.fetching.empty()) return State::kFetching;
  if (auto checked = CheckBundles(); !checked) {
    return Refuse("bundle_refused", checked.error().message);
  }
  HoldBack();
  return SameAsNow() ? Drop() : Store();
}

const trust::StatementApp* HubLane::EntryInForce(const AppName& app) const {
  if (!world_.statement) return nullptr;
  const auto entry = world_.statement->apps.find(app);
  return entry == world_.statement->apps.end() ? nullptr : &entry->second;
}

// Apps whose bundle could not be had keep what is in force of them.
void HubLane::HoldBack() {
  Candidate& next = *candidate_;
  next.in_force = next.statement;
  for (auto& [app, entry] : next.in_force.apps) {
    const auto missing = next.missing.find(entry.bundle);
    if (missing == next.missing.end()) continue;
    Behind behind{0, false, missing->second};
    const auto behind_now = world_.behind.find(app);
    const bool ran = behind_now == world_.behind.end() || behind_now->second.runs;
    if (const trust::StatementApp* before = EntryInForce(app);
        ran && before != nullptr && before->bundle != entry.bundle) {
      behind.runs = true;
      behind.seq = world_.SeqOf(app.str());
      entry = *before;
      entry.allow_mass_prune = false;  // it held for its own statement only
      if (const auto held = world_.bundles.find(entry.bundle); held != world_.bundles.end()) {
        next.pool.insert(*held);
      }
    }
    next.behind[app] = std::move(behind);
  }
}

// A bundle of what is to be in force was not here before.
bool HubLane::BringsBundles() const {
  const auto& apps = candidate_->in_force.apps;
  return std::any_of(apps.begin(), apps.end(), [&](const auto& item) {
    const BundleDigest& bundle = item.second.bundle;
    return candidate_->pool.contains(bundle) && !world_.bundles.contains(bundle);
  });
}

// What was asked for again is still not to be had.
bool HubLane::SameAsNow() const {
  const Candidate& next = *candidate_;
  if (!world_.statement || next.trusted.head_digest != world_.trusted.head_digest) return false;
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  return next.in_force == *world_.statement && !BringsBundles() &&
         std::equal(next.behind.begin(), next.behind.end(), world_.behind.begin(),
                    world_.behind.end(), same);
}

HubLane::State HubLane::Drop() {
  world_.behind = std::move(candidate_->behind);
  candidate_.reset();
  for (const std::string& code : refusals_) world_.Clear(code);
  refusals_.clear();
  TellBehind();
  return StartPoll();
}

HubLane::State HubLane::Store() {
  Candidate& next = *candidate_;
  StoreIntent intent;
  intent.trusted = next.trusted;
  intent.keep_on_removal = next.keep_on_removal;
  for (const auto& [app, keys] : Forgotten(next.statement)) {
    intent.forget.insert(intent.forget.end(), keys.begin(), keys.end());
  }
  for (const auto& [app, entry] : next.in_force.apps) {
    intent.current[app.str()] = entry.bundle;
    if (const auto behind = next.behind.find(app); behind != next.behind.end()) {
      if (behind->second.runs) intent.behind.push_back({app.str(), behind->second.seq, entry});
      continue;
    }
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

// Its documents may be sent now for the first time, as far as the records say.
bool HubLane::IsNews(const AppName& app, const trust::StatementApp& entry) const {
  const trust::StatementApp* before = EntryInForce(app);
  return before == nullptr || before->bundle != entry.bundle || world_.behind.contains(app);
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

// Step 12: every object of every bundle that is here and new to us; one failure refuses the whole
// statement.
Status HubLane::CheckBundles() {
  std::set<std::string>& keep = candidate_->keep_on_removal;
  keep = world_.keep_on_removal;
  const std::set<std::string> recorded = world_.inventory.Apps();
  std::erase_if(keep, [&](const std::string& app) {
    return !candidate_->statement.apps.contains(AppName(app)) && !recorded.contains(app);
  });
  for (const auto& [app, entry] : candidate_->statement.apps) {
    if (!entry.prune) keep.insert(app.str());
    const auto known = world_.bundles.find(entry.bundle);
    // What an app runs has been looked at; one that was behind may have left its mark in `keep`.
    if (known != world_.bundles.end() && !world_.behind.contains(app)) continue;
    if (candidate_->missing.contains(entry.bundle)) continue;  // its last policy stays
    const StoredBundle& stored =
        known != world_.bundles.end() ? known->second : candidate_->pool.at(entry.bundle);
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
  const bool moved = !world_.statement || !(*world_.statement == next.in_force);
  const bool repaired = BringsBundles();
  const bool told = moved || world_.behind.size() != next.behind.size();
  Forget(next.statement);
  world_.trusted = std::move(next.trusted);
  world_.keep_on_removal = std::move(next.keep_on_removal);
  world_.statement = std::move(next.in_force);
  world_.behind = std::move(next.behind);
  if (told) again_.Reset();
  BundlePool kept;
  for (const auto& [app, entry] : world_.statement->apps) {
    const auto here = next.pool.find(entry.bundle);
    if (here == next.pool.end()) continue;
    kept.insert(*here);
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
  TellBehind();
  accepted_ = moved || repaired;
  backoff_.Reset();
  return StartPoll();  // before anything is applied: the agent is never deaf
}

// After a restart. An app without a row runs what the statement lists, or nothing.
void HubLane::LoadBehind(std::vector<HeldBack> held, trust::Statement& statement) {
  for (HeldBack& one : held) {
    const auto entry = statement.apps.find(AppName(one.app));
    if (entry == statement.apps.end() || world_.bundles.contains(entry->second.bundle)) continue;
    world_.behind[entry->first] = {one.seq, true, "it was not there before the agent's restart"};
    entry->second = std::move(one.entry);
  }
  TellBehind();
  ask_again_ = now_;
}

// For the agent's log and `dunlin cluster list`; each target says it, too.
void HubLane::TellBehind() {
  if (world_.behind.empty()) return world_.Clear(kBundleUnavailable);
  ask_again_ = now_ + again_.Next(world_.jitter.Next());
  std::string names;
  for (const auto& [app, behind] : world_.behind) names += (names.empty() ? "" : ", ") + app.str();
  world_.Raise(
      kBundleUnavailable,
      "the newest bundle of app " + names +
          " cannot be fetched: " + world_.behind.begin()->second.why,
      "the hub renders it again once its sources answer (`dunlin source list`); nothing is "
      "removed from the cluster meanwhile, all other changes go on");
}

HubLane::State HubLane::OnStoreFailed(const Event& event) {
  candidate_.reset();
  world_.Raise("state_full",
               "the new state could not be stored: " + std::get<IntentFailed>(event).error.message,
               "free space in the agent's state directory; nothing of it was applied");
  return Wait(kRefusedPause);
}

}  // namespace dunlin::sync
