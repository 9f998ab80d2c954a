// Polling, judging and storing what the hub says. Only what passed every check of the trust module,
// with every bundle that could be had decoded and counted, becomes World::statement; until then,
// and after every refusal, the cluster keeps the last good one.
//
// A bundle that is wrong refuses the statement. One that cannot be fetched holds back its app only
// (World::behind), and is asked for again with back-off beside the held poll.
#pragma once

#include <set>
#include <string_view>

#include "agent/sync/world.h"
#include "protocol/base/backoff.h"

namespace dunlin::sync {

class HubLane {
 public:
  enum class State { kStart, kLoading, kPolling, kLoadingBundles, kFetching, kStoring, kWaiting };

  explicit HubLane(World& world) : world_(world) {}

  static bool Takes(const Event& event);
  // True when World::statement (or one of its bundles) is new: apps have to be planned.
  bool Resume(const Event& event, TimePoint now, Out& out);
  State state() const { return state_; }
  bool connected() const { return connected_; }
  std::optional<TimePoint> Wake() const;

 private:
  // What would become the new state.
  struct Candidate {
    trust::TrustedState trusted;
    trust::Statement statement;
    std::vector<wire::BundlePayload> payloads;  // as they came
    BundlePool pool;                            // accepted or loaded
    std::set<BundleDigest> fetching;
    std::set<BundleDigest> fetched;  // asked for once: one that is wrong then refuses the candidate
    std::map<BundleDigest, std::string> missing;  // could not be fetched, and why
    trust::Statement in_force;                    // World::statement, to be
    std::map<AppName, Behind> behind;             // World::behind, to be
    bool loaded = false;
    std::set<std::string> keep_on_removal;  // StoreIntent's
    std::vector<Announcement> announced;    // the same
    TimePoint received{};
    TimePoint verified{};
  };

  // The hub refused, or the disk is full: asking again at once gives the same answer.
  static constexpr Millis kRefusedPause{5000};

  struct Row;
  static const Row kTable[];

  State OnStarted(const Event& event);
  State OnLoaded(const Event& event);
  State OnLoadFailed(const Event& event);
  State OnAnswer(const Event& event);
  State OnPollFailed(const Event& event);
  State OnBundlesLoaded(const Event& event);
  State OnFetched(const Event& event);
  State OnFetchFailed(const Event& event);
  State OnStored(const Event& event);
  State OnStoreFailed(const Event& event);
  State OnTick(const Event& event);
  State OnPollingTick(const Event& event);
  State KeepAnswer(const Event& event);
  State Stay(const Event& event);

  State StartPoll();
  State Wait(Millis at_least);
  State Judge(PollContent content);
  State Assemble();
  State AskAgain();
  State Drop();
  State Store();
  void HoldBack();
  const trust::StatementApp* EntryInForce(const AppName& app) const;
  void LoadBehind(std::vector<HeldBack> held, trust::Statement& statement);
  void TellBehind();
  trust::Statement Signed() const;
  State Refuse(std::string code, std::string message, std::string hint = {});
  Status CheckBundles();
  bool IsNews(const AppName& app, const trust::StatementApp& entry) const;
  bool BringsBundles() const;
  bool SameAsNow() const;
  std::set<BundleDigest> Needed() const;
  std::map<std::string, std::vector<object::ResourceKey>> Forgotten(
      const trust::Statement& next) const;
  void Forget(const trust::Statement& next);

  World& world_;
  State state_ = State::kStart;
  Backoff backoff_;
  TimePoint wake_{};
  TimePoint polled_at_{};
  bool connected_ = false;
  std::optional<TimePoint> away_since_;  // of the first poll without an answer
  bool whole_statement_ = false;         // the last change of a statement did not fit
  bool poll_open_ = false;               // the hub holds one
  bool wanted_bundles_ = false;          // and it named lost bundles
  std::optional<Event> early_;           // its end, which came while something else was under way
  // For the bundles of World::behind: one small request, and nobody says when they are there.
  Backoff again_{{.slow_cap = Millis(10'000)}};
  TimePoint ask_again_{};
  std::set<std::string> refusals_;  // codes raised since the last acceptance
  std::optional<Candidate> candidate_;

  // Of the current Resume.
  TimePoint now_{};
  Out* out_ = nullptr;
  bool accepted_ = false;
};

std::string_view Name(HubLane::State state);

}  // namespace dunlin::sync
